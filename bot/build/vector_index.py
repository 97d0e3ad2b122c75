"""Writes the vectors of one model and its question encoder, and measures both."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.build.cache import CachedRows, VectorCache
from bot.build.encoder_fidelity import choose_question_encoder
from bot.build.score_calibration import Questions, measure_score_levels
from bot.build.workers import Workers
from bot.encoder import PassageEncoder, QuestionEncoderKind
from bot.index.generation import CHECK_SENTENCE
from bot.index.manifest import ENCODER, EncoderFidelity, Manifest, ScoreCalibration
from bot.index.passage_rows import MULTILINGUAL
from bot.index.passage_table import PassageTable
from bot.index.vectors import SearchPlan, Vectors, write_vectors

_DECIMALS = 6  # decimals of the check vector


@dataclass(frozen=True, slots=True)
class VectorFacts:
    """The facts about the vectors of one model that the manifest stores."""

    dimension: int
    question_encoder: QuestionEncoderKind
    encoder_fidelity: EncoderFidelity
    search: SearchPlan
    score_calibration: ScoreCalibration
    check_vector: tuple[float, ...]


OnTexts = Callable[[int, int], None]
"""Called with the number of encoded texts and the total."""


def encode_missing(cache: VectorCache, workers: Workers, encoder: PassageEncoder, progress: OnTexts) -> int:
    """Encode each text that has no vector in the cache; return the number of these texts."""
    missing, done = cache.missing(), 0

    def count(finished: int) -> None:
        nonlocal done
        done += finished
        progress(done, missing)

    if missing:
        progress(0, missing)
        cache.encode_missing(lambda texts: workers.encode(texts, missing, encoder, cache.weights, count))
    cache.keep_only_wanted()
    return missing


def earlier_vectors(previous: Path | None, weights: str) -> Vectors | None:
    """Return the vectors of a model in the folder of the previous generation, if it has them."""
    if previous is None:
        return None
    manifest = Manifest.read(previous)
    folders = (manifest, previous), (manifest.multilingual, previous / MULTILINGUAL)
    found = ((record, folder) for record, folder in folders if record and record.weights == weights)
    return next((Vectors.open(folder, record.search) for record, folder in found), None)


def write_vector_index(
    folder: Path, rows: CachedRows, encoder: PassageEncoder, table: PassageTable, questions: Questions, exact_rows: int,
    earlier: Vectors | None = None,
) -> VectorFacts:  # fmt: skip
    """Write vectors and a question encoder into a folder, and measure them with the calibration questions.

    `earlier` are the vectors of the same model in the previous generation.
    """
    reworded = [each.reworded for each in questions]
    expected = encoder.encode_questions(reworded)
    plan = write_vectors(folder, rows.blocks(), encoder.dimension, exact_rows, expected, earlier)
    vectors = Vectors.open(folder, plan)
    kind, opened, fidelity, found = choose_question_encoder(folder / ENCODER, encoder, vectors, reworded, expected)
    own_words = opened.encode_questions([each.question for each in questions])
    calibration = measure_score_levels(table, vectors, questions, own_words, found)
    check = tuple(round(float(number), _DECIMALS) for number in opened.encode_questions([CHECK_SENTENCE])[0])
    return VectorFacts(encoder.dimension, kind, fidelity, plan, calibration, check)
