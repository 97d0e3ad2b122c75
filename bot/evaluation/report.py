"""Figures as a table or a file to compare with, and failures as CSV."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import EvaluationError
from bot.evaluation.evaluate import Figures, Outcome


def table(groups: Mapping[str, Figures]) -> str:
    """Return a table with a line for each figure and a column for each group; fractions in percent."""
    width = max(12, *(len(group) + 2 for group in groups))
    names = dict.fromkeys(name for figures in groups.values() for name in figures)
    lines = [" " * 18 + "".join(group.rjust(width) for group in groups)]
    for name in names:
        cells = (_format(name, each.get(name)).rjust(width) for each in groups.values())
        lines.append(name.replace("_", " ").ljust(18) + "".join(cells))
    return "\n".join(lines)


def _format(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name in ("questions", "uncovered", "words_shown"):
        return f"{value:.0f}"
    return f"{value:.1f} ms" if name.endswith("_ms") else f"{100 * value:.1f}"


def save(path: Path, groups: Mapping[str, Figures]) -> None:
    """Write figures as JSON."""
    path.write_text(json.dumps(groups, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Figures]:
    """Read figures written by `save`. Raises `EvaluationError` if they cannot be read."""
    try:
        return {
            str(group): {str(name): None if value is None else float(value) for name, value in each.items()}
            for group, each in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        reason = f"The figures in {path} cannot be read ({error})"
        raise EvaluationError(f"{reason}: write them with articlebot eval --save.") from error


def write_failures(path: Path, outcomes: Sequence[Outcome]) -> int:
    """Write the questions with a wrong or missing answer, or with one they should not have, and return their number."""
    failed = [o for o in outcomes if _has_failed(o)]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "group", "expected", "found", "probability", "status", "rank"])
        for o in failed:
            asked, found = o.question, [o.first, f"{o.probability:.2f}", o.status, o.rank or ""]
            rows.writerow([asked.text, asked.group, "|".join(asked.expected), *found])
    return len(failed)


def _has_failed(outcome: Outcome) -> bool:
    if outcome.question.words:
        return not outcome.quotes_words
    is_claimed = outcome.status in ("answered", "ambiguous")
    return not (is_claimed and outcome.right) if outcome.question.expected else is_claimed
