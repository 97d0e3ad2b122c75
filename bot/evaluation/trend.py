"""Figures of each build, one line a build, in `figures.jsonl` beside the generations."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from bot.answering.bot import Bot
from bot.corpus.decisions.files import ALTERNATES
from bot.errors import EvaluationError
from bot.evaluation.evaluate import Figures, ask_all, figures
from bot.evaluation.question_set import read_questions, spread

FIGURES = "figures.jsonl"
_MAX_ACCEPTED = 50  # maximum number of accepted questions asked after a build, spread evenly
_TESTED = {
    "reworded questions answered": "answered",
    "of those right": "accuracy",
    "left-out questions refused": "refused",
}
_ACCEPTED = {"accepted questions found first": "hit@1", "accepted questions answered": "answered"}


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one build."""

    at: datetime
    generation: str
    passages: int
    figures: Mapping[str, float]
    """Figures by name, as fractions of 1."""


def accepted_alternates_metrics(bot: Bot, corpus: Path) -> Figures | None:
    """Compute the figures of the alternates that editors accepted; None if there are none."""
    try:
        accepted = read_questions(corpus / ALTERNATES)
    except EvaluationError:
        # The file is missing, empty, or faulty, which the build has reported.
        return None
    return figures(ask_all(bot, spread(accepted, _MAX_ACCEPTED)))


def point_of(at: datetime, generation: str, passages: int, tested: Figures, accepted: Figures | None) -> Point:
    """Make the record of a build from its self-test at the bot's threshold and its accepted questions."""
    named = {name: tested[key] for name, key in _TESTED.items()}
    if accepted:
        named |= {name: accepted[key] for name, key in _ACCEPTED.items()}
    return Point(at, generation, passages, {name: round(one, 4) for name, one in named.items() if one is not None})


def add_point(index: Path, point: Point) -> None:
    """Append the figures of a build. Raises `OSError` if they cannot be written."""
    with (index / FIGURES).open("a", encoding="utf-8") as file:
        file.write(json.dumps({**asdict(point), "at": point.at.isoformat(timespec="seconds")}) + "\n")


def read_points(index: Path) -> list[Point]:
    """Return the figures of all builds, oldest first; unreadable lines are skipped."""
    points, file = list[Point](), index / FIGURES
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            fields = json.loads(line)
            named = {str(name): float(value) for name, value in fields["figures"].items()}
            at = datetime.fromisoformat(fields["at"])
            points.append(Point(at, str(fields["generation"]), int(fields["passages"]), named))
    return points
