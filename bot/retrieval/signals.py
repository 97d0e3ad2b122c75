"""What is measured between a question and each candidate passage.

body           cosine with the passage's text
both           cosine with its question, or title and headings, and its text together
best           the greatest cosine with any of its vectors: the question or headings, each alternate, the text, both together
three          the mean of the three greatest of these
words          BM25 over its words, squashed to 0-1
pairs          what share of the question's pairs of neighbouring words it holds, weighed by their rarity
article_words  BM25 over all words of its article; 1 where about four telling words are found

A signal of words is 0 for a passage that is not among the best by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.index.lexical import Matches

COSINES = ("body", "both", "best", "three")
SIGNALS = (*COSINES, "words", "pairs", "article_words")

_CANDIDATES = 50
"""The least number of passages taken from each of the two searches."""
_ROWS_EACH = 3
"""Vector rows searched for each of them: a passage has about three."""
_DEEP = 4
"""How many times as many are asked of the searches by words: a candidate that comes from the vectors should not lack its score."""
_HALF_WORDS = 4.0
"""The score by words that counts as 0.5: about two of a question's telling words found."""
_ARTICLE_WORDS = 8.0
"""The score by words of an article that counts as 1."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passage numbers and, for each phrasing of a question, one row of signals for each of them, in the order of `SIGNALS`."""

    passages: NDArray[np.int64]
    signals: NDArray[np.float64]
    """Shape (phrasings, passages, signals)."""
    vectors: Matrix
    """Shape (phrasings, dimension)."""


def find_candidates(generation: Generation, phrasings: Sequence[str], k: int, filters: Filters) -> Candidates:
    """The passages nearest by meaning and nearest by words to any phrasing of a question, at least `k` where there are as many.

    Passages that do not meet the filters take no part.
    """
    admitted = None if filters == Filters() else generation.table.rows_admitted(filters)
    most = max(_CANDIDATES, k)
    vectors = generation.encoder.encode_questions(phrasings)
    overlaps = [_Overlap.of(generation, phrasing, _DEEP * most, filters) for phrasing in phrasings]
    found = {number for overlap in overlaps for number in overlap.words.numbers[:most].tolist()}
    for vector in vectors:
        rows, _ = generation.vectors.search(vector[None], most * _ROWS_EACH, admitted)
        found.update(list(dict.fromkeys(generation.table.passage_of_row[rows].tolist()))[:most])
    passages = np.array(sorted(found), np.int64)
    near = nearness(generation, passages, vectors)
    each = [np.hstack([one, overlap.signals(generation, passages)]) for one, overlap in zip(near, overlaps, strict=True)]
    return Candidates(passages, np.stack(each), vectors)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """What shares words with one phrasing."""

    words: Matches
    pairs: Matches
    articles: Matches

    @classmethod
    def of(cls, generation: Generation, phrasing: str, most: int, filters: Filters) -> "_Overlap":
        lexical = generation.lexical
        searches = (lexical.passages_by_words, lexical.passages_by_pairs, lexical.articles_by_words)
        return cls(*(search(phrasing, most, filters) for search in searches))

    def signals(self, generation: Generation, passages: NDArray[np.int64]) -> NDArray[np.float64]:
        """Words, pairs and article_words of each passage."""
        words = _looked_up(self.words.numbers, self.words.scores, passages)
        pairs = _looked_up(self.pairs.numbers, self.pairs.shares, passages)
        whole = _looked_up(self.articles.numbers, self.articles.scores, generation.table.article_of_passage[passages])
        return np.stack([words / (words + _HALF_WORDS), pairs, whole / _ARTICLE_WORDS], axis=1)


def _looked_up(numbers: NDArray[np.int64], values: NDArray[np.float64], wanted: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """The value of each wanted number, 0 for one that is not among the numbers."""
    if not len(numbers):
        return np.zeros(len(wanted))
    order = np.argsort(numbers)
    places = order[np.searchsorted(numbers, wanted, sorter=order).clip(max=len(numbers) - 1)]
    return np.where(numbers[places] == wanted, values[places], 0.0)


def nearness(generation: Generation, passages: NDArray[np.int64], vectors: Matrix) -> NDArray[np.float64]:
    """Body, both, best and three of each passage; shape (vectors, passages, 4)."""
    table = generation.table
    if not len(passages):
        return np.zeros((len(vectors), 0, len(COSINES)))
    first, counts = table.row_start[passages], table.row_start[passages + 1] - table.row_start[passages]
    starts = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(len(passages)), counts)
    rows = np.repeat(first - starts, counts) + np.arange(len(owner))
    cosines = (vectors @ generation.vectors.rows(rows).T).astype(np.float64)
    body, both = (cosines[:, table.rows_of(passages, role) - first + starts] for role in ("body", "both"))
    # Each passage's rows nearest first: a passage has at least three.
    falling = np.stack([row[np.lexsort((-row, owner))] for row in cosines])
    best, three = falling[:, starts], np.mean([falling[:, starts + n] for n in range(_ROWS_EACH)], axis=0)
    return np.stack([body, both, best, three], axis=2)
