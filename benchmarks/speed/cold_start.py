"""How long does `articlebot ask` take in a fresh process?

usage: python -m benchmarks.speed.cold_start INDEX [--repeats N]

Runs it in turn with `import sentence_transformers` and prints the median of each. The files are in the system's cache.
"""

import argparse
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.shared.timing import Row, machine, seconds, table

REFERENCE = "import sentence_transformers"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(measure(arguments.index, arguments.repeats))}")


def measure(index: Path, repeats: int = 7) -> list[Row]:
    commands = {
        REFERENCE: [sys.executable, "-c", REFERENCE],
        "articlebot ask": [sys.executable, "-m", "bot", "ask", "how long is a notice period", "--index", str(index)],
        "python -c ''": [sys.executable, "-c", ""],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            times[name].append(seconds(partial(subprocess.run, command, check=True, capture_output=True)))
    medians = {name: statistics.median(each) for name, each in times.items()}
    return [
        {"fresh process": name, "median, s": median, "relative to the first": median / medians[REFERENCE]}
        for name, median in medians.items()
    ]


if __name__ == "__main__":
    main()
