"""A report as text for the terminal, and as a CSV table."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.usage.gaps import Gap
from bot.usage.report import Report

_SHOWN = 20  # maximum number of gaps in the text
_COUNTS = ("times", "before", "conversations", "unanswered", "closest", "ambiguous", "unsure", "unhelpful")
_COLUMNS = ("question", *_COUNTS, "nearest", "probability", "why", "examples")
_INDENT = " " * 16


def report_text(report: Report) -> str:
    """Return the report as an editor reads it in a terminal."""
    moments = (datetime.fromtimestamp(moment, UTC) for moment in (report.since, report.until))
    days = " to ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in moments)
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in report.statuses.items())
    lines = [f"{report.questions} questions, {days} UTC{f': {counts}' if counts else ''}"]
    for title, part in _parts(report).items():
        lines += ["", title, *part] if part else []
    if len(report.gaps) > _SHOWN:
        further = f", and {report.further_gaps} that were asked less" if report.further_gaps else ""
        lines += ["", f"and {len(report.gaps) - _SHOWN} more groups: --csv FILE writes them{further}"]
    return "\n".join([*lines, "", f"FAQs that answered nothing: {len(report.never_found)} of {report.faqs}"])


def _parts(report: Report) -> dict[str, list[str]]:
    return {
        "not answered, not surely, or not well": [line for gap in report.gaps[:_SHOWN] for line in _gap(gap)],
        "seem to mean": [
            f"  {one.question} → {one.asks}  ({one.passage}; {one.conversations} conversations, {one.signs} signs)"
            for one in report.proposals
        ],
        "asked most": [
            f"  {one.times:5} {trend(one.times, one.before):>6}  {one.question}  ({one.status.replace('_', ' ')})"
            for one in report.most_asked
        ],
        "no longer help": [
            f"  {one.passage}: {one.helpful} helpful, {one.unhelpful} not; "
            f"before {one.helpful_before}, {one.unhelpful_before}"
            for one in report.turned
        ],
        "found only after spelling correction": [f"  {passage}" for passage in report.only_corrected[:_SHOWN]],
    }


def _gap(gap: Gap) -> Iterator[str]:
    ways = {
        "no answer": gap.unanswered, "closest": gap.closest, "ambiguous": gap.ambiguous, "unsure": gap.unsure,
        "voted not helpful": gap.unhelpful,
    }  # fmt: skip
    counts = ", ".join(f"{count} {way}" for way, count in ways.items() if count)
    yield f"  {gap.times:5} {trend(gap.times, gap.before):>6}  {gap.question}  ({counts})"
    yield from (f"{_INDENT}also: {question}" for question in gap.examples[1:])
    yield f"{_INDENT}{gap.why}"
    yield from (f"{_INDENT}{near.probability:.2f} {near.passage}: {near.about}" for near in gap.nearest)


def trend(times: int, before: int) -> str:
    """Return how much more often a question was asked than before."""
    return "new" if before == 0 else f"{times - before:+d}"


def write_csv(path: Path, report: Report) -> None:
    """Write the gaps as a table, one a row, that spreadsheets open."""
    path.write_text(gaps_csv(report), encoding="utf-8-sig", newline="")


def gaps_csv(report: Report) -> str:
    """Return the gaps as a table, one a row."""
    rows = []
    for gap in report.gaps:
        near = gap.nearest[0] if gap.nearest else None
        counts = [getattr(gap, name) for name in _COUNTS]
        facts = [near.passage if near else "", near.probability if near else "", gap.why, " | ".join(gap.examples)]
        rows.append([gap.question, *counts, *facts])
    return csv_table(_COLUMNS, rows)


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV, of which a spreadsheet takes no cell for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_escape_formula(value) for value in row] for row in rows)
    return text.getvalue()


def _escape_formula(value: object) -> object:
    """Return text so that a spreadsheet does not take it for a formula (OWASP, CSV Injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
