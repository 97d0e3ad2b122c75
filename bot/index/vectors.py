"""The vectors of an index: the one door to faiss.

faiss pads missing results with id -1, loads flipped bytes without noticing and raises empty AssertionErrors; nothing of that passes this door.
"""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import IndexCorrupt

Rows = NDArray[np.int64]
Cosines = NDArray[np.float32]


class Vectors:
    """Unit float32 rows, searched exactly by inner product (the cosine)."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def of(cls, matrix: Matrix) -> "Vectors":
        """Vectors of shape (rows, dimension). Raises `ValueError` when a row is not of length 1, NaN included."""
        lengths = np.linalg.norm(matrix, axis=1)
        if not np.all(np.abs(lengths - 1) < 1e-3):
            raise ValueError(f"row {int(np.argmax(~(np.abs(lengths - 1) < 1e-3)))} is not a unit vector")
        index = faiss.IndexFlatIP(matrix.shape[1])
        index.add(np.ascontiguousarray(matrix, np.float32))
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> "Vectors":
        """Raises `IndexCorrupt` when the file is not a faiss index."""
        try:
            return cls(faiss.read_index(str(path)))
        except (RuntimeError, AssertionError) as error:
            raise IndexCorrupt(f"{path} cannot be read as a faiss index: build the index again.") from error

    def write(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(self, vector: Matrix, k: int, among: Rows | None = None) -> tuple[Rows, Cosines]:
        """The at most `k` rows nearest to one unit vector of shape (1, dimension), nearest first, of those in `among` where given."""
        k = min(k, len(self) if among is None else len(among))
        if k < 1:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if vector.shape != (1, self.dimension):
            raise ValueError(f"a vector of shape {vector.shape} cannot be compared with rows of dimension {self.dimension}")
        chosen = None if among is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.ascontiguousarray(among, np.int64)))  # type: ignore[call-arg]
        cosines, rows = self._index.search(np.ascontiguousarray(vector, np.float32), k, params=chosen)
        found = rows[0] >= 0
        return rows[0][found], cosines[0][found]

    def rows(self, numbers: Rows) -> Matrix:
        """The vectors of the given rows, in their order. Raises `IndexError` for a row that does not exist."""
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"rows run from 0 to {len(self) - 1}")
        return np.asarray(self._index.reconstruct_batch(np.ascontiguousarray(numbers, np.int64)), np.float32).reshape(len(numbers), self.dimension)
