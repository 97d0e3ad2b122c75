"""How near questions come to the passages of one corpus, by which a cosine that is high here is told from one that is not.

In a corpus about one subject every question is near to something; in a mixed one only a question that is answered. So the build asks calibration_set: questions
that the corpus covers, in other words than its own, and the same questions with their article left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.encoder import Matrix
from bot.index.generation import Passages, numbers_of
from bot.index.manifest import ScoreCalibration
from bot.index.passage_table import PassageTable
from bot.index.vectors import Vectors
from bot.passages import Passage

_QUESTIONS = 100
_SAME_QUESTION = 0.92
"""From this cosine on another article holds the very question that was left out."""
_NEIGHBOURS = 60


@dataclass(frozen=True, slots=True)
class CalibrationQuestion:
    """A question that an index should answer."""

    passage: Passage
    """What answers it."""
    question: str
    """As it stands there."""
    reworded: str


def calibration_questions(table: Passages, most: int = _QUESTIONS) -> list[CalibrationQuestion]:
    """Questions of passages spread evenly, of FAQs where there are any; not of those in Hindi, all of which the packaged model finds alike, where there are others."""
    passages = table.sample(most, faqs=table.facts.faqs > 0)
    passages = [passage for passage in passages if passage.article.language != "hi"] or passages
    return [_calibration_question(passage, place) for place, passage in enumerate(passages)]


def _calibration_question(passage: Passage, place: int) -> CalibrationQuestion:
    question = passage.question or _telling_sentence(passage.text)
    return CalibrationQuestion(passage, question, _reworded(question, place))


def calibrate_scores(
    table: PassageTable,
    vectors: Vectors,
    calibration_set: Sequence[CalibrationQuestion],
    questions: Matrix,
    reworded: Matrix,
) -> ScoreCalibration:
    """Ask an index its own questions, reworded and with their article left out: row i of both matrices is that of probe i."""
    article_of_row = table.article_of_passage[table.passage_of_row]
    covered, uncovered = [], []
    for each, question, other in zip(calibration_set, questions, reworded, strict=True):
        _, near = vectors.search(other[None], 1)
        rows, cosines = vectors.search(question[None], _NEIGHBOURS)
        elsewhere = cosines[article_of_row[rows] != table.article_of_passage[numbers_of(table, [each.passage])]][:1]
        if len(elsewhere) and elsewhere[0] < _SAME_QUESTION:
            covered.append(float(near[0]))
            uncovered.append(float(elsewhere[0]))
    return (
        ScoreCalibration(round(float(np.mean(covered)), 4), round(float(np.mean(uncovered)), 4), len(covered))
        if covered
        else ScoreCalibration(0.0, 0.0, 0)
    )


def _telling_sentence(text: str) -> str:
    """The longest of the first sentences."""
    return max(re.split(r"(?<=[.!?])\s+", text)[:4], key=len)[:300]


def _reworded(question: str, number: int) -> str:
    """The question with words missing, in another order, or misspelt: what a corpus can tell of how else it might be asked."""
    words = question.split()
    match number % 3:
        case 0:
            kept = [word for place, word in enumerate(words) if place % 4 != 1]
        case 1:
            kept = words[::-1]
        case _:
            kept = [
                word[:2] + word[3:4] + word[2:3] + word[4:] if len(word) > 4 and place % 2 else word
                for place, word in enumerate(words)
            ]
    return " ".join(kept)
