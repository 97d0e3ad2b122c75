"""Writes the multilingual index of a generation."""

from collections.abc import Callable
from pathlib import Path

from bot.build.cache import VectorCache
from bot.build.encoder_fidelity import choose_question_encoder
from bot.build.score_calibration import calibrate_scores, calibration_questions
from bot.build.workers import LocalWorkers
from bot.encoder import PassageEncoder, multilingual_weights, open_multilingual
from bot.index.generation import CHECK_SENTENCE, texts_to_encode
from bot.index.manifest import ENCODER, MultilingualRecord
from bot.index.multilingual_index import MULTILINGUAL
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors, write_vectors
from bot.passages import Passage
from bot.settings import BuildSettings

_PLACES = 6
"""Decimals kept of the check vector."""


class MultilingualWriter:
    """Encodes passages by the multilingual model as they come, and keeps the vectors by the hash of their texts, beside those of the other model."""

    def __init__(self, cache_folder: Path, settings: BuildSettings, weights: str) -> None:
        self._folder, self._settings, self._weights = cache_folder / MULTILINGUAL, settings, weights
        self._cache = VectorCache(self._folder, weights)
        self._rows = self._cache.rows()

    def add(self, passage: Passage) -> None:
        self._rows.add([text for _, text in texts_to_encode(passage)])

    def write(
        self, folder: Path, table: PassageTable, progress: Callable[[int, int], None]
    ) -> tuple[MultilingualRecord, int]:
        """Write the multilingual of a generation's folder; returns what the manifest tells of it, and how many texts had to be encoded."""
        multilingual = folder / MULTILINGUAL
        multilingual.mkdir()
        calibration_set = calibration_questions(table)
        questions, reworded = [each.question for each in calibration_set], [each.reworded for each in calibration_set]
        encoder = open_multilingual(self._settings.multilingual_model, self._weights, self._folder / ENCODER, questions)
        encoded = self._encode_missing(encoder, progress)
        expected = encoder.encode_questions(reworded)
        plan = write_vectors(multilingual, self._rows, encoder.dimension, self._settings.exact_rows, expected)
        vectors = Vectors.open(multilingual, plan)
        kind, exported, _, found = choose_question_encoder(multilingual / ENCODER, encoder, vectors, reworded, expected)
        score_calibration = calibrate_scores(
            table, vectors, calibration_set, exported.encode_questions(questions), found
        )
        vector = tuple(round(float(x), _PLACES) for x in exported.encode_questions([CHECK_SENTENCE])[0])
        return MultilingualRecord(self._weights, encoder.dimension, kind, plan, score_calibration, vector), encoded

    def close(self) -> None:
        self._cache.close()

    def _encode_missing(self, encoder: PassageEncoder, progress: Callable[[int, int], None]) -> int:
        missing, done = self._cache.missing(), 0

        def count(finished: int) -> None:
            nonlocal done
            done += finished
            progress(done, missing)

        if missing:
            self._cache.encode_missing(
                lambda texts: LocalWorkers().encode(texts, missing, encoder, self._weights, count)
            )
        self._cache.keep_only_wanted()
        return missing


def multilingual_weights_of(settings: BuildSettings) -> str | None:
    """What tells the model of a build's second multilingual from others, None where there is none. Raises `MissingExtra` or `ModelError` when it cannot be had."""
    return multilingual_weights(settings.multilingual_model) if settings.is_multilingual else None
