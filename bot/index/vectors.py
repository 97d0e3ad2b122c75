"""The vectors of an index: the interface to faiss.

All rows are stored as float16 and mapped from the file. Up to `BuildSettings.exact_rows` vectors are searched
exhaustively. Above it there is an approximate index as well: an inverted file with product quantisation, 4 bits per 3
numbers (Jégou et al. 2011, in the layout of André et al. 2017), whose best rows are compared again as float16.

This module shields callers from the quirks of faiss, which pads missing results with id -1, loads damaged files without
an error, and raises empty AssertionErrors.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import IndexCorrupt, raise_as_corrupt
from bot.products import dot_products

Rows = NDArray[np.integer[Any]]
Cosines = NDArray[np.float32]

ROWS, LISTS = "vectors.faiss", "lists.faiss"

_BLOCK = 16_384
_TRAINING_ROWS = 64  # number of training rows per list
_TRAINING_ROUNDS = 10  # rounds of k-means for the codes; 25 take twice as long and find no more
_NUMBERS_PER_CODE = 3  # numbers of a row that share a 4-bit code
_MIN_REFINED, _ROWS_PER_REFINED = 1000, 1500
"""Minimum number of rows compared again as float16; at least one in this many, as 4 bits confuse more of many rows."""
_MAX_FILTERED_EXACT = 20_000  # search exhaustively up to this many rows that pass a filter
_NEAREST, _TOLERANCE = 10, 1e-5
"""Number of nearest rows that recall is measured on; difference of cosines that counts as equal."""
_SIGN_EXPONENT_FRACTION = np.int32(-0x7000_2000)  # 0x8fff_e000 as a signed number
_BIAS_CHANGE = np.float32(2.0**112)
_LOADED_IN = os.getpid()  # the process that loaded faiss
_MIN_RECALL = 0.995
"""Minimum recall on questions half-way between two of the corpus; visitors' have 0.98 (benchmarks/scale/sizes.py)."""


@contextmanager
def _threads(questions: int) -> Iterator[None]:
    """Let faiss use one thread for one question, which it cannot share out, and in a forked process.

    There OpenMP would wait for ever for threads that did not survive the fork, if the parent used several. The
    setting is one of the calling thread, and the host's own is put back.
    """
    own = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if questions == 1 or os.getpid() != _LOADED_IN else own)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(own)


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """The parameters of a search; without lists it is exhaustive."""

    lists: int = 0
    searched_lists: int = 0
    """Number of lists searched per question, the nearest ones (faiss: nprobe)."""
    recall: float = 1.0
    """Recall at 10, measured on questions half-way between two of the corpus."""


def write_vectors(
    folder: Path, blocks: Iterable[Matrix], dimension: int, exact_rows: int, questions: Matrix,
    earlier: "Vectors | None" = None,
) -> SearchPlan:  # fmt: skip
    """Write all rows, with an approximate index if there are more than `exact_rows`; tune its search to `questions`.

    The lists of `earlier` vectors of the same model are filled anew instead of trained again, as long as searching as
    many of them reaches the minimum recall. Raises `ValueError` if the length of a row is not 1.
    """
    rows = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    with _threads(len(questions)):
        for block in blocks:
            is_unit = np.abs(np.linalg.norm(block, axis=1) - 1) < 2e-3
            if not is_unit.all():
                raise ValueError(f"row {rows.ntotal + int(is_unit.argmin())} is not a unit vector")
            rows.add(block)
        _write(rows, folder / ROWS)
        if rows.ntotal <= exact_rows:
            return SearchPlan()
        lists, plan = _lists_of(rows, earlier, questions)
    _write(lists, folder / LISTS)
    return plan


def _lists_of(
    rows: faiss.IndexScalarQuantizer, earlier: "Vectors | None", questions: Matrix
) -> tuple[faiss.Index, SearchPlan]:
    """Return filled lists and their plan: the earlier ones if they still fit, else new ones."""
    count = int(2 ** np.round(np.log2(2 * np.sqrt(rows.ntotal))))
    if earlier is not None and earlier.plan.lists == count and (trained := earlier.emptied_lists()) is not None:
        _fill(trained, rows)
        plan = _tune(rows, trained, questions)
        if plan.searched_lists <= earlier.plan.searched_lists:
            return trained, plan
    trained = _train_lists(rows, count)
    _fill(trained, rows)
    return trained, _tune(rows, trained, questions)


def _train_lists(rows: faiss.Index, count: int) -> Any:
    dimension = int(rows.d)
    parts = max(n for n in range(1, dimension // _NUMBERS_PER_CODE + 1) if dimension % n == 0)
    lists: Any = faiss.index_factory(dimension, f"IVF{count},PQ{parts}x4fs", faiss.METRIC_INNER_PRODUCT)
    lists.pq.cp.niter = _TRAINING_ROUNDS
    sample = np.random.default_rng(0).choice(rows.ntotal, min(rows.ntotal, count * _TRAINING_ROWS), replace=False)
    lists.train(np.asarray(rows.reconstruct_batch(np.sort(sample)), np.float32))
    return lists


def _fill(lists: faiss.IndexIVF, rows: faiss.Index) -> None:
    for start in range(0, rows.ntotal, _BLOCK):
        lists.add(rows.reconstruct_n(start, min(_BLOCK, rows.ntotal - start)))


def _tune(rows: faiss.IndexScalarQuantizer, lists: faiss.IndexIVF, questions: Matrix) -> SearchPlan:
    """Find the smallest number of lists, doubling it each time, that reaches the minimum recall."""
    # Half-way between two questions: as far from all rows as visitors' questions are.
    sums = questions + np.roll(questions, len(questions) // 2, axis=0)
    between = np.ascontiguousarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)
    least = rows.search(between, _NEAREST)[0][:, -1:]
    # Never fewer than a 32nd of the lists: among a million passages, fewer do for these questions, not for visitors'.
    searched, recall = max(4, lists.nlist // 64), 0.0
    while recall < _MIN_RECALL and searched < lists.nlist:
        searched *= 2
        _, cosines = Vectors(rows, lists, SearchPlan(lists.nlist, searched)).search_all(between, _NEAREST)
        # Duplicate texts are equally near, and finding either is right.
        recall = float(np.mean(cosines >= least - _TOLERANCE))
    return SearchPlan(int(lists.nlist), searched, round(recall, 4))


class Vectors:
    """Unit rows, searched by their cosine. Thread-safe."""

    def __init__(self, rows: faiss.IndexScalarQuantizer, lists: faiss.Index | None, plan: SearchPlan) -> None:
        self._rows, self._lists, self.plan = rows, lists, plan
        self._refined = faiss.IndexRefine(lists, rows) if lists is not None else None
        self._stored = _stored_numbers(rows)

    @classmethod
    def open(cls, folder: Path, plan: SearchPlan) -> "Vectors":
        """Open the vectors in a folder. Raises `IndexCorrupt` if the files are not faiss indexes of float16 rows."""
        rows, lists = _open(folder / ROWS), _open(folder / LISTS) if plan.lists else None
        if lists is not None and (lists.ntotal, lists.d) != (rows.ntotal, rows.d):
            counts = f"{lists.ntotal} vectors, not {rows.ntotal}"
            raise IndexCorrupt(f"The lists in {folder} hold {counts}: run articlebot build.")
        size, float16 = 2 * rows.ntotal * rows.d, faiss.ScalarQuantizer.QT_fp16
        if not isinstance(rows, faiss.IndexScalarQuantizer) or (rows.sq.qtype, rows.codes.size()) != (float16, size):
            raise IndexCorrupt(f"{folder / ROWS} does not hold vectors as float16: run articlebot build.")
        return cls(rows, lists, plan)

    def __len__(self) -> int:
        return int(self._rows.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._rows.d)

    def emptied_lists(self) -> Any:
        """Return a copy of the lists as they were trained, without rows; None if all rows are searched."""
        if self._lists is None:
            return None
        lists = faiss.clone_index(self._lists)
        lists.reset()
        return lists

    def search(self, vector: Matrix, k: int, among: Rows | None = None) -> tuple[Rows, Cosines]:
        """Return up to `k` rows nearest to a unit vector of shape (1, dimension), nearest first.

        `among` limits the search to these rows, in ascending order.
        """
        k = min(k, len(self) if among is None else len(among))
        if k < 1:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if vector.shape != (1, self.dimension):
            raise ValueError(f"shape {vector.shape} cannot be compared with rows of dimension {self.dimension}")
        if among is not None and len(among) <= _MAX_FILTERED_EXACT:
            cosines = dot_products(self.rows(among), vector[0])
            best = np.argsort(-cosines, kind="stable")[:k]
            return among[best], cosines[best]
        (found,), (cosines,) = self.search_all(vector, k, among)
        return found[found >= 0], cosines[found >= 0]

    def rows(self, numbers: Rows) -> Matrix:
        """Return the vectors of these rows. Raises `IndexError` if a row does not exist."""
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"rows run from 0 to {len(self) - 1}")
        return _to_float32(self._stored[numbers])

    def search_all(self, matrix: Matrix, k: int, among: Rows | None = None) -> tuple[Rows, Cosines]:
        """Return the `k` rows nearest to each vector, and their cosines; row -1 where fewer are found."""
        index: faiss.Index = self._rows
        parameters = self._parameters(faiss.SearchParameters, among)
        if self._refined is not None:
            # The fewer rows pass a filter, the further away they may be.
            searched = self.plan.searched_lists * (1 if among is None else len(self) // len(among))
            inner = self._parameters(faiss.SearchParametersIVF, among, nprobe=min(self.plan.lists, searched))
            refine: Any = faiss.IndexRefineSearchParameters
            factor = max(1.0, max(_MIN_REFINED, len(self) // _ROWS_PER_REFINED) / k)
            index, parameters = self._refined, refine(k_factor=factor, base_index_params=inner)
        with raise_as_corrupt("The vector index"), _threads(len(matrix)):
            cosines, found = index.search(np.ascontiguousarray(matrix, np.float32), k, params=parameters)
        return found, cosines

    def _parameters(self, kind: Any, among: Rows | None, **parameters: int) -> Any:
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


def _stored_numbers(rows: faiss.IndexScalarQuantizer) -> NDArray[np.int16]:
    """Return the bits of the float16 numbers, mapped from the file, not copied; shape (rows, dimension).

    They are valid as long as `rows` lives and gets no more rows.
    """
    size = rows.codes.size()
    stored = faiss.rev_swig_ptr(rows.codes.data(), size) if size else np.empty(0, np.uint8)
    return np.asarray(stored.view(np.int16).reshape(rows.ntotal, rows.d))


def _to_float32(halves: NDArray[np.int16]) -> Matrix:
    """Convert the bits of finite float16 numbers. faiss does so number by number, as numpy does without AVX-512.

    Exponent and fraction move to their places, the sign fills those above, and the exponent's bias changes by 112.
    """
    bits = halves.astype(np.int32)
    bits <<= 13
    bits &= _SIGN_EXPONENT_FRACTION
    numbers = bits.view(np.float32)
    numbers *= _BIAS_CHANGE
    return numbers


def _open(path: Path) -> faiss.Index:
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except (RuntimeError, AssertionError) as error:
        raise IndexCorrupt(f"{path} cannot be read as a faiss index: run articlebot build.") from error
