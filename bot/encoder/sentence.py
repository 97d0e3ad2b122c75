"""The sentence-transformers model itself: the reference for all vectors, and the fastest way to encode many passages."""

import copy
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.encoder.encoder import Matrix, OnBatch, no_progress
from bot.encoder.model import find_model
from bot.errors import MissingExtra, ModelError
from bot.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH_TOKENS = 4096
"""Tokens of a batch, padding included: the fastest of 1,000 to 16,000 on a CPU."""
_MOST_TEXTS, _COUNTED, _PADDED = 256, 8, 16
"""Texts of a batch at most; its texts and its tokens are multiples of the others."""
_SAME = 0.999
"""The least cosine between a text's vectors in bfloat16 and in float32; the default model's are 0.9999."""
_COMPARED = 8
"""Texts on which this is checked."""


class SentenceEncoder:
    """A sentence-transformers model: the reference for all vectors.

    Prompts, pooling, length limit and dimension come from the model. Runs on the GPU where there is one; passages are encoded in bfloat16 where the
    processor multiplies such matrices itself (AMX or AVX-512) and the vectors stay the same.
    Raises `ModelError` when the model cannot be loaded, `MissingExtra` when sentence-transformers is not installed.
    """

    def __init__(self, name: str = DEFAULT_MODEL) -> None:
        self.name = name
        self.model = _load(name)
        self.dimension = int(self.model.get_embedding_dimension() or 0)
        taken = self.model.tokenizer.num_special_tokens_to_add() + len(
            self.token_starts([self.model.prompts.get("document") or ""])[0]
        )
        self.max_tokens = self.length_limit - taken
        self._agrees: bool | None = None
        """Whether bfloat16 gives the same vectors; None until it was tried."""

    @property
    def length_limit(self) -> int:
        """The most tokens the model reads of a text, special ones and prompt included."""
        # A model that states no limit still gets one, so that passages stay of a readable length.
        return min(int(self.model.max_seq_length or 512), 8192)

    @property
    def bulk_is_fast(self) -> bool:
        """Whether many texts are encoded faster here than by an exported float32 graph: on a GPU, or in bfloat16."""
        return self.model.device.type != "cpu" or multiplies_bfloat16()

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        if not texts:
            return []
        tokenizer = self.model.tokenizer
        found = tokenizer(
            list(texts), add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True
        )
        return [[start for start, _ in spans] for spans in found["offset_mapping"]]

    def encode_passages(self, texts: Sequence[str], done: OnBatch = no_progress) -> Matrix:
        # Longest first: a batch is padded to its longest text, and lack of memory shows at once.
        lengths = [min(len(starts), self.max_tokens) + 1 for starts in self.token_starts(texts)]
        order = sorted(range(len(texts)), key=lambda n: -lengths[n])
        vectors = np.empty((len(texts), self.dimension), np.float32)
        while order:
            fit = max(1, min(_MOST_TEXTS, len(order), _BATCH_TOKENS // lengths[order[0]]))
            # torch keeps what it has prepared for each shape of a batch, so there must not be many.
            count = fit - fit % _COUNTED if fit > _COUNTED else fit
            rows, order = order[:count], order[count:]
            vectors[rows] = _encode(self._passage_model(texts), [texts[n] for n in rows])
            done(len(rows))
        return vectors

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        vectors = self.model.encode_query(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimension)

    def _passage_model(self, texts: Sequence[str]) -> "SentenceTransformer":
        if self.model.device.type != "cpu" or not multiplies_bfloat16() or not hasattr(self.model[0], "auto_model"):
            return self.model
        samples = list(texts[:_COMPARED])
        if self._agrees is None:
            cosines = np.sum(_encode(self._bfloat16, samples) * _encode(self.model, samples), axis=1)
            self._agrees = bool(cosines.min() >= _SAME)
        return self._bfloat16 if self._agrees else self.model

    @cached_property
    def _bfloat16(self) -> "SentenceTransformer":
        """A copy whose transformer computes in bfloat16; pooling and what follows stay float32."""
        import torch

        model = copy.deepcopy(self.model)
        transformer: Any = model[0]
        transformer.to(torch.bfloat16).register_forward_hook(_with_float_tokens)
        own = transformer.processing_kwargs
        transformer.processing_kwargs = {**own, "text": {**own.get("text", {}), "pad_to_multiple_of": _PADDED}}
        return model


def _encode(model: "SentenceTransformer", texts: list[str]) -> Matrix:
    return np.asarray(
        model.encode_document(texts, batch_size=len(texts), normalize_embeddings=True, show_progress_bar=False),
        np.float32,
    )


def _with_float_tokens(_module: object, _inputs: object, features: dict[str, Any]) -> dict[str, Any]:
    return {**features, "token_embeddings": features["token_embeddings"].float()}


def multiplies_bfloat16() -> bool:
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16") or capabilities.get("bf16"))


def _load(name: str) -> "SentenceTransformer":
    folder = find_model(name)
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ModuleNotFoundError:
        raise MissingExtra("sentence-transformers", "build") from None
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"The model {name!r} cannot be loaded ({str(error).splitlines()[0]}): check --model."
        ) from error
    return model.eval()
