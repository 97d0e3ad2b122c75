"""Run the main benchmarks of speed in three minutes, on the shipped corpus.

usage: python -m benchmarks.speed.quick [--json FILE] [--compare FILE]

Prints one Markdown table per benchmark. `--json` saves the ratios, which depend less on the machine than times do.
`--compare` prints how they differ from saved ones, and exits with 1 if one is worse by more than a third; smaller
differences are noise on a shared machine.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import Row, machine, table
from benchmarks.speed import asking, cold_start, encoding, rebuilding
from bot.build.build import build

ROOT = Path(__file__).parents[2]
NOISE = 4 / 3
"""Largest ratio of two measurements that counts as noise."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--compare", type=Path)
    arguments = parser.parse_args()
    print(machine())
    ratios = measure()
    if arguments.json:
        arguments.json.write_text(json.dumps(ratios, indent=1), encoding="utf-8")
    if arguments.compare and compare(ratios, json.loads(arguments.compare.read_text(encoding="utf-8"))):
        sys.exit(1)


def measure() -> dict[str, float]:
    """Print all tables; return the ratios by name, of which smaller ones are better."""
    with TemporaryDirectory() as folder:
        index = Path(folder, "index")
        build(ROOT / "corpus", index)
        tables = {
            "asking": _print(asking.measure(index, limit=150)),
            "cold start": _print(cold_start.measure(index, repeats=3)),
            "encoding": _print(encoding.measure(ROOT / "corpus", 200)),
            "rebuilding": _print(rebuilding.measure(ROOT / "corpus")),
        }
    return {f"{name}: {row[next(iter(row))]}": _ratio(row) for name, rows in tables.items() for row in rows[1:]}


def _print(rows: list[Row]) -> list[Row]:
    print(f"\n{table(rows)}", flush=True)
    return rows


def _ratio(row: Row) -> float:
    """Return the column that compares with the first row; for speeds, its inverse."""
    if "times the first" in row:
        return 1 / float(row["times the first"])
    return float(next(row[name] for name in ("relative to the first", asking.RATIO) if name in row))


def compare(ratios: Mapping[str, float], earlier: Mapping[str, float]) -> bool:
    """Print how ratios have changed; return whether any is worse by more than `NOISE`."""
    shared = [name for name in ratios if name in earlier]
    rows = [
        {
            "ratio": name,
            "earlier": earlier[name],
            "now": ratios[name],
            "relative to earlier": ratios[name] / earlier[name],
        }
        for name in shared
    ]
    print(f"\n{table(rows)}")
    return any(ratios[name] > NOISE * earlier[name] for name in shared)


if __name__ == "__main__":
    main()
