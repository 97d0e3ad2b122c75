"""From rows of vectors to passages and back, for vectors in a local folder."""

import numpy as np

from bot.encoder import Matrix
from bot.index.filters import Filters
from bot.index.generation import Numbers, PassageVectors
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors

ROWS_PER_PASSAGE = 3
"""Rows searched for each passage that is wanted: a passage has about three."""


def nearest(table: PassageTable, vectors: Vectors, vector: Matrix, k: int, filters: Filters) -> Numbers:
    """See `VectorSearch.nearest`."""
    admitted = None if filters == Filters() else table.rows_admitted(filters)
    rows, _ = vectors.search(vector, k * ROWS_PER_PASSAGE, admitted)
    return np.array(list(dict.fromkeys(table.passage_of_row[rows].tolist()))[:k], np.int64)


def vectors_of(table: PassageTable, vectors: Vectors, numbers: Numbers) -> PassageVectors:
    """See `VectorSearch.vectors_of`."""
    first, counts = table.row_start[numbers], table.row_start[numbers + 1] - table.row_start[numbers]
    starts = np.append(0, np.cumsum(counts))
    wanted = np.repeat(first - starts[:-1], counts) + np.arange(starts[-1])
    return PassageVectors(numbers, np.asarray(table.article_of_passage[numbers]), vectors.rows(wanted), starts)
