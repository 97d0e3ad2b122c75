"""What a fresh index makes of its own questions: a first look at how much it answers, and how rightly, at each threshold.

Reworded questions are nearer to the corpus than those of visitors, and questions whose article is left out nearer than those about something else: so this
shows where an index stands against another one, `articlebot eval` with visitors' questions how good it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.build.score_calibration import calibration_questions
from bot.retrieval.finder import LONGEST_QUESTION, Finder
from bot.retrieval.near_duplicates import same_question

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
_QUESTIONS = 100
_HITS = 10


@dataclass(frozen=True, slots=True)
class Coverage:
    """What happens at one threshold, as shares of 1; None where nothing could be asked."""

    threshold: float
    answered: float | None
    """Of reworded questions."""
    accuracy: float | None
    """Of those answered, how many from the article they are from."""
    refused: float | None
    """Of questions whose article is left out."""


def self_test(finder: Finder, thresholds: Sequence[float] = THRESHOLDS) -> list[Coverage]:
    """Ask an index its own questions in other words, and see what it would say to them without their article."""
    table = finder.generation.table
    told: list[tuple[float, bool]] = []
    elsewhere: list[float] = []
    for each in calibration_questions(table, _QUESTIONS):
        own = each.passage.article.id
        hits = finder.rank(each.reworded[:LONGEST_QUESTION], 1).hits
        told += [(hit.probability, hit.passage.article.id == own) for hit in hits]
        others = [
            hit for hit in finder.rank(each.question[:LONGEST_QUESTION], _HITS).hits if hit.passage.article.id != own
        ]
        elsewhere += [
            hit.probability for hit in others[:1] if not same_question(finder.generation, each.passage, hit.passage)
        ]
    return [_at(threshold, told, elsewhere) for threshold in thresholds]


def _at(threshold: float, told: Sequence[tuple[float, bool]], elsewhere: Sequence[float]) -> Coverage:
    right = [true for probability, true in told if probability >= threshold]
    return Coverage(
        threshold,
        len(right) / len(told) if told else None,
        sum(right) / len(right) if right else None,
        sum(probability < threshold for probability in elsewhere) / len(elsewhere) if elsewhere else None,
    )
