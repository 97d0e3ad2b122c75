"""Measure how long calls take and how much memory they use, and print tables of the figures."""

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

Row = Mapping[str, str | float]
"""One row of a table, by column."""


def milliseconds(call: Callable[[str], object], texts: Iterable[str]) -> tuple[float, float]:
    """Call a function once for each text; return p50 and p95."""
    return percentiles([1000 * seconds(lambda text=text: call(text)) for text in texts])


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """Return p50 and p95."""
    p50, p95 = np.percentile(times, [50, 95])
    return float(p50), float(p95)


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([_cell(row[column]) for column in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def resident_megabytes(kind: str) -> float:
    """Return the memory of this process in MB.

    "RssAnon" is its own memory; "RssFile" is mapped from files, which the system takes back when it needs memory.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith(kind)).split()[1]) / 1024


def machine() -> str:
    """Describe the processor and the Python version."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} × {names[0]}, Python {platform.python_version()}"
