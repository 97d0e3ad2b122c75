"""What answers are measured by: the one door to ir-measures and scipy."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.errors import MissingExtra

Ranking = Sequence[str]
"""What was found, best first, each once."""

RANKING_METRICS = {
    "hit@1": "Success@1",
    "hit@3": "Success@3",
    "hit@5": "Success@5",
    "mrr@10": "RR@10",
    "ndcg@10": "nDCG@10",
    "recall@10": "R@10",
}
"""Our names and those of ir-measures."""
_BINS = 10


def ranking_figures(rankings: Sequence[Ranking], expected: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """The mean of each metric of `RANKING_METRICS` over questions that something answers, 0 to 1; empty without questions."""
    if not rankings:
        return {}
    try:
        import ir_measures
    except ModuleNotFoundError:
        raise MissingExtra("ir-measures", "eval") from None
    gains = [ir_measures.Qrel(str(n), label, gain) for n, each in enumerate(expected) for label, gain in each.items()]
    # A question for which nothing is found would be left out of the mean.
    found = [
        ir_measures.ScoredDoc(str(n), label, -float(place))
        for n, ranking in enumerate(rankings)
        for place, label in enumerate(ranking or [""])
    ]
    measured = ir_measures.calc_aggregate(
        [ir_measures.parse_measure(name) for name in RANKING_METRICS.values()], gains, found
    )
    by_name = {str(measure): float(value) for measure, value in measured.items()}
    return {name: by_name[theirs] for name, theirs in RANKING_METRICS.items()}


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float | None:
    """How likely a positive is above a negative, ties counting half (the Mann-Whitney statistic); None when either is missing."""
    if not len(positive) or not len(negative):
        return None
    try:
        from scipy.stats import mannwhitneyu
    except ModuleNotFoundError:
        raise MissingExtra("scipy", "eval") from None
    return float(mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative)))


def reliability(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Mean probability, share that is right and number, of each of ten bins of equal width that is not empty."""
    bins = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    return [
        (float(probabilities[bins == n].mean()), float(right[bins == n].mean()), int((bins == n).sum()))
        for n in np.unique(bins)
    ]


def calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The expected calibration error (Naeini et al. 2015) over ten bins of equal width."""
    return sum(abs(told - true) * number for told, true, number in reliability(probabilities, right)) / max(
        1, len(probabilities)
    )
