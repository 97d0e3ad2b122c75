"""How large is each installation, and how long does its import take?

usage: python -m benchmarks.speed.footprint [--repeats N]

Makes a new environment for each extra in a temporary folder, with the versions of constraints.txt, and measures its
packages on disk. Imports `bot` in fresh processes, in turn with numpy and sentence_transformers. Needs the package
registry or pip's cache.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import Row, machine, seconds, table

ROOT = Path(__file__).parents[2]
EXTRAS = {
    "core": "",
    "serve": "[serve]",
    "mcp": "[mcp]",
    "testing": "[testing]",
    "chat": "[chat]",
    "build": "[build]",
    "build and chat": "[build,chat]",
}
LARGEST = "build and chat"
IMPORTS = {
    "nothing": "",
    "numpy": "import numpy",
    "bot": "import bot",
    "sentence_transformers": "import sentence_transformers",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(measure_sizes())}\n\n{table(measure_imports(arguments.repeats))}")


def measure_sizes() -> list[Row]:
    sizes = {name: _installed(f"{ROOT}{extra}") for name, extra in EXTRAS.items()}
    largest = sizes[LARGEST][0]
    return [
        {"installed": name, "packages": count, "MB": size, f"relative to {LARGEST}": size / largest}
        for name, (size, count) in sizes.items()
    ]


def measure_imports(repeats: int) -> list[Row]:
    times: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(repeats):
        for name, code in IMPORTS.items():
            times[name].append(seconds(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True)))
    medians = {name: statistics.median(each) for name, each in times.items()}
    return [
        {"imported": name, "median, s": median, "times numpy": median / medians["numpy"]}
        for name, median in medians.items()
    ]


def _installed(requirement: str) -> tuple[float, int]:
    """Return the size in MB and the number of the packages that a requirement installs; pip itself is not counted."""
    constraints = str(ROOT / "constraints.txt")
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        options = ["--quiet", "--no-compile", "--constraint", constraints]
        command = [sys.executable, "-m", "pip", "--python", folder, "install", *options, requirement]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        site = next(Path(folder).glob("lib/python*/site-packages"))
        size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
        return size, len(list(site.glob("*.dist-info")))


if __name__ == "__main__":
    main()
