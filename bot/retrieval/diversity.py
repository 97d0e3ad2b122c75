"""Which candidates make a list worth reading: each thing said once, by its newest article, and not all of it by one article."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.index.filters import last_change
from bot.index.generation import Generation, Numbers, role_vectors
from bot.passages import Passage
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import SAME_QUESTION, asks_exactly, same_passages, same_question

_TIE = 0.002
"""Scores so near each other say nothing about which of two answers to the same question is the better one."""
_FITS = 0.1
"""A passage fits a question as long as its score is not further below the first one's: there a hit is a seventh as likely as at the first."""
_TIMES, _LEAST = 1.25, 10
"""How many times as many candidates as hits are compared with each other, and how many at least."""


def diverse(
    generation: Generation, numbers: Numbers, articles: Numbers, scores: NDArray[np.float64], k: int
) -> list[int]:
    """The rows of the at most `k` candidates to show, best first, of passages with these numbers, articles and scores.

    Of passages that are the same but for a word or two only the newest article's counts, at the place of the best; of two that answer the same question
    with nearly the same score the newer comes first; and one article has at most half of the list while others fit the question.
    """
    order = np.argsort(-scores, kind="stable").tolist()[: max(_LEAST, int(k * _TIMES))]
    if k < 1 or not order:
        return []
    once = _newer_first(generation, numbers, scores, _newest_of_same(generation, numbers, order))
    return _shared_out(once, articles, scores, k)


def _newest_of_same(generation: Generation, numbers: Numbers, order: Sequence[int]) -> list[int]:
    """The rows without those that say what another one says; what remains of several is the newest, at the place of the first."""
    kept = dict(enumerate(order))
    for first, second in same_passages(generation, numbers[list(order)]):
        if first in kept and second in kept:
            kept[first] = _newer(generation, numbers, kept[first], kept.pop(second))
    return list(kept.values())


def _newer(generation: Generation, numbers: Numbers, row: int, other: int) -> int:
    one, two = generation.table.passages(numbers[[row, other]].tolist())
    return other if is_newer(two, one) else row


def _shared_out(
    order: Sequence[int], articles: NDArray[np.integer[Any]], scores: NDArray[np.float64], k: int
) -> list[int]:
    """The first `k` rows, of which one article has more than half only where no other one fits."""
    fitting = [row for row in order if scores[row] >= scores[order[0]] - _FITS]
    taken: Counter[int] = Counter()
    spread: list[int] = []
    held: list[int] = []
    for row in fitting:
        taken[articles[row]] += 1
        (spread if taken[articles[row]] <= (k + 1) // 2 else held).append(row)
    chosen = {*[*spread, *held, *order[len(fitting) :]][:k]}
    return [row for row in order if row in chosen]


def _newer_first(
    generation: Generation, numbers: Numbers, scores: NDArray[np.float64], order: Sequence[int]
) -> list[int]:
    """The rows, neighbours that answer the same question about equally well with the newer one first."""
    order = list(order)
    questions = role_vectors(generation, numbers[order], "question")
    alike = np.sum(questions[:-1] * questions[1:], axis=1) >= SAME_QUESTION
    tied = scores[order][:-1] - scores[order][1:] <= _TIE
    for place in np.flatnonzero(alike & tied).tolist():
        one, other = generation.table.passages(numbers[order[place : place + 2]].tolist())
        if is_newer(other, one) and same_question(generation, one, other):
            order[place : place + 2] = reversed(order[place : place + 2])
    return order


def own_words_first(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits with those first whose own question was asked, the newest of them at the top."""
    own = [hit for hit in hits if asks_exactly(hit.passage, question)]
    newest = sorted(own, key=lambda hit: last_change(hit.passage.article) or date.min, reverse=True)
    return [*newest, *(hit for hit in hits if hit not in own)]


def is_newer(passage: Passage, than: Passage) -> bool:
    """Whether a passage's article was changed later than another's; one without a date is not newer than any, nor older."""
    day, other = last_change(passage.article), last_change(than.article)
    return day is not None and other is not None and day > other
