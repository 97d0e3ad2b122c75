"""ONNX graphs and tokenizers: the interface to onnxruntime and tokenizers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.encoder.encoder import Matrix

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

VECTOR, TOKENS = "vector", "tokens"
"""The outputs of a graph: the vector of each text, and the vectors of its tokens."""
_SLOW_FUSION = "SkipLayerNormFusion"
"""A fusion whose kernel takes three times as long as the nodes it replaces, for inputs as short as a question."""


class OnnxGraph:
    """A graph that takes token ids, attention mask and token types, and gives unit rows. Thread-safe.

    Raises an exception of onnxruntime, which derives from `Exception` only, if the file is not a graph.
    """

    def __init__(self, path: Path, threads: int) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        self._session = InferenceSession(path, options, ["CPUExecutionProvider"], disabled_optimizers=[_SLOW_FUSION])
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    def run(self, texts: Sequence["Encoding"], *outputs: str) -> list[Matrix]:
        """Return some outputs of tokenized texts.

        `VECTOR` has one unit row per text, `TOKENS` the shape (texts, tokens of the longest, dimension).
        """
        shape = len(texts), max(len(text.ids) for text in texts)
        feed = {name: np.zeros(shape, np.int64) for name in self._inputs}
        for row, text in enumerate(texts):
            values = {"input_ids": text.ids, "attention_mask": text.attention_mask, "token_type_ids": text.type_ids}
            for name, array in feed.items():
                array[row, : len(text.ids)] = values[name]
        return [np.asarray(found, np.float32) for found in self._session.run(outputs, feed)]


def open_tokenizer(path: Path, limit: int | None) -> "Tokenizer":
    """Open a tokenizer that does not pad, and truncates texts to `limit` tokens, special ones included, if given."""
    return parse_tokenizer(path.read_text(encoding="utf-8"), limit)


def parse_tokenizer(content: str, limit: int | None) -> "Tokenizer":
    """Make a tokenizer from the content of a file; see `open_tokenizer`."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(content)
    if limit is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(limit)
    tokenizer.no_padding()
    return tokenizer


def token_starts(tokenizer: "Tokenizer", texts: Sequence[str]) -> list[Sequence[int]]:
    """See `bot.passages.TokenStarts`."""
    tokenized = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [[start for start, _ in text.offsets] for text in tokenized]
