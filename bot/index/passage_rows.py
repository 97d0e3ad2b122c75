"""From vectors to passages and back, for vectors in a local folder."""

from dataclasses import dataclass

import numpy as np

from bot.encoder import Matrix, QuestionEncoder
from bot.index.filters import Filters
from bot.index.generation import Numbers, PassageVectors
from bot.index.passage_table import PassageTable, ranges
from bot.index.vectors import Vectors

ROWS_PER_PASSAGE = 3
"""Rows searched for each passage that is wanted: a passage has about three."""


@dataclass(frozen=True, slots=True)
class PassageRows:
    """The passages and the vectors of one encoder: `VectorSearch`. Safe to use from many threads."""

    table: PassageTable
    vectors: Vectors
    encoder: QuestionEncoder

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        admitted = None if filters == Filters() else self.table.rows_admitted(filters)
        rows, _ = self.vectors.search(vector, k * ROWS_PER_PASSAGE, admitted)
        return np.array(list(dict.fromkeys(self.table.passage_of_row[rows].tolist()))[:k], np.int64)

    def vectors_of(self, numbers: Numbers, *, fresh: bool = False) -> PassageVectors:  # noqa: ARG002
        wanted, starts = ranges(self.table.row_start, numbers)
        articles = np.asarray(self.table.article_of_passage[numbers])
        return PassageVectors(numbers, articles, self.vectors.rows(wanted), starts)
