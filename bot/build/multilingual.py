"""Writes the multilingual index of a generation."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bot.build.cache import VectorCache
from bot.build.score_calibration import CalibrationQuestion
from bot.build.vector_index import encode_missing, write_vector_index
from bot.build.workers import LocalWorkers
from bot.encoder import open_multilingual
from bot.index.generation import texts_to_encode
from bot.index.manifest import ENCODER, MultilingualRecord
from bot.index.multilingual_index import MULTILINGUAL
from bot.index.passage_table import PassageTable
from bot.passages import Passage
from bot.settings import BuildSettings


class MultilingualWriter:
    """Encodes passages with the multilingual model; its vectors have a cache of their own."""

    def __init__(self, cache_folder: Path, settings: BuildSettings, weights: str) -> None:
        self._folder, self._settings, self._weights = cache_folder / MULTILINGUAL, settings, weights
        self._cache = VectorCache(self._folder, weights)
        self._rows = self._cache.rows()

    def add(self, passage: Passage) -> None:
        self._rows.add([text for _, text in texts_to_encode(passage)])

    def write(
        self,
        generation: Path,
        table: PassageTable,
        questions: Sequence[CalibrationQuestion],
        progress: Callable[[int, int], None],
    ) -> tuple[MultilingualRecord, int]:
        """Write the index into the folder of a generation; return its record and the number of encoded texts."""
        folder, samples = generation / MULTILINGUAL, [each.question for each in questions]
        folder.mkdir()
        encoder = open_multilingual(self._settings.multilingual_model, self._weights, self._folder / ENCODER, samples)
        encoded = encode_missing(
            self._cache,
            lambda texts, count, done: LocalWorkers().encode(texts, count, encoder, self._weights, done),
            progress,
        )
        facts = write_vector_index(folder, self._rows, encoder, table, questions, self._settings.exact_rows)
        record = MultilingualRecord(
            self._weights, facts.dimension, facts.question_encoder, facts.search, facts.score_calibration,
            facts.check_vector,
        )  # fmt: skip
        return record, encoded

    def close(self) -> None:
        self._cache.close()
