"""Late interaction: how near the tokens of a question are to their nearest ones in a sentence, and in a passage.

MaxSim of Khattab & Zaharia 2020, "ColBERT", over the tokens of content words in the articles.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.encoder.tokens import QuestionTokens
from bot.index.generation import SentenceVectors
from bot.products import product

_PLACES = ("late", "near_late", "heading_late", "passage_late")
LATE = tuple(f"{place}{measure}" for place in _PLACES for measure in ("", "_content", "_least"))
"""For each sentence, for it and its headings (or the question above), for these, and for the whole passage: the mean
over all tokens of the question, and the mean and the least over the ones of its content words."""


def late_interaction(
    question: QuestionTokens | None, vectors: SentenceVectors, counts: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Return `LATE` of each sentence of each passage, given their numbers; 0 without vectors of tokens."""
    starts, numbers = np.cumsum([0, *counts]), np.arange(len(counts))
    places = vectors.tokens.places
    if question is None or not len(question.vectors) or not len(places):
        return [np.zeros((count, len(LATE))) for count in counts]
    similarities, passage = _similarities(question, vectors), np.repeat(numbers, np.diff(vectors.token_starts))
    inside, owner = places >= 0, np.repeat(numbers, counts)
    sentences = _greatest(similarities[inside], starts[passage[inside]] + places[inside], len(owner))
    headings = _greatest(similarities[~inside], passage[~inside], len(counts))[owner]
    whole = _greatest(similarities, passage, len(counts))[owner]
    near = np.maximum(sentences, headings)
    summaries = [_summary(question, each) for each in (sentences, near, headings, whole)]
    return np.split(np.concatenate(summaries, axis=1).astype(np.float64), starts[1:-1])


def _similarities(question: QuestionTokens, vectors: SentenceVectors) -> NDArray[np.float32]:
    """Return the cosine of each token of the passages with each one of the question."""
    rows = vectors.tokens.vectors.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(product(rows, np.ascontiguousarray(question.vectors.T)) / np.maximum(lengths, 1.0)[:, None])


def _greatest(similarities: NDArray[np.float32], owners: NDArray[np.integer], count: int) -> NDArray[np.float32]:
    """Return each owner's greatest similarity to each token of the question, 0 without tokens; owners are in order."""
    found = np.zeros((count, similarities.shape[1]), np.float32)
    if len(owners):
        present, first = np.unique(owners, return_index=True)
        found[present] = np.maximum.reduceat(similarities, first)
    return found


def _summary(question: QuestionTokens, greatest: NDArray[np.float32]) -> NDArray[np.float32]:
    content = greatest[:, question.is_content]
    return np.stack([greatest.mean(axis=1), content.mean(axis=1), content.min(axis=1)], axis=1)
