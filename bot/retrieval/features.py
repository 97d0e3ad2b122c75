"""What is measured between a question and each candidate passage.

body           cosine with the passage's text
both           cosine with its question, or title and headings, and its text together
best           the greatest cosine with any of its vectors: the question or headings, each alternate, the text, both together
top3_mean      the mean of the three greatest of these
words          BM25 over its words, squashed to 0-1
pairs          what share of the question's pairs of neighbouring words it holds, weighed by their rarity
article_words  BM25 over all words of its article; 1 where about four telling words are found

With a multilingual index (`bot.index.multilingual_index`) come "multilingual_body", "multilingual_both", "multilingual_best" and "multilingual_top3_mean", the same cosines by the multilingual model.

A signal of words is 0 for a passage that is not among the best by it. Of a reading in Devanagari, which the model does not understand, all cosines are
the share of its words that a passage in Hindi holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.index.filters import Filters
from bot.index.generation import FIELDS, Generation, Matches, Numbers, PassageVectors, VectorSearch, multilingual_for
from bot.retrieval.query_rewriting import QueryVariant

COSINES = ("body", "both", "best", "top3_mean")
FEATURES = (*COSINES, "words", "pairs", "article_words")
MULTILINGUAL_COSINES = tuple(f"multilingual_{name}" for name in COSINES)
MULTILINGUAL_FEATURES = (*FEATURES, *MULTILINGUAL_COSINES)

_CANDIDATES = 50
"""The least number of passages taken from each of the two searches."""
_MEAN_OF = 3
"""Nearest vectors of a passage whose mean is taken: it has at least as many."""
_DEEP = 4
"""How many times as many are asked of the searches by words: a candidate that comes from the vectors should not lack its score."""
_HALF_WORDS = 4.0
"""The score by words that counts as 0.5: about two of a question's telling words found."""
_FULL_SHARE = 0.5
"""The share by words of a passage that holds each of a question's words once, in a text of common length."""
_ARTICLE_WORDS = 8.0
"""The score by words of an article that counts as 1."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passage numbers and, for each reading of a question, one row of signals for each of them, in the order of `FEATURES` or `MULTILINGUAL_FEATURES`."""

    passages: Numbers
    articles: Numbers
    """The number of each passage's article."""
    signals: NDArray[np.float64]
    """Shape (readings, passages, signals)."""
    vectors: Matrix
    """Shape (readings, dimension)."""


def find_candidates(generation: Generation, readings: Sequence[QueryVariant], k: int, filters: Filters) -> Candidates:
    """The passages nearest by meaning and nearest by words to any reading of a question, at least `k` where there are as many.

    Passages that do not meet the filters take no part. Where a multilingual model reads the question, those nearest by it are among them.
    """
    most = max(_CANDIDATES, k)
    vectors = generation.encoder.encode_questions([reading.words for reading in readings])
    overlaps = [_Overlap.of(generation, reading.words, _DEEP * most, filters) for reading in readings]
    found = {number for overlap in overlaps for number in overlap.words.numbers[:most].tolist()}
    for reading, vector in zip(readings, vectors, strict=True):
        if reading.form != "devanagari":
            found.update(generation.nearest(vector[None], most, filters).tolist())
    heard = _Heard.of(generation, readings)
    if heard is not None:
        found |= heard.nearest(most, filters)
    held = generation.vectors_of(np.array(sorted(found), np.int64), fresh=True)
    near, articles = nearness(held, vectors), held.articles
    for row, (reading, overlap) in enumerate(zip(readings, overlaps, strict=True)):
        if reading.form == "devanagari":
            near[row] = _nearness_by_words(generation, held.numbers, overlap.words)[:, None]
    each = [
        np.hstack([one, overlap.signals(held.numbers, articles)]) for one, overlap in zip(near, overlaps, strict=True)
    ]
    if heard is not None:
        each = [np.hstack(pair) for pair in zip(each, heard.nearness(held.numbers), strict=True)]
    return Candidates(held.numbers, articles, np.stack(each), vectors)


@dataclass(frozen=True, slots=True)
class _Heard:
    """Readings of a question as the multilingual model understands them."""

    multilingual: VectorSearch
    vectors: Matrix
    """One for each different wording."""
    wording: Sequence[int]
    """Which of them each reading has."""

    @classmethod
    def of(cls, generation: Generation, readings: Sequence[QueryVariant]) -> "_Heard | None":
        spoken = list(dict.fromkeys(reading.spoken for reading in readings if reading.spoken is not None))
        multilingual = multilingual_for(generation, "hi") if spoken else None
        if multilingual is None:
            return None
        return cls(
            multilingual,
            multilingual.encoder.encode_questions(spoken),
            [spoken.index(reading.spoken or "") for reading in readings],
        )

    def nearest(self, most: int, filters: Filters) -> set[int]:
        return {
            number
            for vector in self.vectors
            for number in self.multilingual.nearest(vector[None], most, filters).tolist()
        }

    def nearness(self, numbers: Numbers) -> NDArray[np.float64]:
        """As the function of this name, of each reading."""
        return nearness(self.multilingual.vectors_of(numbers), self.vectors)[list(self.wording)]


def _nearness_by_words(generation: Generation, numbers: Numbers, words: Matches) -> NDArray[np.float64]:
    """What stands for the cosine of each passage with a reading that the model does not understand; 0 for one that is not in Hindi."""
    hindi = np.array([passage.article.language == "hi" for passage in generation.table.passages(numbers)], bool)
    return np.where(hindi, np.minimum(1.0, _looked_up(words.numbers, words.shares, numbers) / _FULL_SHARE), 0.0)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """What shares words with one reading."""

    words: Matches
    pairs: Matches
    articles: Matches

    @classmethod
    def of(cls, generation: Generation, words: str, most: int, filters: Filters) -> "_Overlap":
        return cls(*(generation.lexical.search(field, words, most, filters) for field in FIELDS))

    def signals(self, passages: Numbers, articles: Numbers) -> NDArray[np.float64]:
        """Words, pairs and article_words of each passage, of which each has an article."""
        words = _looked_up(self.words.numbers, self.words.scores, passages)
        pairs = _looked_up(self.pairs.numbers, self.pairs.shares, passages)
        whole = _looked_up(self.articles.numbers, self.articles.scores, articles)
        return np.stack([words / (words + _HALF_WORDS), pairs, whole / _ARTICLE_WORDS], axis=1)


def _looked_up(numbers: NDArray[np.int64], values: NDArray[np.float64], wanted: Numbers) -> NDArray[np.float64]:
    """The value of each wanted number, 0 for one that is not among the numbers."""
    if not len(numbers):
        return np.zeros(len(wanted))
    order = np.argsort(numbers)
    places = order[np.searchsorted(numbers, wanted, sorter=order).clip(max=len(numbers) - 1)]
    return np.where(numbers[places] == wanted, values[places], 0.0)


def nearness(passages: PassageVectors, vectors: Matrix) -> NDArray[np.float64]:
    """Body, both, best and three of each passage; shape (vectors, passages, 4)."""
    if not len(passages.numbers):
        return np.zeros((len(vectors), 0, len(COSINES)))
    starts = passages.starts[:-1]
    owner = np.repeat(np.arange(len(starts)), np.diff(passages.starts))
    cosines = (vectors @ passages.rows.T).astype(np.float64)
    # Each passage's rows nearest first: a passage has at least three.
    falling = np.stack([row[np.lexsort((-row, owner))] for row in cosines])
    best, three = falling[:, starts], np.mean([falling[:, starts + n] for n in range(_MEAN_OF)], axis=0)
    return np.stack([*(cosines[:, passages.places(role)] for role in ("body", "both")), best, three], axis=2)
