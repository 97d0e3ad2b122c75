"""The vectors of sentences, for choosing the words to quote: stored as int8 and mapped from the file."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import IndexCorrupt
from bot.products import dot_products

SENTENCES = "sentences.i8"
_MAX_INT8 = 127


def write_sentences(folder: Path, blocks: Iterable[Matrix]) -> None:
    """Write rows as int8, block by block."""
    with (folder / SENTENCES).open("wb") as file:
        for block in blocks:
            file.write(to_int8(block).tobytes())


def to_int8(rows: Matrix) -> NDArray[np.int8]:
    """Scale each row so that its largest number fills 8 bits; only the direction of a row matters."""
    return np.asarray(np.rint(rows * (_MAX_INT8 / np.abs(rows).max(axis=1, keepdims=True))), np.int8)


class Sentences:
    """The open vectors. Thread-safe. Raises `IndexCorrupt` if their number is wrong."""

    def __init__(self, folder: Path, count: int, dimension: int) -> None:
        path = folder / SENTENCES
        if not path.is_file() or path.stat().st_size != count * dimension:
            raise IndexCorrupt(f"{path} does not hold the vectors of {count} sentences: run articlebot build.")
        empty = np.empty((0, dimension), np.int8)
        self._rows = np.memmap(path, np.int8, "r", shape=(count, dimension)) if count else empty

    def rows(self, numbers: NDArray[np.int64]) -> Matrix:
        """Return the vectors of the sentences with these numbers, not of length 1."""
        return np.asarray(self._rows[numbers], np.float32)


def cosines(rows: Matrix, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines between a unit vector and rows of any length."""
    return np.asarray(dot_products(rows, vector) / np.sqrt(np.einsum("ij,ij->i", rows, rows)), np.float32)
