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

Numbers = NDArray[np.float64]


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
        hidden = np.maximum(scaled @ self.hidden + self.hidden_bias, 0.0)
        return np.asarray(hidden @ self.output + scaled @ self.direct, np.float64)


@dataclass(frozen=True, slots=True)
class AnswerModel:
    """Gradient-boosted trees (Friedman 2001) that predict from signals of a quote whether it answers.

    Each tree is complete: node n has the children 2n + 1 and 2n + 2, and a signal above the threshold leads to the
    second one.
    """

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
        return cls(tuple(fields["signals"]), inner, thresholds, leaves, fields["constant"])

    def probability(self, signals: Mapping[str, float]) -> float:
        """Return the probability that a quote with these signals answers the question."""
        values, trees = np.array([signals[name] for name in self.signals]), np.arange(len(self.inner))
        node = np.zeros(len(trees), np.int64)
        while len(trees) and node[0] < self.inner.shape[1]:
            node = 2 * node + 1 + (values[self.inner[trees, node]] > self.thresholds[trees, node])
        score = self.constant + float(self.leaves[trees, node - self.inner.shape[1]].sum()) if len(trees) else 0.0
        return float(1.0 / (1.0 + np.exp(-score)))


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
