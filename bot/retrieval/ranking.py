"""The ranking model: features → score → probability.

`ranking.json` holds its coefficients and how they were fitted; `benchmarks/quality/fit_ranking.py` writes it. Questions
in another language that a multilingual index searches too have models of their own, in the language's package.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.index.manifest import ScoreCalibration
from bot.languages.registry import language_of
from bot.retrieval.features import COSINES, MULTILINGUAL_COSINES, MULTILINGUAL_FEATURES

_PRIOR_QUESTIONS = 20
"""Number of calibration questions at which a corpus's own midpoint weighs as much as the fitted one."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankingModel:
    """A linear model that scores the candidates of a question, and a logistic curve from score to probability.

    Cosines are measured from the corpus's midpoint between covered and uncovered questions
    (`bot.build.score_calibration`). That changes no order, but makes scores comparable across corpora.
    """

    weights: Mapping[str, float]
    """By name of feature; missing ones weigh nothing."""
    slope: float
    constant: float
    usual_midpoint: float
    """Midpoint of the corpora it was fitted on, for a corpus too small to have its own."""
    usual_multilingual_midpoint: float = 0.0
    """The same for the multilingual model."""

    @classmethod
    def shipped(cls, language: str | None = None) -> "RankingModel":
        """Return the shipped model, by default the one for all questions that no multilingual index searches."""
        fitted = language_of(language).ranking_model(language) if language else None
        file = fitted or files("bot.retrieval").joinpath("ranking.json")
        return cls.read(json.loads(file.read_text(encoding="utf-8")))

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "RankingModel":
        """Return the model of such a file's contents."""
        return cls(fields["weights"], **fields["probability"])

    def scores(
        self, features: NDArray[np.float64], calibration: ScoreCalibration, multilingual: ScoreCalibration | None = None
    ) -> Scores:
        """Return a score for each row of features, given the calibrations of the corpus's two indexes."""
        weights = np.array([self.weights.get(name, 0.0) for name in MULTILINGUAL_FEATURES[: features.shape[-1]]])
        origin = self.midpoint(calibration) * self._weight_of(COSINES)
        if multilingual is not None:
            midpoint = _midpoint(multilingual, self.usual_multilingual_midpoint)
            origin += midpoint * self._weight_of(MULTILINGUAL_COSINES)
        return np.asarray(features @ weights - origin, np.float64)

    def probabilities(self, scores: Scores) -> Scores:
        """Return the probability that each of the passages with these scores answers the question."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.slope * scores - self.constant)), np.float64)

    def midpoint(self, calibration: ScoreCalibration) -> float:
        """Return the cosine halfway between covered and uncovered questions; near the usual one for a small corpus."""
        return _midpoint(calibration, self.usual_midpoint)

    def _weight_of(self, names: tuple[str, ...]) -> float:
        return sum(self.weights.get(name, 0.0) for name in names)


def _midpoint(calibration: ScoreCalibration, usual: float) -> float:
    own = (calibration.covered + calibration.uncovered) / 2
    return (own * calibration.questions + usual * _PRIOR_QUESTIONS) / (calibration.questions + _PRIOR_QUESTIONS)
