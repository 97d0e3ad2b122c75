"""What a question asks: its content words, and the kinds of answer that it wants."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from bot.index.generation import Generation
from bot.index.lexical import content_terms
from bot.languages.registry import ENGLISH, combined_pattern

_WORD = re.compile(r"[^\W_]+")
# A text in lower case is searched twice as fast as one with capitals, which must be ignored at each letter.
_NEGATION = re.compile(rf"\b(?:{combined_pattern('negations')})\b")
_ASKS = [re.compile(pattern) for pattern in ENGLISH.patterns.asks.values()]
_HOLDS = [re.compile(ENGLISH.patterns.holds[kind]) for kind in ENGLISH.patterns.asks]


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """The content words of a question."""

    stems: tuple[str, ...]
    weights: NDArray[np.float64]
    """The inverse document frequency of each stem."""
    kinds: NDArray[np.bool_]
    """Which of `kinds_of_answer` the question wants."""
    is_negated: bool

    @classmethod
    def of(cls, question: str, generation: Generation) -> "QuestionTerms":
        content, total = set(content_terms(question)), generation.table.facts.passages
        weights: dict[str, float] = {}
        for word in _WORD.findall(question.lower()):
            for stem in content.intersection(content_terms(word)):
                known = generation.vocabulary.passages_with(word) or 0
                weights[stem] = log((total + 1) / (known + 0.5))
        return cls(tuple(weights), np.array([*weights.values()]), asked(question), is_negated(question))

    def found(self, texts: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
        """Return which content words each text, a set of stems, contains; shape (texts, stems)."""
        return np.array([[stem in text for stem in self.stems] for text in texts], bool).reshape(len(texts), -1)

    def shares(self, found: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the share of the content words that each text contains, weighted by idf."""
        return found @ self.weights / max(float(self.weights.sum()), 1e-9)

    def rarest_missing(self, found: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the weight of the rarest content word that each text lacks, as a share of the rarest of all."""
        missing = np.where(found, 0.0, self.weights)
        return np.asarray(missing.max(axis=1, initial=0.0) / max(float(self.weights.max(initial=0.0)), 1e-9))


def kinds_of_answer() -> tuple[str, ...]:
    """Return the kinds of answer that are told apart, such as an amount, a date or a place."""
    return tuple(ENGLISH.patterns.asks)


def asked(question: str) -> NDArray[np.bool_]:
    """Return which kinds of answer a question wants."""
    lower = question.lower()
    return np.array([bool(asks.search(lower)) for asks in _ASKS])


def held(sentence: str) -> NDArray[np.bool_]:
    """Return which kinds of answer a sentence may hold."""
    lower = sentence.lower()
    return np.array([bool(holds.search(lower)) for holds in _HOLDS])


def is_negated(text: str) -> bool:
    """Whether a text contains a negation."""
    return _NEGATION.search(text.lower()) is not None
