"""The ranking model: signals → score and probability.

Its coefficients stand in `ranking.json` beside this module, with how, on what and when they were fitted; `benchmarks/fit_ranking.py` writes it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from bot.retrieval.signals import SIGNALS

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankingModel:
    """A linear model over the signals, and a logistic curve from its score to a probability."""

    weights: Mapping[str, float]
    """By name of signal; one that is not named counts nothing."""
    slope: float
    midpoint: float
    """The score at which the probability is one half."""

    @classmethod
    def shipped(cls) -> "RankingModel":
        """The model fitted on public question sets."""
        fields = json.loads(files("bot.retrieval").joinpath("ranking.json").read_text(encoding="utf-8"))
        return cls(fields["weights"], fields["slope"], fields["midpoint"])

    def scores(self, signals: NDArray[np.float64]) -> Scores:
        """One score for each row of signals."""
        weights = np.array([self.weights.get(name, 0.0) for name in SIGNALS])
        return np.asarray(signals @ weights, np.float64)

    def probabilities(self, scores: Scores) -> Scores:
        """How likely passages of these scores answer the question."""
        return 1.0 / (1.0 + np.exp(-self.slope * (scores - self.midpoint)))
