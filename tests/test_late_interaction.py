"""Late interaction: the tokens of a question meet their nearest ones in sentences and passages."""

import numpy as np
import pytest

from bot.answering.bot import Bot
from bot.encoder import HashingEncoder, Matrix
from bot.encoder.tokens import CONTEXT, QuestionTokens, TokenEncoder, TokenVectors
from bot.index.generation import SentenceVectors
from bot.reader.candidates import read_candidates
from bot.reader.late_interaction import LATE, late_interaction
from bot.retrieval.finder import Finder


def units(*rows: list[float]) -> Matrix:
    every = np.array(rows, np.float32)
    return np.pad(every / np.linalg.norm(every, axis=1, keepdims=True), ((0, 0), (0, 128 - every.shape[1])))


def vectors_of(*passages: list[tuple[int, list[float]]]) -> SentenceVectors:
    """Return the tokens of passages, each given by its sentence and its direction."""
    own = [
        TokenVectors(np.rint(units(*(row for _, row in each)) * 127).astype(np.int8), np.array([n for n, _ in each]))
        if each
        else TokenVectors.none()
        for each in passages
    ]
    return SentenceVectors.join([np.empty((0, 4), np.float32)] * len(own), own, 4)


QUESTION = QuestionTokens(units([1, 0], [0, 1], [1, 1]), np.array([True, True, False]))


def test_each_token_of_a_question_meets_its_nearest_one_in_a_sentence_and_in_the_passage():
    vectors = vectors_of([(CONTEXT, [1, 1]), (0, [1, 0]), (0, [3, 4]), (1, [0, -1])])
    (found,) = late_interaction(QUESTION, vectors, [3])
    first, second, third = (dict(zip(LATE, row, strict=True)) for row in found)
    diagonal, half = 7 / (5 * 2**0.5), 0.5**0.5
    assert first["late"] == pytest.approx((1 + 0.8 + diagonal) / 3, abs=0.01)
    assert first["late_content"] == pytest.approx(0.9, abs=0.01)
    assert first["late_least"] == pytest.approx(0.8, abs=0.01)
    assert second["late"] == pytest.approx((0 - 1 - half) / 3, abs=0.01)
    assert second["late_least"] == pytest.approx(-1, abs=0.01)
    assert [third[name] for name in LATE[:3]] == [0, 0, 0], "a sentence without content words"
    for row in (first, second, third):
        assert row["passage_late"] == pytest.approx((1 + 0.8 + 1) / 3, abs=0.01), "the headings count for the passage"
        assert row["passage_late_least"] == pytest.approx(0.8, abs=0.01)


def test_passages_keep_their_tokens_apart():
    vectors = vectors_of([(0, [1, 0])], [], [(0, [0, 1]), (1, [1, 0])])
    one, none, two = late_interaction(QUESTION, vectors, [1, 2, 2])
    assert one[0, LATE.index("late_content")] == pytest.approx(0.5, abs=0.01)
    assert not none.any()
    assert two[:, LATE.index("late_content")] == pytest.approx([0.5, 0.5], abs=0.01)
    assert two[:, LATE.index("passage_late_content")] == pytest.approx([1, 1], abs=0.01)


def test_without_tokens_every_value_is_zero():
    assert [each.tolist() for each in late_interaction(None, vectors_of([(0, [1, 0])]), [1])] == [[[0.0] * len(LATE)]]
    assert [each.tolist() for each in late_interaction(QUESTION, vectors_of([]), [1])] == [[[0.0] * len(LATE)]]
    assert not isinstance(HashingEncoder(), TokenEncoder)


def test_the_sentence_about_the_words_of_a_question_is_nearest(bot: Bot):
    generation = bot.retriever.generation
    assert isinstance(generation.encoder, TokenEncoder)
    asked = generation.encoder.encode_tokens("how long is the notice period")
    assert asked is not None
    assert asked.vectors.shape == (6, 128)
    assert asked.is_content.tolist() == [False, True, False, False, True, True]
    candidates = read_candidates(generation, Finder(generation).find("how long is the notice period", 10))
    late = np.concatenate(candidates.late)[:, LATE.index("late_content")]
    sentences = [text for own in candidates.sentences for text in own]
    assert "notice" in sentences[int(late.argmax())].lower()
    assert 0.5 < late.max() <= 1.01
