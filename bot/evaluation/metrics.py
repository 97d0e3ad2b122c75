"""Metrics of rankings and probabilities: the only module that imports ir-measures and scipy.stats."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.errors import requires

Ranking = Sequence[str]
"""Labels found, best first, each once."""

RANKING_METRICS = {f"hit@{depth}": f"Success@{depth}" for depth in (1, 3, 5)}
RANKING_METRICS |= {"mrr@10": "RR@10", "ndcg@10": "nDCG@10", "recall@10": "R@10"}
"""Our names and those of ir-measures."""
_BINS = 10


def ranking_metrics(rankings: Sequence[Ranking], expected: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """Compute the mean of each metric in `RANKING_METRICS` over covered questions, 0 to 1; empty without questions."""
    if not rankings:
        return {}
    with requires("ir-measures", "eval"):
        import ir_measures
    gains = [ir_measures.Qrel(str(n), label, gain) for n, each in enumerate(expected) for label, gain in each.items()]
    # A question without any hit would be left out of the mean.
    ranked = ((str(n), label, rank) for n, labels in enumerate(rankings) for rank, label in enumerate(labels or [""]))
    found = [ir_measures.ScoredDoc(question, label, -float(rank)) for question, label, rank in ranked]
    measures = {name: ir_measures.parse_measure(theirs) for name, theirs in RANKING_METRICS.items()}
    measured = ir_measures.calc_aggregate(measures.values(), gains, found)
    return {name: float(measured[measure]) for name, measure in measures.items()}


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float | None:
    """Compute the area under the ROC curve, ties counting half (Mann-Whitney); None if either side is empty."""
    if not len(positive) or not len(negative):
        return None
    with requires("scipy", "eval"):
        from scipy.stats import mannwhitneyu
    return float(mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative)))


def share(flags: Sequence[bool]) -> float | None:
    """Return the share of flags that are true; None if there are none."""
    return sum(flags) / len(flags) if flags else None


def reliability(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Return mean probability, accuracy and count of each non-empty bin, of ten of equal width."""
    bins = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    members = (bins == n for n in np.unique(bins))
    return [(float(probabilities[own].mean()), float(right[own].mean()), int(own.sum())) for own in members]


def calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Compute the expected calibration error (Naeini et al. 2015) over ten bins of equal width."""
    bins = reliability(probabilities, right)
    return sum(abs(mean - accuracy) * count for mean, accuracy, count in bins) / max(1, len(probabilities))
