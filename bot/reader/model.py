"""The reader's model: features → scores of sentences → the probability that a quote answers.

`reader.json` holds its numbers and how they were fitted; `benchmarks/quality/fit_reader.py` writes it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.products import dot_products, product

Numbers = NDArray[np.float64]

_LEAST, _LEAST_WITHIN, _STEEPNESS = 0.82, 0.05, 4
"""Below this probability that the corpus is about the question, the answer falls with this power of it. Chosen on
tests/questions/uncovered.csv."""
_UNANSWERED, _UNANSWERED_WEIGHT = -0.1, 10.0
"""From this value of the signal `unanswered`, the log-odds that a quote answers fall by this much for each unit. Chosen
on tests/questions/reader.jsonl."""
_ANSWER_SHARE = 0.6
"""The weight of the trees in the geometric mean with the ranking model, which knows strange questions better."""


@dataclass(frozen=True, slots=True)
class SentenceModel:
    """A network with one hidden layer that scores each sentence; the scores of one question compare by softmax."""

    mean: Numbers
    spread: Numbers
    hidden: Numbers
    hidden_bias: Numbers
    output: Numbers
    direct: Numbers
    """Weights of the features past the hidden layer."""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "SentenceModel":
        return cls(**{name: np.array(values, np.float64) for name, values in fields.items()})

    def scores(self, features: Numbers) -> Numbers:
        """Return the score of each sentence; shape (sentences,)."""
        scaled = np.clip((features - self.mean) / self.spread, -4.0, 4.0)
        hidden = np.maximum(product(scaled, self.hidden) + self.hidden_bias, 0.0)
        return dot_products(hidden, self.output) + dot_products(scaled, self.direct)


@dataclass(frozen=True, slots=True)
class AnswerModel:
    """Predicts from signals of a quote whether the corpus is about the question, and if so whether the quote answers.

    The first is a logistic regression, the second gradient-boosted trees (Friedman 2001). Each tree is complete: node n
    has the children 2n + 1 and 2n + 2, and a signal above the threshold leads to the second one.
    """

    relevance: Mapping[str, float]
    """The weight of each signal in the log-odds that the corpus is about the question, and of "constant"."""

    signals: tuple[str, ...]
    inner: NDArray[np.int64]
    """The number of the signal that each inner node compares; shape (trees, inner nodes)."""
    thresholds: Numbers
    leaves: Numbers
    """The log-odds that each leaf adds; shape (trees, leaves)."""
    constant: float

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "AnswerModel":
        inner, (thresholds, leaves) = np.array(fields["inner"]), (np.array(fields[n]) for n in ("thresholds", "leaves"))
        return cls(fields["relevance"], tuple(fields["signals"]), inner, thresholds, leaves, fields["constant"])

    def probability(self, signals: Mapping[str, float], *, is_within: bool) -> float:
        """Return the probability that a quote with these signals answers.

        `is_within` says that the question is asked of one article, which names its subject.
        """
        answers, relevant = self.answer(signals), self.relevant(signals)
        if is_within:
            probability = answers * min(1.0, relevant / _LEAST_WITHIN) ** _STEEPNESS
        else:
            mean = answers**_ANSWER_SHARE * _logistic(signals["ranking"]) ** (1 - _ANSWER_SHARE)
            probability = mean * min(1.0, relevant / _LEAST) ** _STEEPNESS
        fall = _UNANSWERED_WEIGHT * max(0.0, signals["unanswered"] - _UNANSWERED)
        return float(probability / (probability + (1.0 - probability) * np.exp(fall)))

    def relevant(self, signals: Mapping[str, float]) -> float:
        """Return the probability that the corpus is about the question."""
        return _logistic(sum(weight * signals.get(name, 1.0) for name, weight in self.relevance.items()))

    def answer(self, signals: Mapping[str, float]) -> float:
        """Return the probability that the quote answers a question that the corpus is about."""
        values, trees = np.array([signals[name] for name in self.signals]), np.arange(len(self.inner))
        node = np.zeros(len(trees), np.int64)
        while node[0] < self.inner.shape[1]:
            node = 2 * node + 1 + (values[self.inner[trees, node]] > self.thresholds[trees, node])
        return _logistic(self.constant + float(self.leaves[trees, node - self.inner.shape[1]].sum()))


@dataclass(frozen=True, slots=True)
class ReaderModel:
    """Which sentences answer, and how surely."""

    sentences: SentenceModel
    answers: AnswerModel

    @classmethod
    @cache
    def shipped(cls) -> "ReaderModel":
        return cls.read(json.loads(files("bot.reader").joinpath("reader.json").read_text(encoding="utf-8")))

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "ReaderModel":
        return cls(SentenceModel.read(fields["sentences"]), AnswerModel.read(fields["answers"]))


def softmax(scores: Numbers) -> Numbers:
    """Return the shares of scores; their sum is 1."""
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), np.float64)


def _logistic(score: float) -> float:
    return float(1.0 / (1.0 + np.exp(-score)))
