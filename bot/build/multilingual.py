"""Writes the multilingual index of a generation."""

from pathlib import Path

from bot.build.cache import CachedRows, Row, VectorCache
from bot.build.score_calibration import Questions
from bot.build.vector_index import earlier_vectors, encode_missing, write_vector_index
from bot.build.workers import LocalWorkers
from bot.encoder import EncoderInput, open_multilingual
from bot.encoder.encoder import OnCount
from bot.encoder.encoder_input import BODY, BOTH
from bot.index.manifest import ENCODER, MultilingualRecord
from bot.index.passage_rows import MULTILINGUAL
from bot.index.passage_table import PassageTable
from bot.passages import Passage, context
from bot.settings import BuildSettings


class MultilingualWriter:
    """Encodes passages with the multilingual model; its vectors have a cache of their own."""

    def __init__(self, cache_folder: Path, previous: Path | None, settings: BuildSettings, weights: str) -> None:
        self._folder, self._previous = cache_folder / MULTILINGUAL, previous
        self._settings, self._weights = settings, weights
        self.cache = VectorCache(self._folder, weights)
        self._rows = CachedRows(self.cache)
        self.encoded = 0
        """Number of texts that `write` encoded."""

    def add(self, passage: Passage) -> None:
        questions = (context(passage), *passage.alternates)
        *keys, key = self.cache.want([*map(EncoderInput, questions), EncoderInput(passage.text, context(passage))])
        self._rows.add([*(Row(each, 0) for each in keys), Row(key, BODY), Row(key, BOTH)])

    def add_question(self, number: int, question: str) -> None:
        """Add an alternate before the row with this number."""
        (key,) = self.cache.want([EncoderInput(question)])
        self._rows.insert(number, Row(key, 0))

    def write(self, parent: Path, table: PassageTable, questions: Questions, progress: OnCount) -> MultilingualRecord:
        """Write the index into `parent`, the folder of a generation."""
        folder, samples = parent / MULTILINGUAL, [each.question for each in questions]
        folder.mkdir()
        encoder = open_multilingual(self._settings.multilingual_model, self._weights, self._folder / ENCODER, samples)
        self.encoded = encode_missing(self.cache, LocalWorkers(), encoder, progress)
        earlier = earlier_vectors(self._previous, self._weights)
        facts = write_vector_index(folder, self._rows, encoder, table, questions, self._settings.exact_rows, earlier)
        return MultilingualRecord(
            self._weights, facts.dimension, facts.question_encoder, facts.search, facts.score_calibration,
            facts.check_vector,
        )  # fmt: skip
