"""The vectors of an index: the one door to faiss.

faiss pads missing results with id -1, loads flipped bytes without noticing and raises empty AssertionErrors; nothing of that passes this door.

Every row is kept with 16 bits a number, mapped from the file and not read into memory. Few rows are compared with a question one by one, which is exact.
For many there are lists beside them: rows that lie close together, in 4 bits for each 3 numbers (an inverted file with product quantisation, Jégou et al.
2011, in the layout of André et al. 2017); the best of the nearest lists are compared again by their 16 bits.
"""

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import IndexCorrupt

Rows = NDArray[np.integer[Any]]
Cosines = NDArray[np.float32]

ROWS, LISTS = "vectors.faiss", "lists.faiss"

_BLOCK = 16_384
_TRAINED = 64
"""Rows for each list from which the lists are made."""
_NUMBERS_EACH = 3
"""Numbers of a row that are kept in 4 bits."""
_AGAIN, _AGAIN_OF = 1000, 1500
"""The least number of rows that are compared again by their 16 bits, and of how many rows it is at least one: among more, more are alike by 4 bits."""
_FEW_ADMITTED = 20_000
"""So many rows that meet a filter are compared one by one."""
_NEAREST, _EQUAL = 10, 1e-5
"""Of how many nearest rows it is counted whether they are found, and how near is equally near."""
_RECALL = 0.995
"""The share of them, of questions half-way between two of the corpus's own; so 0.98 of those of visitors' questions are (benchmarks/scale/sizes.py)."""


class RowSource(Protocol):
    """Where vectors come from."""

    def __len__(self) -> int: ...

    def rows(self, numbers: Sequence[int]) -> Matrix:
        """Unit rows by their numbers."""

    def blocks(self, size: int) -> Iterator[Matrix]:
        """All rows, so many at a time."""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How the rows are searched: without lists, all of them."""

    lists: int = 0
    looked_through: int = 0
    """Lists nearest to a question that are looked through."""
    recall: float = 1.0
    """The share of the ten nearest rows that are found, for questions half-way between two of the corpus's own."""


def write_vectors(folder: Path, source: RowSource, dimension: int, exact_rows: int, questions: Matrix) -> SearchPlan:
    """Write the rows of a source, and lists beside them when there are more than `exact_rows`, as many of which are looked through as questions need.

    Raises `ValueError` when a row is not of length 1, NaN included.
    """
    rows = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    lists = _trained_lists(source, dimension) if len(source) > exact_rows else None
    for block in source.blocks(_BLOCK):
        _check_lengths(block, rows.ntotal)
        rows.add(block)
        if lists is not None:
            lists.add(block)
    _write(rows, folder / ROWS)
    if lists is None:
        return SearchPlan()
    _write(lists, folder / LISTS)
    return _planned(rows, lists, questions)


def _trained_lists(source: RowSource, dimension: int) -> Any:
    count = int(2 ** np.round(np.log2(2 * np.sqrt(len(source)))))
    parts = max(n for n in range(1, dimension // _NUMBERS_EACH + 1) if dimension % n == 0)
    lists = faiss.index_factory(dimension, f"IVF{count},PQ{parts}x4fs", faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).choice(len(source), min(len(source), count * _TRAINED), replace=False)
    lists.train(source.rows(np.sort(sample).tolist()))
    return lists


def _planned(rows: faiss.Index, lists: faiss.IndexIVF, questions: Matrix) -> SearchPlan:
    """The least number of lists that finds enough, in powers of 2."""
    tried = _between(questions)
    least = rows.search(tried, _NEAREST)[0][:, -1:]
    # From a 32nd of them on: among a million passages fewer find what lies half-way, but not all that visitors ask for.
    through, recall = max(4, lists.nlist // 64), 0.0
    while recall < _RECALL and through < lists.nlist:
        through *= 2
        _, cosines = Vectors(rows, lists, SearchPlan(lists.nlist, through)).search_all(tried, _NEAREST)
        # Texts that stand in the corpus twice are equally near: which of them is found does not matter.
        recall = float(np.mean(cosines >= least - _EQUAL))
    return SearchPlan(int(lists.nlist), through, round(recall, 4))


def _between(questions: Matrix) -> Matrix:
    """Questions half-way between two: as far from the rows as visitors' are, while the corpus's own lie next to one."""
    sums = questions + np.roll(questions, len(questions) // 2, axis=0)
    return np.ascontiguousarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)


def _check_lengths(block: Matrix, before: int) -> None:
    lengths = np.linalg.norm(block, axis=1)
    if not np.all(np.abs(lengths - 1) < 2e-3):
        raise ValueError(f"row {before + int(np.argmax(~(np.abs(lengths - 1) < 2e-3)))} is not a unit vector")


class Vectors:
    """Unit rows, searched by inner product (the cosine). Safe to search from many threads."""

    def __init__(self, rows: faiss.Index, lists: faiss.Index | None, plan: SearchPlan) -> None:
        self._rows, self._lists, self._plan = rows, lists, plan
        self._refined = faiss.IndexRefine(lists, rows) if lists is not None else None

    @classmethod
    def open(cls, folder: Path, plan: SearchPlan) -> "Vectors":
        """Raises `IndexCorrupt` when the files are not faiss indexes."""
        rows, lists = _opened(folder / ROWS), _opened(folder / LISTS) if plan.lists else None
        if lists is not None and (lists.ntotal, lists.d) != (rows.ntotal, rows.d):
            raise IndexCorrupt(
                f"The lists in {folder} are of {lists.ntotal} vectors, not of {rows.ntotal}: run articlebot build."
            )
        return cls(rows, lists, plan)

    def __len__(self) -> int:
        return int(self._rows.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._rows.d)

    def search(self, vector: Matrix, k: int, among: Rows | None = None) -> tuple[Rows, Cosines]:
        """The at most `k` rows nearest to one unit vector of shape (1, dimension), nearest first, of those in `among`, in rising order, where given."""
        k = min(k, len(self) if among is None else len(among))
        if k < 1:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if vector.shape != (1, self.dimension):
            raise ValueError(
                f"a vector of shape {vector.shape} cannot be compared with rows of dimension {self.dimension}"
            )
        if among is not None and len(among) <= _FEW_ADMITTED:
            return self._nearest_of(vector[0], k, among)
        found, cosines = self._search(vector, k, among)
        there = found[0] >= 0
        return found[0][there], cosines[0][there]

    def search_all(self, matrix: Matrix, k: int) -> tuple[Rows, Cosines]:
        """The `k` rows nearest to each vector of a matrix, nearest first; two of shape (vectors, k), with row -1 where fewer are found."""
        return self._search(matrix, k, None)

    def rows(self, numbers: Rows) -> Matrix:
        """The vectors of the given rows, in their order. Raises `IndexError` for a row that does not exist."""
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"rows run from 0 to {len(self) - 1}")
        found = self._rows.reconstruct_batch(np.ascontiguousarray(numbers, np.int64))
        return np.asarray(found, np.float32).reshape(len(numbers), self.dimension)

    def _nearest_of(self, vector: NDArray[np.float32], k: int, among: Rows) -> tuple[Rows, Cosines]:
        cosines = self.rows(among) @ vector
        best = np.argsort(-cosines, kind="stable")[:k]
        return among[best], cosines[best]

    def _search(self, matrix: Matrix, k: int, among: Rows | None) -> tuple[Rows, Cosines]:
        index, parameters = self._rows, self._admitted(faiss.SearchParameters, among)
        if self._refined is not None:
            # The rarer what meets a filter, the further away it may lie.
            through = self._plan.looked_through * (1 if among is None else len(self) // len(among))
            inner = self._admitted(faiss.SearchParametersIVF, among, nprobe=min(self._plan.lists, through))
            refined: Any = faiss.IndexRefineSearchParameters
            index, parameters = (
                self._refined,
                refined(k_factor=max(1.0, max(_AGAIN, len(self) // _AGAIN_OF) / k), base_index_params=inner),
            )
        try:
            cosines, found = index.search(np.ascontiguousarray(matrix, np.float32), k, params=parameters)
        except RuntimeError as error:
            raise IndexCorrupt(
                f"The vectors of the index cannot be searched ({error}): run articlebot build."
            ) from error
        return found, cosines

    def _admitted(self, kind: Any, among: Rows | None, **parameters: int) -> Any:
        if among is None:
            return kind(**parameters)
        bits = np.zeros(len(self), bool)
        bits[among] = True
        selector: Any = faiss.IDSelectorBitmap
        return kind(sel=selector(np.packbits(bits, bitorder="little")), **parameters)


def _write(index: faiss.Index, path: Path) -> None:
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise OSError(errno.EIO, str(error).rsplit("Error: ", 1)[-1]) from error


def _opened(path: Path) -> faiss.Index:
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except (RuntimeError, AssertionError) as error:
        raise IndexCorrupt(f"{path} cannot be read as a faiss index: run articlebot build.") from error
