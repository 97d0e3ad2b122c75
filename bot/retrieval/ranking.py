"""The ranking model: signals → score → probability.

Its coefficients stand in `ranking.json` beside this module, with how, on what and when they were fitted; `benchmarks/quality/fit_ranking.py` writes it. Those of questions
in Hindi and Hinglish that a multilingual model reads as well are in `ranking_hi.json` and `ranking_hinglish.json`, which `benchmarks/quality/fit_hindi.py` writes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.index.manifest import ScoreCalibration
from bot.languages.hindi.rewriting import Language
from bot.retrieval.features import COSINES, MULTILINGUAL_COSINES, MULTILINGUAL_FEATURES

_DOUBT = 20
"""As many calibration_set a corpus must have to count as much as the corpora that the model was fitted on."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankingModel:
    """A linear model over the signals ranks the candidates of a question; a logistic curve of its score tells how likely one answers it.

    Cosines are counted from the corpus's midpoint between what questions reach that it covers and what others reach (`bot.build.score_calibration`): that changes
    no order, but makes the scores of one corpus mean the same as those of another.
    """

    weights: Mapping[str, float]
    """By name of signal; one that is not named counts nothing."""
    slope: float
    constant: float
    usual_midpoint: float
    """That of the corpora it was fitted on, for a corpus too small to have one of its own."""
    usual_multilingual_midpoint: float = 0.0
    """The same of the multilingual model."""

    @classmethod
    def shipped(cls, language: Language = "en") -> "RankingModel":
        """The model fitted on public question sets, for questions in a language; of others than English with the signals of a second multilingual."""
        name = "ranking.json" if language == "en" else f"ranking_{language}.json"
        return cls.read(json.loads(files("bot.retrieval").joinpath(name).read_text(encoding="utf-8")))

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "RankingModel":
        """The model of such a file."""
        return cls(fields["weights"], **fields["probability"])

    def scores(
        self, signals: NDArray[np.float64], calibration: ScoreCalibration, multilingual: ScoreCalibration | None = None
    ) -> Scores:
        """One score for each row of signals of a corpus of this calibration, and of this one by its multilingual model."""
        weights = np.array([self.weights.get(name, 0.0) for name in MULTILINGUAL_FEATURES[: signals.shape[-1]]])
        start = self.midpoint(calibration) * sum(self.weights.get(name, 0.0) for name in COSINES)
        if multilingual is not None:
            start += _midpoint(multilingual, self.usual_multilingual_midpoint) * sum(
                self.weights.get(name, 0.0) for name in MULTILINGUAL_COSINES
            )
        return np.asarray(signals @ weights - start, np.float64)

    def probabilities(self, scores: Scores) -> Scores:
        """How likely the passages with these scores answer the question."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.slope * scores - self.constant)), np.float64)

    def midpoint(self, calibration: ScoreCalibration) -> float:
        """The cosine halfway between a covered and an uncovered question's, the fewer calibration_set the nearer to the usual one."""
        return _midpoint(calibration, self.usual_midpoint)


def _midpoint(calibration: ScoreCalibration, usual: float) -> float:
    own = (calibration.covered + calibration.uncovered) / 2
    return (own * calibration.questions + usual * _DOUBT) / (calibration.questions + _DOUBT)
