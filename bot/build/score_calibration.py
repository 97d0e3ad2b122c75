"""Score calibration: which cosines are high for one corpus.

In a corpus about one subject every question has a similar passage; in a mixed one only a question that is answered. So
a build asks calibration questions: questions that the corpus answers, reworded, and the same questions without their
article.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.encoder import Matrix
from bot.index.generation import Numbers, Passages
from bot.index.manifest import ScoreCalibration
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors
from bot.languages.registry import ENGLISH, language_of
from bot.passages import Passage

_QUESTIONS = 100
_SAME_QUESTION = 0.92  # minimum cosine at which another article is taken to contain the same question
_NEIGHBOURS = 60


@dataclass(frozen=True, slots=True)
class CalibrationQuestion:
    """A question that the index should answer."""

    passage: Passage
    """The passage that answers it."""
    question: str
    """The question in the words of the passage."""
    reworded: str


Questions = Sequence[CalibrationQuestion]


def calibration_questions(table: Passages, limit: int = _QUESTIONS) -> Questions:
    """Make questions from passages spread evenly over the corpus, from FAQs if there are any.

    Leaves out passages in other languages if there are some in English: cosines of translated words say less about the
    corpus.
    """
    passages = table.sample(limit, faqs=table.facts.faqs > 0)
    english = [passage for passage in passages if language_of(passage.article.language) is ENGLISH]
    return [_make_question(passage, number) for number, passage in enumerate(english or passages)]


def _make_question(passage: Passage, number: int) -> CalibrationQuestion:
    # Without a question, the longest of the first four sentences.
    question = passage.question or max(re.split(r"(?<=[.!?])\s+", passage.text)[:4], key=len)[:300]
    return CalibrationQuestion(passage, question, _reword(question, number))


def measure_score_levels(
    table: PassageTable, vectors: Vectors, calibration: Questions, own_words: Matrix, reworded: Matrix
) -> ScoreCalibration:
    """Compare the cosines of calibration questions with and without their article, given vectors of both wordings."""
    covered, uncovered = [], []
    for each, question, variant in zip(calibration, own_words, reworded, strict=True):
        _, nearest = vectors.search(variant[None], 1)
        rows, cosines = vectors.search(question[None], _NEIGHBOURS)
        other = _nearest_elsewhere(table, each.passage, rows, cosines)
        if other is not None and other < _SAME_QUESTION:
            covered.append(float(nearest[0]))
            uncovered.append(other)
    if not covered:
        return ScoreCalibration(0.0, 0.0, 0)
    return ScoreCalibration(round(float(np.mean(covered)), 4), round(float(np.mean(uncovered)), 4), len(covered))


def _nearest_elsewhere(table: PassageTable, passage: Passage, rows: Numbers, cosines: Matrix) -> float | None:
    """Return the greatest cosine in other articles, but not in those in another language, which may be translations."""
    for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
        other = table.passage(int(table.passage_of_row[row])).article
        if other.id != passage.article.id and other.language == passage.article.language:
            return float(cosine)
    return None


def _reword(question: str, number: int) -> str:
    """Drop words, reverse them, or misspell them, by turns: a stand-in for a visitor's wording."""
    words = question.split()
    match number % 3:
        case 0:
            words = [word for place, word in enumerate(words) if place % 4 != 1]
        case 1:
            words.reverse()
        case _:
            words = [_misspell(word) if place % 2 else word for place, word in enumerate(words)]
    return " ".join(words)


def _misspell(word: str) -> str:
    """Swap the third and the fourth letter of a long word."""
    return word[:2] + word[3:4] + word[2:3] + word[4:] if len(word) > 4 else word
