"""Which candidates make a good list: near-duplicates once, from the newest article, and not all from one article."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import numpy as np

from bot.index.filters import last_change
from bot.index.generation import Generation, Numbers
from bot.passages import Passage
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import SameQuestion, asks_exactly, near_duplicate_pairs, same_question
from bot.retrieval.ranking import Scores

_TIE = 0.002  # difference in score that does not show which of two answers to the same question is better
_FITS = 0.1
"""Maximum difference in score to the first passage; there, a hit is a seventh as likely as at the first."""
_NEWER = 0.15
"""Maximum difference in score to a newer hit: a question in the words of the old article is that much closer to it."""
_CANDIDATES_PER_HIT, _MIN_CANDIDATES = 1.25, 10  # number of candidates that are compared with each other


def diverse(generation: Generation, numbers: Numbers, articles: Numbers, scores: Scores, k: int) -> list[int]:
    """Return the positions of up to `k` passages to show, best first.

    Of near-duplicates only the one in the newest article is shown, in the place of the best; of two that answer the
    same question with nearly the same score, the newer one comes first; and one article fills at most half of the list
    while others fit the question.
    """
    order = np.argsort(-scores, kind="stable").tolist()[: max(_MIN_CANDIDATES, int(k * _CANDIDATES_PER_HIT))]
    if k < 1 or not order:
        return []
    unique = _without_near_duplicates(generation, numbers, order)
    return _share_out(_newer_first(generation, numbers, scores, unique), articles, scores, k)


def _without_near_duplicates(generation: Generation, numbers: Numbers, order: Sequence[int]) -> list[int]:
    chosen = dict(enumerate(order))
    for first, second in near_duplicate_pairs(generation, numbers[list(order)]):
        if first in chosen and second in chosen:
            positions = chosen[first], chosen.pop(second)
            one, other = generation.table.passages(numbers[[*positions]].tolist())
            chosen[first] = positions[is_newer(other, one)]
    return list(chosen.values())


def _share_out(order: Sequence[int], articles: Numbers, scores: Scores, k: int) -> list[int]:
    """Return the first `k` positions; one article fills more than half only if no other one fits."""
    fitting = [position for position in order if scores[position] >= scores[order[0]] - _FITS]
    counts, shared, surplus = Counter[int](), list[int](), list[int]()
    for position in fitting:
        counts[articles[position]] += 1
        (shared if counts[articles[position]] <= (k + 1) // 2 else surplus).append(position)
    chosen = {*[*shared, *surplus, *order[len(fitting) :]][:k]}
    return [position for position in order if position in chosen]


def _newer_first(generation: Generation, numbers: Numbers, scores: Scores, order: Sequence[int]) -> list[int]:
    """Swap neighbours that answer the same question about equally well if the second one is newer."""
    order = list(order)
    is_tied = scores[order][:-1] - scores[order][1:] <= _TIE
    passages = generation.table.passages(numbers[order].tolist()) if is_tied.any() else []
    same = SameQuestion(generation, passages)
    for place in np.flatnonzero(is_tied).tolist():
        one, other = passages[place : place + 2]
        if is_newer(other, one) and same(one, other):
            order[place : place + 2], passages[place : place + 2] = [*reversed(order[place : place + 2])], [other, one]
    return order


def exact_matches_first(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Move the FAQs with exactly this question to the front, the newest first."""
    exact = [hit for hit in hits if asks_exactly(hit.passage, question)]
    newest = sorted(exact, key=lambda hit: last_change(hit.passage.article) or date.min, reverse=True)
    return [*newest, *(hit for hit in hits if hit not in exact)]


def newer_hit(generation: Generation, quoted: Hit, hits: Sequence[Hit], threshold: float) -> Hit | None:
    """Return the newest hit that also answers the question of the quoted one, and is from a newer article."""
    likely = [hit for hit in hits if hit.probability >= threshold and quoted.score - hit.score <= _NEWER]
    newer = (hit for hit in likely if is_newer(hit.passage, quoted.passage))
    same = (hit for hit in newer if same_question(generation, quoted.passage, hit.passage))
    return max(same, key=lambda hit: last_change(hit.passage.article) or date.min, default=None)


def is_newer(passage: Passage, than: Passage) -> bool:
    """Whether a passage's article was changed later than another's; False if one has no date."""
    day, other = last_change(passage.article), last_change(than.article)
    return day is not None and other is not None and day > other
