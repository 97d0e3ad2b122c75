"""From vectors to passages and back, for vectors in a local folder.

The vectors of a multilingual model, for questions in other languages than English, are in a folder of their own,
written only if the settings name another language. Row i of them belongs to the same text as row i of the others.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.encoder import Matrix, QuestionEncoder, open_question_encoder
from bot.errors import IndexCorrupt
from bot.index.filters import Filters
from bot.index.generation import FROM_END, Numbers, PassageVectors, Role
from bot.index.manifest import ENCODER, MultilingualRecord
from bot.index.passage_table import PassageTable, ranges
from bot.index.vectors import Vectors

MULTILINGUAL = "multilingual"
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

    def role_vectors(self, numbers: Numbers, role: Role) -> Matrix:
        start = self.table.row_start
        return self.vectors.rows(start[numbers] if role == "question" else start[numbers + 1] - FROM_END[role])


def open_multilingual_index(folder: Path, record: MultilingualRecord, table: PassageTable) -> PassageRows:
    """Open the multilingual index in the folder of a generation.

    Raises `IndexCorrupt` if the folder does not hold it, `MissingExtra` without its model's package.
    """
    part = folder / MULTILINGUAL
    vectors, encoder = Vectors.open(part, record.search), open_question_encoder(part / ENCODER, record.question_encoder)
    if (len(vectors), vectors.dimension) != (len(table.passage_of_row), encoder.dimension):
        problem = f"The multilingual vectors of the index {folder} are not those of its passages"
        raise IndexCorrupt(f"{problem}: run articlebot build.")
    return PassageRows(table, vectors, encoder)
