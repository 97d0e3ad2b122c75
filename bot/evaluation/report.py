"""Figures and outcomes as text: a table, a file to compare with, a table of failures to read."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import EvaluationError
from bot.evaluation.evaluate import Figures, Outcome


def table(groups: Mapping[str, Figures]) -> str:
    """A line for each figure, a column for each group; shares in percent."""
    width = max(12, *(len(group) + 2 for group in groups))
    names = dict.fromkeys(name for figures in groups.values() for name in figures)
    head = "".join(["".ljust(18), *(group.rjust(width) for group in groups)])
    lines = (
        "".join(
            [name.replace("_", " ").ljust(18), *(_shown(name, each.get(name)).rjust(width) for each in groups.values())]
        )
        for name in names
    )
    return "\n".join([head, *lines])


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name in ("questions", "uncovered"):
        return str(int(value))
    return f"{value:.1f} ms" if name.endswith("_ms") else f"{100 * value:.1f}"


def save(path: Path, groups: Mapping[str, Figures]) -> None:
    path.write_text(json.dumps(groups, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Figures]:
    """What `save` wrote. Raises `EvaluationError` when the file is missing or not that."""
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(group): {str(name): None if value is None else float(value) for name, value in each.items()}
            for group, each in groups.items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"The figures in {path} cannot be read ({error}): write them with articlebot eval --save."
        ) from error


def write_failures(path: Path, outcomes: Sequence[Outcome]) -> int:
    """Write the questions that got a wrong first article, no answer, or an answer that they should not have got; returns how many."""
    failed = [
        o
        for o in outcomes
        if (not o.right or o.status == "no_answer" if o.question.expected else o.status != "no_answer")
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "group", "expected", "found", "probability", "status", "rank"])
        for o in failed:
            rows.writerow(
                [
                    o.question.text,
                    o.question.group,
                    "|".join(o.question.expected),
                    o.first,
                    f"{o.probability:.2f}",
                    o.status,
                    o.rank or "",
                ]
            )
    return len(failed)
