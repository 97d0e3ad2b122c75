"""Sentence-transformers models: the reference for all vectors, and the fastest way to encode many passages."""

import copy
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from bot.encoder.encoder import Matrix, OnBatch
from bot.encoder.encoder_input import EncoderInput, TextVectors, pool
from bot.encoder.model import add_adapter, find_model, read_projection
from bot.errors import ModelError, requires
from bot.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch.nn import Module

_BATCH_TOKENS = 4096
"""Number of tokens in a batch, padding included; the fastest between 1,000 and 16,000 on a CPU."""
_MAX_TEXTS, _TEXTS_MULTIPLE, _TOKENS_MULTIPLE = 256, 8, 16
"""Maximum number of texts in a batch; the multiples that texts per batch and tokens per text are rounded to."""
_MIN_COSINE = 0.999
"""Minimum cosine between the bfloat16 and the float32 vector of a text; the default model reaches 0.9999."""
_LOADED_IN = os.getpid()  # the process that loaded this module
_SAMPLES = 8  # number of texts on which bfloat16 is compared with float32


class SentenceEncoder:
    """A sentence-transformers model; its prompts, pooling, length limit and dimension come from its files.

    Runs on a GPU if there is one. Encodes passages in bfloat16 if the processor supports it (AMX or AVX-512) and the
    vectors stay the same. Raises `ModelError` if the model cannot be loaded, `MissingExtra` if sentence-transformers is
    not installed.
    """

    def __init__(self, name: str = DEFAULT_MODEL) -> None:
        self.name = name
        self.model = _load(name)
        self.dimension = int(self.model.get_embedding_dimension() or 0)
        self.projection = read_projection(name)
        prompt_tokens = len(self.token_starts([self.model.prompts.get("document") or ""])[0])
        self.max_tokens = self.length_limit - self.model.tokenizer.num_special_tokens_to_add() - prompt_tokens
        self._is_bfloat16_faithful: bool | None = None
        """Whether bfloat16 gives the same vectors; None until tried."""

    @property
    def length_limit(self) -> int:
        """Maximum number of tokens that the model reads, special tokens and the prompt included."""
        # A model without a limit gets one as well, so that passages stay readable.
        return min(int(self.model.max_seq_length or 512), 8192)

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        if not texts:
            return []
        options = {"add_special_tokens": False, "truncation": False, "verbose": False, "return_offsets_mapping": True}
        found = self.model.tokenizer(list(texts), **options)
        return [[start for start, _ in spans] for spans in found["offset_mapping"]]

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        lengths = [min(len(starts), self.max_tokens) + 1 for starts in self.token_starts(texts)]
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows in _batches(range(len(texts)), lengths):
            vectors[rows] = _encode(self._passage_model(texts), [texts[n] for n in rows])
        return vectors

    @property
    def pools(self) -> bool:
        """Whether a text's vector is the mean of its tokens' vectors, so that its parts have vectors as well."""
        kinds = [type(module).__name__ for module in self.model]
        is_plain = kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        modes = cast("Any", self.model[1]).get_config_dict() if is_plain else {}
        return bool(modes.get("pooling_mode") == "mean" and modes.get("include_prompt", True))

    def encode_pooled(self, inputs: Sequence[EncoderInput], done: OnBatch) -> list[TextVectors | None]:
        prompt = self.model.prompts.get("document") or ""
        texts = [prompt + one.whole for one in inputs]
        special = self.model.tokenizer.num_special_tokens_to_add()
        lengths = [len(starts) + special for starts in self.token_starts(texts)]
        found: list[TextVectors | None] = [None] * len(inputs)
        for rows in _batches([n for n in range(len(texts)) if lengths[n] < self.length_limit], lengths):
            encoded = _encode_tokens(self._passage_model(texts), [texts[n] for n in rows])
            for row, (offsets, tokens) in zip(rows, encoded, strict=True):
                found[row] = pool(inputs[row], offsets - len(prompt), tokens, self.projection)
            done(sum(found[row] is not None for row in rows))
        return found

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        with forked_threads():
            vectors = self.model.encode_query(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimension)

    def _passage_model(self, texts: Sequence[str]) -> "SentenceTransformer":
        if self.model.device.type != "cpu" or not multiplies_bfloat16() or not hasattr(self.model[0], "auto_model"):
            return self.model
        samples = list(texts[:_SAMPLES])
        if self._is_bfloat16_faithful is None:
            cosines = np.sum(_encode(self._bfloat16, samples) * _encode(self.model, samples), axis=1)
            self._is_bfloat16_faithful = bool(cosines.min() >= _MIN_COSINE)
        return self._bfloat16 if self._is_bfloat16_faithful else self.model

    @cached_property
    def _bfloat16(self) -> "SentenceTransformer":
        """A copy of the model whose transformer computes in bfloat16; pooling and later modules stay float32."""
        import torch

        model = copy.deepcopy(self.model)
        transformer: Any = model[0]
        transformer.to(torch.bfloat16).register_forward_hook(_to_float32)
        options = transformer.processing_kwargs
        text_options = {**options.get("text", {}), "pad_to_multiple_of": _TOKENS_MULTIPLE}
        transformer.processing_kwargs = {**options, "text": text_options}
        return model


def _batches(numbers: Iterable[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    # Longest first: a batch is padded to its longest text, and a lack of memory shows at once.
    order = sorted(numbers, key=lambda n: -lengths[n])
    while order:
        fit = max(1, min(_MAX_TEXTS, len(order), _BATCH_TOKENS // max(1, lengths[order[0]])))
        # torch prepares kernels for each shape of a batch and keeps them, so the number of shapes must stay small.
        count = fit - fit % _TEXTS_MULTIPLE if fit > _TEXTS_MULTIPLE else fit
        yield order[:count]
        order = order[count:]


def _encode_tokens(model: "SentenceTransformer", texts: list[str]) -> Iterator[tuple[NDArray[np.int64], Matrix]]:
    """Yield the start and end, and the vector, of each token of each text."""
    import torch

    read = model.tokenizer(
        texts, padding=True, return_offsets_mapping=True, return_tensors="pt", pad_to_multiple_of=_TOKENS_MULTIPLE
    )
    offsets = read.pop("offset_mapping").numpy()
    with torch.inference_mode(), forked_threads():
        tokens = model[0](read.to(model.device))["token_embeddings"].float().cpu().numpy()
    is_real = read["attention_mask"].cpu().numpy() > 0
    for own, vectors, real in zip(offsets, tokens, is_real, strict=True):
        yield own[real], vectors[real]


def _encode(model: "SentenceTransformer", texts: list[str]) -> Matrix:
    count = len(texts)
    with forked_threads():
        vectors = model.encode_document(texts, batch_size=count, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, np.float32)


@contextmanager
def forked_threads() -> Iterator[None]:
    """Let torch use one thread in a forked process, where OpenMP may wait for ever for the threads of the parent."""
    if os.getpid() == _LOADED_IN:
        yield
        return
    import torch

    own = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(own)


def _to_float32(_module: object, _inputs: object, features: dict[str, Any]) -> dict[str, Any]:
    return {**features, "token_embeddings": features["token_embeddings"].float()}


def encodes_many_fast() -> bool:
    """Whether torch encodes many texts faster than a float32 export does here: on a GPU, or in bfloat16."""
    with requires("torch", "torch"):
        import torch
    return getattr(torch, "accelerator", torch.cuda).is_available() or multiplies_bfloat16()


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16 matrices."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16") or capabilities.get("bf16"))


def _load(name: str) -> "SentenceTransformer":
    folder = find_model(name)
    with requires("sentence-transformers", "torch"):
        from sentence_transformers import SentenceTransformer
    try:
        with _without_progress_bar():
            model = SentenceTransformer(str(folder), local_files_only=True).eval()
        if name == DEFAULT_MODEL:
            add_adapter(cast("Module", model[0].auto_model))
        return model
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"The model {name!r} cannot be loaded ({reason}): check --model.") from error


@contextmanager
def _without_progress_bar() -> Iterator[None]:
    """Switch off the progress bars of transformers while the body runs."""
    from transformers.utils import logging

    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()
