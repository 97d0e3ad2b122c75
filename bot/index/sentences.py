"""The vectors of sentences and of their tokens, for choosing the words to quote: in 8 bits, mapped from files."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.encoder.tokens import CONTEXT, TOKEN_DIMENSION, TokenVectors, to_int8
from bot.errors import IndexCorrupt
from bot.index.generation import Numbers, SentenceVectors
from bot.index.passage_table import ranges
from bot.products import dot_products

SENTENCES = "sentences.i8"
TOKENS, TOKEN_PLACES, TOKEN_COUNTS = "tokens.i8", "token_places.i2", "token_counts.i4"
"""The files with the vectors of tokens, with the sentence of each, and with their number in each passage."""


def write_sentences(folder: Path, blocks: Iterable[Matrix]) -> None:
    """Write rows as int8, block by block."""
    with (folder / SENTENCES).open("wb") as file:
        for block in blocks:
            file.write(to_int8(block).tobytes())


def write_tokens(folder: Path, blocks: Iterable[Sequence[TokenVectors]]) -> None:
    """Write the tokens of passages, block by block."""
    counts = list[NDArray[np.int32]]()
    with (folder / TOKENS).open("wb") as vectors, (folder / TOKEN_PLACES).open("wb") as places:
        for block in blocks:
            every = TokenVectors.join(block)
            vectors.write(every.vectors.tobytes())
            places.write(every.places.tobytes())
            counts.append(np.array([len(own.places) for own in block], np.int32))
    np.concatenate(counts).tofile(folder / TOKEN_COUNTS)


class Sentences:
    """The open vectors of sentences and tokens. Thread-safe. Raises `IndexCorrupt` if the number of either is wrong."""

    def __init__(self, folder: Path, sentence_start: NDArray[np.integer[Any]], dimension: int) -> None:
        """`sentence_start` holds the number of each passage's first sentence, and of all sentences at its end."""
        self._start = sentence_start
        self._rows = _map(folder / SENTENCES, np.int8, int(sentence_start[-1]), dimension)
        counts = _map(folder / TOKEN_COUNTS, np.int32, len(sentence_start) - 1)
        self._token_start = np.append(0, np.cumsum(np.maximum(counts, 0), dtype=np.int64))
        total = int(self._token_start[-1])
        self._tokens = _map(folder / TOKENS, np.int8, total, TOKEN_DIMENSION)
        self._places = _map(folder / TOKEN_PLACES, np.int16, total)

    def of(self, passages: Numbers) -> SentenceVectors:
        """Return the vectors of the passages with these numbers."""
        rows, starts = ranges(self._start, passages)
        tokens, token_starts = ranges(self._token_start, passages)
        most = np.repeat(np.maximum(1, np.diff(starts)), np.diff(token_starts)) - 1
        own = TokenVectors(self._tokens[tokens], self._places[tokens].clip(CONTEXT, most))
        return SentenceVectors(np.asarray(self._rows[rows], np.float32), starts, own, token_starts)


def _map(path: Path, kind: type[np.int8 | np.int16 | np.int32], *shape: int) -> NDArray[Any]:
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    if not path.is_file() or path.stat().st_size != size:
        raise IndexCorrupt(f"{path} does not hold {shape[0]} entries: run articlebot build.")
    return np.memmap(path, kind, "r", shape=shape) if size else np.empty(shape, kind)


def cosines(rows: Matrix, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines between a unit vector and rows of any length."""
    return np.asarray(dot_products(rows, vector) / np.sqrt(np.einsum("ij,ij->i", rows, rows)), np.float32)
