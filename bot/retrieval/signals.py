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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.index.lexical import Match
from bot.index.passage_table import ROLES

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


def find_candidates(generation: Generation, phrasings: Sequence[str], k: int, filters: Filters) -> Candidates:
    """The passages nearest by meaning and nearest by words to any phrasing of a question, at least `k` where there are as many.

    Passages that do not meet the filters take no part.
    """
    admitted = None if filters == Filters() else generation.table.rows_admitted(filters)
    most = max(_CANDIDATES, k)
    vectors = generation.encoder.encode_questions(phrasings)
    overlaps = [_Overlap.of(generation, phrasing, _DEEP * most, filters) for phrasing in phrasings]
    found = {number for overlap in overlaps for number in islice(overlap.words, most)}
    for vector in vectors:
        near, _ = generation.vectors.search(vector[None], most * _ROWS_EACH, admitted)
        found.update(list(dict.fromkeys(generation.table.passage_of_row[near].tolist()))[:most])
    passages = np.array(sorted(found), np.int64)
    each = [
        np.hstack([_nearness(generation, passages, vector), overlap.signals(generation, passages)])
        for vector, overlap in zip(vectors, overlaps, strict=True)
    ]
    return Candidates(passages, np.stack(each))


@dataclass(frozen=True, slots=True)
class _Overlap:
    """What shares words with one phrasing, by number."""

    words: Mapping[int, Match]
    pairs: Mapping[int, Match]
    articles: Mapping[int, Match]

    @classmethod
    def of(cls, generation: Generation, phrasing: str, most: int, filters: Filters) -> "_Overlap":
        lexical = generation.lexical
        searches = (lexical.passages_by_words, lexical.passages_by_pairs, lexical.articles_by_words)
        return cls(*({match.number: match for match in search(phrasing, most, filters)} for search in searches))

    def signals(self, generation: Generation, passages: NDArray[np.int64]) -> NDArray[np.float64]:
        """Words, pairs and article_words of each passage."""
        numbers, articles = passages.tolist(), generation.table.article_of_passage[passages].tolist()
        words = np.array([self.words[n].score if n in self.words else 0.0 for n in numbers])
        pairs = np.array([self.pairs[n].share if n in self.pairs else 0.0 for n in numbers])
        whole = np.array([self.articles[n].score if n in self.articles else 0.0 for n in articles])
        return np.stack([words / (words + _HALF_WORDS), pairs, whole / _ARTICLE_WORDS], axis=1)


def _nearness(generation: Generation, passages: NDArray[np.int64], vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """Body, both, best and three of each passage."""
    if not len(passages):
        return np.zeros((0, len(COSINES)))
    first, counts = generation.table.row_start[passages], np.diff(generation.table.row_start)[passages]
    starts = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(len(passages)), counts)
    flat = np.repeat(first - starts, counts) + np.arange(counts.sum())
    cosines = (generation.vectors.rows(flat) @ vector).astype(np.float64)
    by_role = np.full((len(passages), len(ROLES)), -1.0)
    np.maximum.at(by_role, (owner, generation.table.role_of_row[flat]), cosines)
    # Each passage's rows nearest first: a passage has at least three.
    falling = cosines[np.lexsort((-cosines, owner))]
    best, three = falling[starts], np.mean([falling[starts + n] for n in range(_ROWS_EACH)], axis=0)
    return np.stack([by_role[:, ROLES.index("body")], by_role[:, ROLES.index("both")], best, three], axis=1)
