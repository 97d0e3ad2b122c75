"""The second lane of a generation: its passages by a multilingual model, for questions in other languages than English.

It has a folder of its own, is written only where the settings name another language, and is opened only where it was written. Row i of its vectors is row i of
the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.encoder import (
    Matrix,
    PassageEncoder,
    QuestionEncoder,
    multilingual_weights,
    open_multilingual,
    open_question_encoder,
)
from bot.errors import IndexCorrupt
from bot.index.agreement import choose_question_encoder
from bot.index.cache import VectorCache
from bot.index.closeness import Closeness, measure_closeness, probes_of
from bot.index.filters import Filters
from bot.index.generation import PROBE, PassageVectors, check_probe
from bot.index.lane_record import LaneRecord
from bot.index.passage_rows import all_vectors, nearest
from bot.index.passage_table import Numbers, PassageTable, texts_to_encode
from bot.index.vectors import Vectors, write_vectors
from bot.index.workers import Here
from bot.passages import Passage
from bot.settings import BuildSettings

LANE = "multilingual"
_ENCODER = "encoder"
_PLACES = 6
"""Decimals kept of the probe."""


class LaneWriter:
    """Encodes passages by the multilingual model as they come, and keeps the vectors by the hash of their texts, beside those of the other model."""

    def __init__(self, cache_folder: Path, settings: BuildSettings, weights: str) -> None:
        self._folder, self._settings, self._weights = cache_folder / LANE, settings, weights
        self._cache = VectorCache(self._folder, weights)
        self._rows = self._cache.rows()

    def add(self, passage: Passage) -> None:
        self._rows.add([text for _, text in texts_to_encode(passage)])

    def write(self, folder: Path, table: PassageTable, progress: Callable[[int, int], None]) -> tuple[LaneRecord, int]:
        """Write the lane of a generation's folder; returns what the manifest tells of it, and how many texts had to be encoded."""
        lane = folder / LANE
        lane.mkdir()
        probes = probes_of(table)
        questions, reworded = [probe.question for probe in probes], [probe.reworded for probe in probes]
        encoder = open_multilingual(self._settings.multilingual_model, self._weights, self._folder / _ENCODER, questions)
        encoded = self._encode_missing(encoder, progress)
        expected = encoder.encode_questions(reworded)
        plan = write_vectors(lane, self._rows, encoder.dimension, self._settings.exact_rows, expected)
        vectors = Vectors.open(lane, plan)
        kind, exported, _, found = choose_question_encoder(lane / _ENCODER, encoder, vectors, reworded, expected)
        closeness = measure_closeness(table, vectors, probes, exported.encode_questions(questions), found)
        probe = tuple(round(float(x), _PLACES) for x in exported.encode_questions([PROBE])[0])
        return LaneRecord(self._weights, encoder.dimension, kind, plan, closeness, probe), encoded

    def close(self) -> None:
        self._cache.close()

    def _encode_missing(self, encoder: PassageEncoder, progress: Callable[[int, int], None]) -> int:
        missing, done = self._cache.missing(), 0

        def count(finished: int) -> None:
            nonlocal done
            done += finished
            progress(done, missing)

        if missing:
            self._cache.encode_missing(lambda texts: Here().encode(texts, missing, encoder, self._weights, count))
        self._cache.keep_only_wanted()
        return missing


@dataclass(frozen=True, slots=True)
class LocalLane:
    """An open lane of a folder. Safe to read from many threads."""

    table: PassageTable
    vectors: Vectors
    encoder: QuestionEncoder
    record: LaneRecord

    @classmethod
    def open(cls, folder: Path, record: LaneRecord, table: PassageTable) -> "LocalLane":
        """Raises `IndexCorrupt` when the folder of a generation does not hold it, `MissingExtra` when its model's package is not installed."""
        opened = cls(
            table, Vectors.open(folder / LANE, record.search), open_question_encoder(folder / LANE / _ENCODER, record.question_encoder), record
        )
        if (len(opened.vectors), opened.vectors.dimension) != (len(table.passage_of_row), opened.encoder.dimension):
            raise IndexCorrupt(f"The multilingual vectors of the index {folder} are not those of its passages: run articlebot build.")
        return opened

    @property
    def closeness(self) -> Closeness:
        return self.record.closeness

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """As `Lane.nearest`."""
        return nearest(self.table, self.vectors, vector, k, filters)

    def all_vectors(self, numbers: Numbers) -> PassageVectors:
        """As `Lane.all_vectors`."""
        return all_vectors(self.table, self.vectors, numbers)

    def check_encoder(self, name: str) -> None:
        """Raises `IndexCorrupt` when the encoder of the generation of this name gives another vector than at build time."""
        check_probe(self.encoder, self.record.probe, name)


def lane_weights(settings: BuildSettings) -> str | None:
    """What tells the model of a build's second lane from others, None where there is none. Raises `MissingExtra` or `ModelError` when it cannot be had."""
    return multilingual_weights(settings.multilingual_model) if settings.is_multilingual else None
