"""The vectors of a multilingual model, for questions in other languages than English.

They are in a folder of their own, written only if the settings name another language. Row i of these vectors belongs
to the same text as row i of the others.
"""

from dataclasses import dataclass
from pathlib import Path

from bot.encoder import Matrix, QuestionEncoder, open_question_encoder
from bot.errors import IndexCorrupt
from bot.index import passage_rows
from bot.index.filters import Filters
from bot.index.generation import Numbers, PassageVectors
from bot.index.manifest import ENCODER, MultilingualRecord
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors

MULTILINGUAL = "multilingual"


@dataclass(frozen=True, slots=True)
class MultilingualIndex:
    """The open multilingual index of a generation in a folder. Safe to read from many threads."""

    table: PassageTable
    vectors: Vectors
    encoder: QuestionEncoder

    @classmethod
    def open(cls, folder: Path, record: MultilingualRecord, table: PassageTable) -> "MultilingualIndex":
        """Open it. Raises `IndexCorrupt` if the folder does not hold it, `MissingExtra` without its model's package."""
        part = folder / MULTILINGUAL
        encoder = open_question_encoder(part / ENCODER, record.question_encoder)
        opened = cls(table, Vectors.open(part, record.search), encoder)
        if (len(opened.vectors), opened.vectors.dimension) != (len(table.passage_of_row), encoder.dimension):
            raise IndexCorrupt(
                f"The multilingual vectors of the index {folder} are not those of its passages: run articlebot build."
            )
        return opened

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        return passage_rows.nearest(self.table, self.vectors, vector, k, filters)

    def vectors_of(self, numbers: Numbers, *, fresh: bool = False) -> PassageVectors:  # noqa: ARG002
        return passage_rows.vectors_of(self.table, self.vectors, numbers)
