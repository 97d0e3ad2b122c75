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
    """Two linear models over the signals: one to rank the candidates of a question, one, with a logistic curve, to tell how likely one answers it.

    They differ because what ranks well within one question need not mean the same for another: longer questions cover less.
    """

    score: Mapping[str, float]
    """Weights by name of signal; one that is not named counts nothing."""
    probability: Mapping[str, float]
    constant: float

    @classmethod
    def shipped(cls) -> "RankingModel":
        """The model fitted on public question sets."""
        fields = json.loads(files("bot.retrieval").joinpath("ranking.json").read_text(encoding="utf-8"))
        return cls(fields["score"], fields["probability"], fields["constant"])

    def scores(self, signals: NDArray[np.float64]) -> Scores:
        """One score for each row of signals."""
        return _weighed(signals, self.score)

    def probabilities(self, signals: NDArray[np.float64]) -> Scores:
        """How likely the passages of these rows of signals answer the question."""
        return 1.0 / (1.0 + np.exp(-self.constant - _weighed(signals, self.probability)))


def _weighed(signals: NDArray[np.float64], weights: Mapping[str, float]) -> Scores:
    return np.asarray(signals @ np.array([weights.get(name, 0.0) for name in SIGNALS]), np.float64)
