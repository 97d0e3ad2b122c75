"""The ONNX export of a sentence-transformers model: a folder in the cache of an index, so that builds need no torch."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bot.encoder.encoder import Matrix, OnBatch
from bot.encoder.encoder_input import EncoderInput, TextVectors, pool
from bot.encoder.graph import TOKENS, VECTOR, OnnxGraph, open_tokenizer, token_starts
from bot.encoder.model import file_hash, read_projection
from bot.encoder.sentence import SentenceEncoder
from bot.version import __version__

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FLOAT32, INT8, TOKENIZER, SETTINGS = "float32.onnx", "int8.onnx", "tokenizer.json", "settings.json"

_BATCH_TOKENS = 2048  # maximum number of tokens in a batch, padding included


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """The settings of an exported model, stored beside its graphs and tokenizer."""

    name: str
    weights: str
    """The `model_hash` of the original."""
    query: str = ""
    """The prompt before a question."""
    document: str = ""
    """The prompt before a passage."""
    length_limit: int
    max_tokens: int
    pools: bool
    """Whether a text's vector is the mean of its tokens' vectors, so that its parts have vectors as well."""
    files: dict[str, str]
    """sha256 of each file."""
    version: str
    """The version of articlebot that exported it; another version may export differently."""


class ExportedEncoder:
    """A model as a float32 ONNX graph: gives the vectors of the original without torch."""

    def __init__(self, folder: Path, settings: ExportSettings) -> None:
        self.folder, self.settings = folder, settings
        self.name, self.max_tokens, self.pools = settings.name, settings.max_tokens, settings.pools
        self.projection = read_projection(settings.name)
        self.original: SentenceEncoder | None = None
        """The model that this was just exported from, if it is still loaded."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a complete export. Raises `OSError`, `ValueError` or `TypeError` if there is none."""
        return cls(folder, ExportSettings(**json.loads((folder / SETTINGS).read_text(encoding="utf-8"))))

    @classmethod
    def find(cls, folder: Path, weights: str) -> Self | None:
        """Open the export in `folder`; None if there is none, it is damaged, or of another model or version."""
        try:
            found = cls.open(folder)
            is_same = (found.settings.weights, found.settings.version) == (weights, __version__)
            is_intact = is_same and all(file_hash(folder / name) == own for name, own in found.settings.files.items())
        except (OSError, ValueError, TypeError):
            return None
        return found if is_intact else None

    @staticmethod
    def describe(folder: Path, **settings: Any) -> None:
        """Write the settings of graphs and tokenizer that are already in `folder`."""
        files = {file: file_hash(folder / file) for file in (FLOAT32, INT8, TOKENIZER)}
        complete = ExportSettings(files=files, version=__version__, **settings)
        (folder / SETTINGS).write_text(json.dumps(asdict(complete)), encoding="utf-8")

    @property
    def dimension(self) -> int:
        return self._graph.dimension

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        return token_starts(self._unlimited_tokenizer, texts)

    def encode_pooled(self, inputs: Sequence[EncoderInput], done: OnBatch) -> list[TextVectors | None]:
        prompt = self.settings.document
        tokenized = self._truncating_tokenizer.encode_batch([prompt + one.whole for one in inputs])
        found: list[TextVectors | None] = [None] * len(inputs)
        fitting = [n for n, one in enumerate(tokenized) if len(one.ids) < self.settings.length_limit]
        for places in _batches([len(tokenized[n].ids) for n in fitting]):
            rows = [fitting[place] for place in places]
            (encoded,) = self._graph.run([tokenized[n] for n in rows], TOKENS)
            for row, tokens in zip(rows, encoded, strict=True):
                offsets = np.array(tokenized[row].offsets) - len(prompt)
                found[row] = pool(inputs[row], offsets, tokens[: len(offsets)], self.projection)
            done(sum(found[row] is not None for row in rows))
        return found

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        return self._encode([self.settings.document + text for text in texts])

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        return self._encode([self.settings.query + text for text in texts])

    def _encode(self, texts: list[str]) -> Matrix:
        tokenized = self._truncating_tokenizer.encode_batch(texts)
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for rows in _batches([len(text.ids) for text in tokenized]):
            (vectors[rows],) = self._graph.run([tokenized[row] for row in rows], VECTOR)
        return vectors

    @cached_property
    def _graph(self) -> OnnxGraph:
        return OnnxGraph(self.folder / FLOAT32, threads=0)

    @cached_property
    def _truncating_tokenizer(self) -> "Tokenizer":
        return open_tokenizer(self.folder / TOKENIZER, self.settings.length_limit)

    @cached_property
    def _unlimited_tokenizer(self) -> "Tokenizer":
        return open_tokenizer(self.folder / TOKENIZER, None)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the positions of texts, longest first, in batches of at most `_BATCH_TOKENS` with their padding."""
    order = sorted(range(len(lengths)), key=lambda n: -lengths[n])
    while order:
        count = max(1, _BATCH_TOKENS // max(1, lengths[order[0]]))
        yield order[:count]
        order = order[count:]
