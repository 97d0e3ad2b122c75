"""Plots of calibration and of the trend over builds: the only module that imports matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.errors import requires
from bot.evaluation.evaluate import Outcome
from bot.evaluation.metrics import calibration_error, reliability
from bot.evaluation.trend import Point

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_TICKS = 12


def trend_figure(points: Sequence[Point]) -> "Figure":
    """Draw the figures of each build."""
    with requires("matplotlib", "eval"):
        from matplotlib.figure import Figure
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    lines = figure.subplots()
    for name in dict.fromkeys(name for point in points for name in point.figures):
        series = [(number, 100 * point.figures[name]) for number, point in enumerate(points) if name in point.figures]
        lines.plot(*zip(*series, strict=True), marker="o", label=name)
    # Equal steps instead of a time axis: the builds of a busy day would overlap.
    ticks = range(0, len(points), 1 + len(points) // _MAX_TICKS)
    lines.set_xticks(ticks, [f"{points[number].at:%d %b %H:%M}" for number in ticks], rotation=30)
    lines.set(ylabel="%", ylim=(0, 102), xlim=(-0.5, max(1, len(points)) - 0.5))
    lines.set_title("Questions with known answers, by build")
    lines.grid(color="0.9")
    if points:
        figure.legend(loc="outside right center")
    return figure


def plot(path: Path, outcomes: Sequence[Outcome], threshold: float) -> None:
    """Write a PNG with the reliability curve, and accuracy over coverage with the threshold marked."""
    with requires("matplotlib", "eval"):
        from matplotlib.figure import Figure
    probabilities = np.array([o.probability for o in outcomes])
    right = np.array([o.is_right for o in outcomes])
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    curve, trade = figure.subplots(1, 2)
    means, accuracies, counts = zip(*reliability(probabilities, right), strict=True)
    curve.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    curve.plot(means, accuracies, marker="o")
    for x, y, count in zip(means, accuracies, counts, strict=True):
        curve.annotate(str(count), (x, y), textcoords="offset points", xytext=(6, -10), fontsize=8)
    curve.set(xlabel="probability", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    curve.set_title(f"Calibration error {100 * calibration_error(probabilities, right):.1f} %")
    order = np.argsort(-probabilities, kind="stable")
    answered = np.arange(1, len(order) + 1)
    trade.plot(answered / len(order), np.cumsum(right[order]) / answered)
    coverage = float((probabilities >= threshold).mean())
    trade.axvline(coverage, color="0.5", linestyle=":", label=f"threshold {threshold:g}")
    trade.set(xlabel="share of questions answered", ylabel="accuracy of answers", xlim=(0, 1), ylim=(0, 1.02))
    trade.set_title("Coverage and accuracy")
    trade.legend(loc="lower left")
    figure.savefig(path, dpi=110, format="png")
