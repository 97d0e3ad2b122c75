"""An ONNX graph from tokens to unit vectors, with its tokenizer: the one door to onnxruntime and tokenizers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.encoder.encoder import Matrix

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer


_SLOW = "SkipLayerNormFusion"
"""A fusion whose kernel takes three times as long as what it replaces, for as few tokens as a question has."""


class OnnxGraph:
    """A graph that takes token ids, attention mask and token types and gives unit rows. Safe to call from many threads.

    Raises an exception of onnxruntime's own, a bare subclass of `Exception`, when the file holds none.
    """

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=[_SLOW]
        )
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    def run(self, texts: Sequence["Encoding"]) -> Matrix:
        """One unit row for each tokenized text."""
        shape = len(texts), max(len(text.ids) for text in texts)
        feed = {name: np.zeros(shape, np.int64) for name in self._inputs}
        for row, text in enumerate(texts):
            values = {"input_ids": text.ids, "attention_mask": text.attention_mask, "token_type_ids": text.type_ids}
            for name, array in feed.items():
                array[row, : len(text.ids)] = values[name]
        return np.asarray(self._session.run(None, feed)[0], np.float32)


def open_tokenizer(path: Path, limit: int | None) -> "Tokenizer":
    """A tokenizer that cuts texts off at `limit` tokens, special ones included, or nowhere, and pads none."""
    return parse_tokenizer(path.read_text(encoding="utf-8"), limit)


def parse_tokenizer(words: str, limit: int | None) -> "Tokenizer":
    """The tokenizer that a file with these words holds, as `open_tokenizer` opens it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(words)
    if limit is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(limit)
    tokenizer.no_padding()
    return tokenizer


def token_starts(tokenizer: "Tokenizer", texts: Sequence[str]) -> list[Sequence[int]]:
    """As `bot.passages.TokenStarts`."""
    return [
        [start for start, _ in text.offsets] for text in tokenizer.encode_batch(list(texts), add_special_tokens=False)
    ]
