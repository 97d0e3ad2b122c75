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
    """A logistic regression of "the quote answers" on signals of the quote."""

    weights: Mapping[str, float]
    constant: float

    def probability(self, signals: Mapping[str, float]) -> float:
        """Return the probability that a quote with these signals answers the question."""
        score = self.constant + sum(weight * signals[name] for name, weight in self.weights.items())
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
        return cls(SentenceModel.read(fields["sentences"]), AnswerModel(**fields["answers"]))


def softmax(scores: Numbers) -> Numbers:
    """Return the shares of scores; their sum is 1."""
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), np.float64)
