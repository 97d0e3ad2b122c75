"""How likely words answer a question that continues a conversation, or that was translated."""

from dataclasses import replace

import numpy as np

from bot.index.lexical import content_terms
from bot.reader.reader import Reading

_RELEVANT, _RARE, _OWN_TERMS, _ELSEWHERE = 0.4, 0.9, 4, 0.6
"""A follow-up is less likely answered below this probability that the corpus is about it, and `_ELSEWHERE` times as
likely if its rarest word, of at least `_OWN_TERMS`, is missing: it names something else. Fitted like the limits of
`bot.retrieval.topic`, and on uncovered questions after covered ones."""
_ABOUT_TRANSLATED = 0.35
"""Probability of the first hit from which an article may be about a translated question; fitted on half 0 of the
questions of `tests/questions/hindi.jsonl`."""


def of_translation(reading: Reading, ranking: float) -> Reading | None:
    """Return the words for a question translated word by word; None if by the ranking no article is about it."""
    if ranking < _ABOUT_TRANSLATED:
        return None
    return replace(reading, probability=min(ranking, float(np.cbrt(reading.probability**2 * ranking))))


def share_of_follow_up(question: str, reading: Reading) -> float:
    """Return the factor by which a follow-up is less likely answered than a question asked of one article."""
    names_something_else = reading.missing >= _RARE and len(content_terms(question)) >= _OWN_TERMS
    return min(1.0, reading.relevance / _RELEVANT) * (_ELSEWHERE if names_something_else else 1.0)
