"""The vectors of the sentences of sections, by which the words to quote are chosen: 8 bits a number, mapped from the file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import IndexCorrupt
from bot.index.vectors import RowSource

SENTENCES = "sentences.i8"
_BLOCK = 16_384
_GREATEST = 127


def write_sentences(folder: Path, source: RowSource) -> None:
    """Write the rows of a source in 8 bits a number."""
    with (folder / SENTENCES).open("wb") as file:
        for block in source.blocks(_BLOCK):
            file.write(in_eight_bits(block).tobytes())


def in_eight_bits(rows: Matrix) -> NDArray[np.int8]:
    """Rows, each scaled so that its greatest number fills 8 bits: what counts is their direction."""
    return np.asarray(np.rint(rows * (_GREATEST / np.abs(rows).max(axis=1, keepdims=True))), np.int8)


class Sentences:
    """The open vectors. Raises `IndexCorrupt` when there are not as many as there should be. Safe to read from many threads."""

    def __init__(self, folder: Path, count: int, dimension: int) -> None:
        path = folder / SENTENCES
        if not path.is_file() or path.stat().st_size != count * dimension:
            raise IndexCorrupt(f"{path} does not hold the vectors of {count} sentences: run articlebot build.")
        empty = np.empty((0, dimension), np.int8)
        self._rows = np.memmap(path, np.int8, "r", shape=(count, dimension)) if count else empty

    def rows(self, first: int, last: int) -> Matrix:
        """The vectors of the sentences from number `first` up to `last`, this one left out; their lengths do not matter."""
        return self._rows[first:last].astype(np.float32)


def cosines(rows: Matrix, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosines of a unit vector with vectors of any length."""
    return np.asarray(rows @ vector / np.linalg.norm(rows, axis=1), np.float32)
