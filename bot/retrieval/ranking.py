"""The ranking model: signals → score → probability.

Its coefficients stand in `ranking.json` beside this module, with how, on what and when they were fitted; `benchmarks/fit_ranking.py` writes it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from bot.index.closeness import Closeness
from bot.retrieval.signals import COSINES, SIGNALS

_DOUBT = 20
"""As many probes a corpus must have to count as much as the corpora that the model was fitted on."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankingModel:
    """A linear model over the signals ranks the candidates of a question; a logistic curve of its score tells how likely one answers it.

    Cosines are counted from the corpus's midpoint between what questions reach that it covers and what others reach (`bot.index.closeness`): that changes
    no order, but makes the scores of one corpus mean the same as those of another.
    """

    weights: Mapping[str, float]
    """By name of signal; one that is not named counts nothing."""
    slope: float
    constant: float
    usual_midpoint: float
    """That of the corpora it was fitted on, for a corpus too small to have one of its own."""

    @classmethod
    def shipped(cls) -> "RankingModel":
        """The model fitted on public question sets."""
        fields = json.loads(files("bot.retrieval").joinpath("ranking.json").read_text(encoding="utf-8"))
        return cls(fields["weights"], **fields["probability"])

    def scores(self, signals: NDArray[np.float64], closeness: Closeness) -> Scores:
        """One score for each row of signals of a corpus of this closeness."""
        weights = np.array([self.weights.get(name, 0.0) for name in SIGNALS])
        start = self.midpoint(closeness) * sum(self.weights.get(name, 0.0) for name in COSINES)
        return np.asarray(signals @ weights - start, np.float64)

    def probabilities(self, scores: Scores) -> Scores:
        """How likely the passages with these scores answer the question."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.slope * scores - self.constant)), np.float64)

    def midpoint(self, closeness: Closeness) -> float:
        """The cosine halfway between a covered and an uncovered question's, the fewer probes the nearer to the usual one."""
        own = (closeness.covered + closeness.uncovered) / 2
        return (own * closeness.probes + self.usual_midpoint * _DOUBT) / (closeness.probes + _DOUBT)
