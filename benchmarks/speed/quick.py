"""The benchmarks of speed in three minutes, on the shipped corpus.

usage: python -m benchmarks.speed.quick [--json FILE] [--compare FILE]

Prints one Markdown table for each question. `--json` keeps the ratios, which depend on the machine less than times do; `--compare` prints how they have
changed since they were kept, and exits 1 when one is worse by more than a third: less is noise on a shared machine.
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
    """Print all tables; returns the ratios by name, the smaller the better."""
    with TemporaryDirectory() as folder:
        index = Path(folder, "index")
        build(ROOT / "corpus", index)
        found = {
            "asking": _shown(asking.measure(index, most=150)),
            "cold start": _shown(cold_start.measure(index, times=3)),
            "encoding": _shown(encoding.measure(ROOT / "corpus", 200)),
            "rebuilding": _shown(rebuilding.measure(ROOT / "corpus")),
        }
    return {f"{name}: {row[next(iter(row))]}": _ratio(row) for name, rows in found.items() for row in rows[1:]}


def _shown(rows: list[Row]) -> list[Row]:
    print(f"\n{table(rows)}", flush=True)
    return rows


def _ratio(row: Row) -> float:
    """The column that compares with the first row; of speeds the inverse."""
    if "times the first" in row:
        return 1 / float(row["times the first"])
    return float(next(row[name] for name in ("part of the first", "p50, part of the first") if name in row))


def compare(ratios: Mapping[str, float], earlier: Mapping[str, float]) -> bool:
    """Print how ratios have changed; returns whether any is much worse."""
    shared = [name for name in ratios if name in earlier]
    print(
        f"\n{table([{'compared': name, 'earlier': earlier[name], 'now': ratios[name], 'now, part of earlier': ratios[name] / earlier[name]} for name in shared])}"
    )
    return any(ratios[name] > NOISE * earlier[name] for name in shared)


if __name__ == "__main__":
    main()
