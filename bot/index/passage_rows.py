"""The rows of passages among vectors: which passages have the nearest, and all of those of some."""

import numpy as np

from bot.encoder import Matrix
from bot.index.filters import Filters
from bot.index.generation import Numbers, PassageVectors
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors

_ROWS_EACH = 3
"""Vector rows searched for each passage that is wanted: a passage has about three."""


def nearest(table: PassageTable, vectors: Vectors, vector: Matrix, k: int, filters: Filters) -> Numbers:
    """As `Generation.nearest`, of a table whose rows these vectors are."""
    admitted = None if filters == Filters() else table.rows_admitted(filters)
    rows, _ = vectors.search(vector, k * _ROWS_EACH, admitted)
    return np.array(list(dict.fromkeys(table.passage_of_row[rows].tolist()))[:k], np.int64)


def all_vectors(table: PassageTable, vectors: Vectors, numbers: Numbers) -> PassageVectors:
    """As `Generation.all_vectors`, of a table whose rows these vectors are."""
    first, counts = table.row_start[numbers], table.row_start[numbers + 1] - table.row_start[numbers]
    starts = np.append(0, np.cumsum(counts))
    rows = np.repeat(first - starts[:-1], counts) + np.arange(starts[-1])
    return PassageVectors(numbers, vectors.rows(rows), starts)
