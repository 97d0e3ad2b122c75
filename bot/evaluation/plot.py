"""How far probabilities can be trusted, as a picture: the one door to matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.errors import MissingExtra
from bot.evaluation.evaluate import Outcome
from bot.evaluation.metrics import calibration_error, reliability
from bot.evaluation.trend import Point

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_DATED = 12
"""Builds, at most, whose day is told below the picture."""


def trend_figure(points: Sequence[Point]) -> "Figure":
    """How the figures of builds went, as a picture."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra("matplotlib", "eval") from None
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    lines = figure.subplots()
    for name in dict.fromkeys(name for point in points for name in point.figures):
        told = [(number, 100 * point.figures[name]) for number, point in enumerate(points) if name in point.figures]
        lines.plot(*zip(*told, strict=True), marker="o", label=name)
    # One step a build, however long ago: those of a busy day would lie on one another.
    dated = range(0, len(points), 1 + len(points) // _DATED)
    lines.set_xticks(dated, [f"{points[number].at:%d %b %H:%M}" for number in dated], rotation=30)
    lines.set(
        ylabel="%",
        ylim=(0, 102),
        xlim=(-0.5, max(1, len(points)) - 0.5),
        title="What each build made of questions whose answers are known",
    )
    lines.grid(color="0.9")
    if points:
        lines.legend(loc="lower left")
    return figure


def plot(path: Path, outcomes: Sequence[Outcome], threshold: float) -> None:
    """Write a PNG: the reliability curve, and what share of the answers is right for each share of questions answered, the threshold marked."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra("matplotlib", "eval") from None
    probabilities, right = np.array([o.probability for o in outcomes]), np.array([o.right for o in outcomes])
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    curve, trade = figure.subplots(1, 2)
    told, true, numbers = zip(*reliability(probabilities, right), strict=True)
    curve.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    curve.plot(told, true, marker="o")
    for x, y, number in zip(told, true, numbers, strict=True):
        curve.annotate(str(number), (x, y), textcoords="offset points", xytext=(6, -10), fontsize=8)
    curve.set(
        xlabel="probability",
        ylabel="share that is right",
        xlim=(0, 1),
        ylim=(0, 1),
        title=f"Calibration error {100 * calibration_error(probabilities, right):.1f} %",
    )
    order = np.argsort(-probabilities, kind="stable")
    answered = np.arange(1, len(order) + 1)
    trade.plot(answered / len(order), np.cumsum(right[order]) / answered)
    trade.axvline(
        float((probabilities >= threshold).mean()), color="0.5", linestyle=":", label=f"threshold {threshold:g}"
    )
    trade.set(
        xlabel="share of questions answered",
        ylabel="share of answers that are right",
        xlim=(0, 1),
        ylim=(0, 1.02),
        title="Coverage and accuracy",
    )
    trade.legend(loc="lower left")
    figure.savefig(path, dpi=110, format="png")
