"""Self-test of a new index: coverage and accuracy at several thresholds, on questions made from its own corpus.

Reworded questions are nearer to the corpus than visitors' questions, and questions whose article is left out are nearer
than unrelated ones. The self-test only compares indexes; `articlebot eval` with visitors' questions measures quality.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.build.score_calibration import calibration_questions
from bot.evaluation.metrics import share
from bot.retrieval.finder import LONGEST_QUESTION, Finder
from bot.retrieval.near_duplicates import same_question

_QUESTIONS = 50  # number of calibration questions that are asked; a build takes longer with more
_HITS = 10


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Figures at one threshold, as fractions of 1; None if there were no questions."""

    threshold: float
    answered: float | None
    """Share of the reworded questions that is answered."""
    accuracy: float | None
    """Share of these answers that come from the right article."""
    refused: float | None
    """Share of the questions without their article that is refused."""


def self_test(finder: Finder, thresholds: Sequence[float]) -> list[OperatingPoint]:
    """Ask an index its own questions reworded, and with their articles left out."""
    generation = finder.generation
    reworded, left_out = list[tuple[float, bool]](), list[float]()
    for each in calibration_questions(generation.table, _QUESTIONS):
        own = each.passage.article.id
        hits = finder.rank(each.reworded[:LONGEST_QUESTION], 1).hits
        reworded += [(hit.probability, hit.passage.article.id == own) for hit in hits]
        found = finder.rank(each.question[:LONGEST_QUESTION], _HITS).hits
        others = [hit for hit in found if hit.passage.article.id != own][:1]
        left_out += [hit.probability for hit in others if not same_question(generation, each.passage, hit.passage)]
    return [_coverage(threshold, reworded, left_out) for threshold in thresholds]


def _coverage(threshold: float, reworded: Sequence[tuple[float, bool]], left_out: Sequence[float]) -> OperatingPoint:
    right = [true for probability, true in reworded if probability >= threshold]
    answered = share([probability >= threshold for probability, _ in reworded])
    refused = share([probability < threshold for probability in left_out])
    return OperatingPoint(threshold, answered, share(right), refused)
