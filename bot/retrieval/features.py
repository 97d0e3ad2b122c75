"""The features of a candidate passage, which the ranking model weighs.

body           cosine with the passage's text
both           cosine with its question, or title and headings, and its text together
best           the greatest cosine with any of its vectors: the question or headings, each alternate, the text, both
top3_mean      the mean of the three greatest of these
words          BM25 over its words, squashed to 0-1
pairs          share of the question's pairs of neighbouring words in it, weighted by idf
article_words  BM25 over all words of its article; 1 if about four content terms match

A multilingual index (`bot.index.passage_rows`) adds "multilingual_body" and the other three cosines by its model.

A feature of words is 0 for a passage that is not among its best matches.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.index.filters import Filters
from bot.index.generation import FIELDS, Generation, Matches, Numbers, PassageVectors, multilingual_for
from bot.products import dot_products
from bot.retrieval.query_rewriting import QueryVariant

COSINES = ("body", "both", "best", "top3_mean")
FEATURES = (*COSINES, "words", "pairs", "article_words")
MULTILINGUAL_COSINES = tuple(f"multilingual_{name}" for name in COSINES)
MULTILINGUAL_FEATURES = (*FEATURES, *MULTILINGUAL_COSINES)

_MIN_CANDIDATES = 50  # minimum number of passages taken from each of the two searches
_TOP = 3  # number of a passage's nearest vectors whose mean is taken; each passage has at least as many
_LEXICAL_DEPTH = 4
"""How many times more matches the lexical searches return, so that candidates found by vectors have a score too."""
_HALF_WORDS = 4.0  # BM25 score that is squashed to 0.5: about two content terms match
_ARTICLE_WORDS = 8.0  # BM25 score of an article that counts as 1

Features = NDArray[np.float64]


class Candidates(NamedTuple):
    """Passages and their features for each variant of a question, in the order of `MULTILINGUAL_FEATURES`."""

    passages: Numbers
    articles: Numbers
    """The number of each passage's article."""
    features: Features
    """Shape (variants, passages, features)."""
    vectors: Matrix
    """The variants' vectors; shape (variants, dimension)."""


def find_candidates(generation: Generation, variants: Sequence[QueryVariant], k: int, filters: Filters) -> Candidates:
    """Return the passages nearest to any variant of a question by vectors and by words, at least `k` if there are any.

    Only passages that match the filters count. Those nearest by a multilingual model are added if there is one.
    """
    most = max(_MIN_CANDIDATES, k)
    texts = [variant.text for variant in variants]
    vectors = generation.encoder.encode_questions(texts)
    depth = _LEXICAL_DEPTH * most
    matches = [[generation.lexical.search(field, text, depth, filters) for field in FIELDS] for text in texts]
    found = {number for by_words, *_ in matches for number in by_words.numbers[:most].tolist()}
    for vector in vectors:
        found.update(generation.nearest(vector[None], most, filters).tolist())
    words = list(dict.fromkeys(variant.multilingual for variant in variants if variant.multilingual is not None))
    index = multilingual_for(generation, variants[0].language) if words else None
    if index is not None:
        multilingual = index.encoder.encode_questions(words)
        for vector in multilingual:
            found.update(index.nearest(vector[None], most, filters).tolist())
    passages = generation.vectors_of(np.array(sorted(found), np.int64), fresh=True)
    lexical = np.stack([_lexical_features(each, passages.numbers, passages.articles) for each in matches])
    parts = [passage_cosines(passages, vectors), lexical]
    if index is not None:
        own = [words.index(variant.multilingual or "") for variant in variants]
        parts.append(passage_cosines(index.vectors_of(passages.numbers), multilingual)[own])
    return Candidates(passages.numbers, passages.articles, np.concatenate(parts, axis=2), vectors)


def _lexical_features(matches: Sequence[Matches], passages: Numbers, articles: Numbers) -> Features:
    """Return the values of `FIELDS` for each passage, whose articles are given, from the matches of one variant."""
    by_words, by_pairs, by_article = matches
    words = _look_up(by_words.numbers, by_words.scores, passages)
    pairs = _look_up(by_pairs.numbers, by_pairs.shares, passages)
    whole = _look_up(by_article.numbers, by_article.scores, articles)
    return np.stack([words / (words + _HALF_WORDS), pairs, whole / _ARTICLE_WORDS], axis=1)


def _look_up(numbers: NDArray[np.int64], values: NDArray[np.float64], wanted: Numbers) -> Features:
    """Return the value of each wanted number; 0 for one that is not among the numbers."""
    found = dict(zip(numbers.tolist(), values.tolist(), strict=True))
    return np.array([found.get(number, 0.0) for number in wanted.tolist()], np.float64)


def passage_cosines(passages: PassageVectors, vectors: Matrix) -> Features:
    """Return the `COSINES` of each passage with each vector; shape (vectors, passages, 4)."""
    if not len(passages.numbers):
        return np.zeros((len(vectors), 0, len(COSINES)))
    starts = passages.starts[:-1]
    owner = np.repeat(np.arange(len(starts)), np.diff(passages.starts))
    cosines = dot_products(passages.rows, vectors).astype(np.float64)
    # Each passage's rows, nearest first.
    falling = np.stack([row[np.lexsort((-row, owner))] for row in cosines])
    best, top_mean = falling[:, starts], np.mean([falling[:, starts + n] for n in range(_TOP)], axis=0)
    body, both = (cosines[:, passages.places(role)] for role in ("body", "both"))
    return np.stack([body, both, best, top_mean], axis=2)
