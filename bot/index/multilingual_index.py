"""The second multilingual of a generation: its passages by a multilingual model, for questions in other languages than English.

It has a folder of its own, is written only where the settings name another language, and is opened only where it was written. Row i of its vectors is row i of
the others.
"""

from dataclasses import dataclass
from pathlib import Path

from bot.encoder import Matrix, QuestionEncoder, open_question_encoder
from bot.errors import IndexCorrupt
from bot.index.filters import Filters
from bot.index.generation import Numbers, PassageVectors, check_vector
from bot.index.manifest import ENCODER, MultilingualRecord, ScoreCalibration
from bot.index.passage_rows import all_vectors, nearest
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors

MULTILINGUAL = "multilingual"


@dataclass(frozen=True, slots=True)
class MultilingualIndex:
    """An open multilingual of a folder. Safe to read from many threads."""

    table: PassageTable
    vectors: Vectors
    encoder: QuestionEncoder
    record: MultilingualRecord

    @classmethod
    def open(cls, folder: Path, record: MultilingualRecord, table: PassageTable) -> "MultilingualIndex":
        """Raises `IndexCorrupt` when the folder of a generation does not hold it, `MissingExtra` when its model's package is not installed."""
        opened = cls(
            table,
            Vectors.open(folder / MULTILINGUAL, record.search),
            open_question_encoder(folder / MULTILINGUAL / ENCODER, record.question_encoder),
            record,
        )
        if (len(opened.vectors), opened.vectors.dimension) != (len(table.passage_of_row), opened.encoder.dimension):
            raise IndexCorrupt(
                f"The multilingual vectors of the index {folder} are not those of its passages: run articlebot build."
            )
        return opened

    @property
    def score_calibration(self) -> ScoreCalibration:
        return self.record.score_calibration

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """As `Lane.nearest`."""
        return nearest(self.table, self.vectors, vector, k, filters)

    def all_vectors(self, numbers: Numbers) -> PassageVectors:
        """As `Lane.all_vectors`."""
        return all_vectors(self.table, self.vectors, numbers)

    def check_encoder(self, name: str) -> None:
        """Raises `IndexCorrupt` when the encoder of the generation of this name gives another vector than at build time."""
        check_vector(self.encoder, self.record.check_vector, name)
