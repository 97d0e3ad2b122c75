"""The passages that the reader reads: the first hits, and all that is near in the two best articles."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.encoder.tokens import TokenEncoder
from bot.index.filters import Filters
from bot.index.generation import Generation, numbers_of
from bot.index.sentences import cosines as cosines_of
from bot.passages import Passage, sentences_of
from bot.products import dot_products
from bot.reader.late_interaction import late_interaction
from bot.retrieval.features import passage_cosines
from bot.retrieval.search_result import SearchResult

_HITS, _ARTICLES, _PER_ARTICLE = 20, 2, 30
"""Numbers of first hits that are read, of articles that are read further, and of passages read of each of these."""

_UNANSWERED = 3  # number of questions that no article answers whose cosines count
SAME_QUESTION = 0.85
"""Cosine from which another question is taken for the visitor's."""
_FAR = -0.5  # difference in score from which a passage is as far from the first hit as one that is no hit


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages with their cosines, and with the sentences of each."""

    passages: list[Passage]
    cosines: NDArray[np.float64]
    """With text, both, best, the mean of the best three, and the headings or question; shape (passages, 5)."""
    ranked: NDArray[np.float64]
    """Score of the ranking model below the first hit's, and whether it is the first hit; shape (passages, 2)."""
    sentences: list[list[str]]
    sentence_cosines: list[NDArray[np.float32]]
    late: list[NDArray[np.float64]]
    """`bot.reader.late_interaction.LATE` of each passage's sentences."""
    unanswered: float
    """How near questions are that no article answers: see `_nearness`."""


def read_candidates(generation: Generation, result: SearchResult, further: Iterable[str] = ()) -> Candidates:
    """Return the passages to read for a question; `further` are ids of articles that are read beside the best two."""
    vector = result.vector
    hits = [hit.passage for hit in result.hits[:_HITS]]
    numbers = dict.fromkeys(numbers_of(generation.table, hits).tolist())
    best = list(dict.fromkeys(passage.article.id for passage in hits))[:_ARTICLES]
    for article in dict.fromkeys((*best, *further)):
        numbers |= dict.fromkeys(generation.nearest(vector[None], _PER_ARTICLE, Filters(article=article)).tolist())
    found = generation.vectors_of(np.array([*numbers], np.int64))
    passages = generation.table.passages(found.numbers.tolist())
    headings = dot_products(found.rows[found.places("question")], vector)
    cosines = np.concatenate([passage_cosines(found, vector[None])[0], headings[:, None]], axis=1)
    sentences = [sentences_of(passage) for passage in passages]
    vectors, counts = generation.sentence_vectors(passages), [len(texts) for texts in sentences]
    several = np.split(cosines_of(vectors.rows, vector), vectors.starts[1:-1])
    each = [own if len(own) else row[1:2] for own, row in zip(several, cosines, strict=True)]
    encoder = generation.encoder
    asked = encoder.encode_tokens(result.query) if isinstance(encoder, TokenEncoder) else None
    first = result.hits[0]
    gaps = {hit.passage.id: hit.score - first.score for hit in result.hits}
    ranked = [(max(_FAR, gaps.get(one.id, _FAR)), one.id == first.passage.id) for one in passages]
    unanswered = _nearness(dot_products(generation.unanswered, vector))
    each, late = [np.asarray(some, np.float32) for some in each], late_interaction(asked, vectors, counts)
    return Candidates(passages, cosines, np.array(ranked, float), sentences, each, late, unanswered)


def _nearness(cosines: NDArray[np.float32]) -> float:
    """Return the greatest cosine if it stands for the same question, else the mean of the greatest three.

    One near question alone may ask for a special case of what the articles answer.
    """
    greatest = np.sort(np.append(cosines, [-1.0] * _UNANSWERED))[-_UNANSWERED:]
    return float(greatest[-1] if greatest[-1] >= SAME_QUESTION else greatest.mean())
