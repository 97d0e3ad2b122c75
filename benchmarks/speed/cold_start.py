"""How long does `articlebot ask` take from nothing?

usage: python -m benchmarks.speed.cold_start INDEX [--times N]

Runs it in fresh processes, in turn with `import sentence_transformers`, and prints the median of each. The files are in the system's cache.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.shared.timing import Row, machine, seconds, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--times", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(measure(arguments.index, arguments.times))}")


def measure(index: Path, times: int = 7) -> list[Row]:
    commands = {
        "import sentence_transformers": [sys.executable, "-c", "import sentence_transformers"],
        "articlebot ask": [sys.executable, "-m", "bot", "ask", "how long is a notice period", "--index", str(index)],
        "python, nothing done": [sys.executable, "-c", ""],
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            took[name].append(seconds(lambda command=command: subprocess.run(command, check=True, capture_output=True)))
    whole = statistics.median(took["import sentence_transformers"])
    return [
        {
            "fresh process": name,
            "median, s": statistics.median(own),
            "part of the first": statistics.median(own) / whole,
        }
        for name, own in took.items()
    ]


if __name__ == "__main__":
    main()
