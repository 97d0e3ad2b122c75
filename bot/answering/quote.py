"""Which words of a passage answer the question: the whole answer of a FAQ, the best one to three sentences of a section."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.index.generation import Generation
from bot.index.lexical import content_terms
from bot.passages import Passage, Span
from bot.retrieval.finder import Found

_MOST = 3
"""Sentences of one quote."""
_NEAR = 0.7
"""A neighbour of the best sentence belongs to the quote from this share of its score on: so 91 % of the quotes hold the answer in xquad_en, in 48 % of
the words (benchmarks/quality/quotes.py)."""
_SHORT = 100
"""Characters: less is seldom an answer by itself."""
_WORDS = 0.4
"""What the share of the question's telling words counts that a sentence has, against its cosine."""


class Quote(NamedTuple):
    """What of a passage answers a question: both are spans of its text."""

    span: Span
    """What is quoted."""
    matched: Span
    """The sentence of it that fits the question best; all of it, where there is but one or the passage is a FAQ."""


def quote(generation: Generation, found: Found, passage: Passage) -> Quote:
    """What is quoted of a passage as the answer to a question that was read so: of one in Hindi by its words alone, which the model does not understand."""
    if len(passage.sentences) < 2:
        return Quote((0, len(passage.text)), (0, len(passage.text)))
    sentences = [passage.article.text[start:end] for start, end in passage.sentences]
    if passage.article.language == "hi":
        scores = _shares(found.in_hindi or found.meaning, sentences)
    else:
        scores = generation.sentence_cosines(passage, found.vector) + _WORDS * _shares(found.meaning, sentences)
    (first, last), best = _window(scores, sentences), int(np.argmax(scores))
    return Quote(_within(passage, first, last), _within(passage, best, best))


def _within(passage: Passage, first: int, last: int) -> Span:
    """The span of a passage's text from one of its sentences to another."""
    return passage.sentences[first][0] - passage.start, passage.sentences[last][1] - passage.start


def _shares(question: str, sentences: Sequence[str]) -> NDArray[np.float64]:
    asked = set(content_terms(question))
    return np.array([len(asked.intersection(content_terms(sentence))) for sentence in sentences]) / max(1, len(asked))


def _window(scores: NDArray[np.float64], sentences: Sequence[str]) -> Span:
    """The first and last sentence: the best one, and what stands beside it and is nearly as good, or is needed to make sense."""
    first = last = int(np.argmax(scores))
    while last - first + 1 < _MOST:
        before = scores[first - 1] if first > 0 else -np.inf
        after = scores[last + 1] if last + 1 < len(scores) else -np.inf
        asks = sentences[last].endswith("?")
        short = sum(map(len, sentences[first : last + 1])) < _SHORT
        if max(before, after) < (-1 if short or asks else _NEAR * scores.max()):
            break
        first, last = (first, last + 1) if after >= before or (asks and after > -1) else (first - 1, last)
    return first, last
