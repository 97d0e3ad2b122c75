"""What is measured between a question and each candidate passage.

question   greatest cosine with the passage's question or alternates, or with its title and headings
body       cosine with its text
both       cosine with both together
best       the greatest of these
words      BM25 over its words, squashed to 0–1; 0 when it is not among the best by words
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.index.passage_table import ROLES

SIGNALS = (*ROLES, "best", "article", "words", "coverage")

_CANDIDATES = 50
"""The least number of passages taken from each of the two searches."""
_ROWS_EACH = 3
"""Vector rows searched for each of them: a passage has about three."""
_HALF_WORDS = 10.0
"""The BM25 score that counts as 0.5: about two of a question's telling words found."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passage numbers, and one row of signals for each, in the order of `SIGNALS`."""

    passages: NDArray[np.int64]
    signals: NDArray[np.float64]

    def named(self, row: int) -> Mapping[str, float]:
        return dict(zip(SIGNALS, map(float, self.signals[row]), strict=True))


def find_candidates(generation: Generation, phrasings: Sequence[str], k: int, filters: Filters) -> Candidates:
    """The passages nearest by meaning and nearest by words to any phrasing of a question, at least `k` where there are as many.

    A signal is the mean over the phrasings. Passages that do not meet the filters take no part.
    """
    admitted = None if filters == Filters() else generation.table.rows_admitted(filters)
    most = max(_CANDIDATES, k)
    vectors = generation.encoder.encode_questions(phrasings)
    by_words = [{number: rest for number, *rest in generation.lexical.search(phrasing, most, filters)} for phrasing in phrasings]
    found = {number for scores in by_words for number in scores}
    for vector in vectors:
        near, _ = generation.vectors.search(vector[None], most * _ROWS_EACH, admitted)
        found.update(list(dict.fromkeys(generation.table.passage_of_row[near].tolist()))[:most])
    passages = np.array(sorted(found), np.int64)
    each = [_signals(generation, passages, vector, scores) for vector, scores in zip(vectors, by_words, strict=True)]
    return Candidates(passages, np.mean(each, axis=0))


def _signals(
    generation: Generation, passages: NDArray[np.int64], vector: NDArray[np.float32], by_words: Mapping[int, Sequence[float]]
) -> NDArray[np.float64]:
    signals = np.zeros((len(passages), len(SIGNALS)))
    if not len(passages):
        return signals
    rows = [generation.table.rows_of(number) for number in passages]
    owner = np.repeat(np.arange(len(passages)), [len(own) for own in rows])
    flat = np.concatenate(rows)
    cosines = generation.vectors.rows(flat) @ vector
    signals[:, : len(ROLES)] = -1.0
    np.maximum.at(signals, (owner, generation.table.role_of_row[flat]), cosines)
    best = signals[:, : len(ROLES)].max(axis=1)
    signals[:, SIGNALS.index("best")] = best
    signals[:, SIGNALS.index("article")] = _article_signal(best, generation.table.article_of_passage[passages])
    scores, shares = np.array([by_words.get(number, (0.0, 0.0)) for number in passages.tolist()]).T
    signals[:, SIGNALS.index("words")] = scores / (scores + _HALF_WORDS)
    signals[:, SIGNALS.index("coverage")] = shares
    return signals


def _article_signal(best: NDArray[np.float64], articles: NDArray[np.int64]) -> NDArray[np.float64]:
    order = np.lexsort((-best, articles))
    firsts = np.flatnonzero(np.diff(articles[order], prepend=-1))
    sizes = np.diff(firsts, append=len(order))
    greatest = best[order[firsts]]
    second = np.where(sizes > 1, best[order[np.minimum(firsts + 1, len(order) - 1)]], greatest)
    means = np.empty(len(best))
    means[order] = np.repeat((greatest + second) / 2, sizes)
    return means
