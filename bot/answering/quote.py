"""Quotes: which words of a passage answer the question."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.index.generation import Generation
from bot.index.lexical import content_terms
from bot.passages import Passage, Span, sentences_of
from bot.retrieval.search_result import SearchResult

_MAX_SENTENCES = 3
_NEAR = 0.7
"""Minimum score, as a share of the best sentence's, of a neighbour that is quoted too: 91 % of the quotes contain the
answer in xquad_en, in 48 % of the words (benchmarks/quality/quotes.py)."""
_SHORT = 100  # number of characters below which a quote is seldom an answer by itself
_TERMS_WEIGHT = 0.4  # weight of the share of the question's content terms in a sentence, against its cosine


class Quote(NamedTuple):
    """The part of a passage that answers a question; both are spans of its text."""

    span: Span
    """The words to quote."""
    matched: Span
    """The sentence that fits the question best; everything if there is only one, or the passage is a FAQ."""


def quote(generation: Generation, result: SearchResult, passage: Passage) -> Quote:
    """Return the whole answer of a FAQ, or the best one to three sentences of a section."""
    if len(passage.sentences) < 2 or passage.kind == "faq":
        return Quote((0, len(passage.text)), (0, len(passage.text)))
    sentences = sentences_of(passage)
    (cosines,) = generation.sentence_cosines([passage], result.vector)
    scores = cosines + _TERMS_WEIGHT * _term_shares(result.query, sentences)
    (first, last), best = _window(scores, sentences), int(np.argmax(scores))
    return Quote(_span(passage, first, last), _span(passage, best, best))


def _span(passage: Passage, first: int, last: int) -> Span:
    """Return the span of a passage's text from one of its sentences to another."""
    return passage.sentences[first][0] - passage.start, passage.sentences[last][1] - passage.start


def _term_shares(question: str, sentences: Sequence[str]) -> NDArray[np.float64]:
    terms = set(content_terms(question))
    return np.array([len(terms.intersection(content_terms(sentence))) for sentence in sentences]) / max(1, len(terms))


def _window(scores: NDArray[np.float64], sentences: Sequence[str]) -> Span:
    """Return the first and last sentence: the best one with neighbours that are nearly as good or complete it."""
    first = last = int(np.argmax(scores))
    while last - first + 1 < _MAX_SENTENCES:
        before = scores[first - 1] if first > 0 else -np.inf
        after = scores[last + 1] if last + 1 < len(scores) else -np.inf
        is_question = sentences[last].endswith("?")
        is_short = sum(map(len, sentences[first : last + 1])) < _SHORT
        if max(before, after) < (-1 if is_short or is_question else _NEAR * scores.max()):
            break
        goes_forward = after >= before or (is_question and after > -1)
        first, last = (first, last + 1) if goes_forward else (first - 1, last)
    return first, last
