"""How much does an installation take, and how long does importing it?

usage: python -m benchmarks.speed.footprint [--times N]

Makes a new environment for each extra in a temporary folder, with the versions of this checkout's constraints, measures its packages on disk, and imports `bot` in
fresh processes, in turn with numpy and sentence_transformers. Needs the package registry, or what pip has kept of it.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import Row, machine, seconds, table

ROOT = Path(__file__).parents[2]
INSTALLED = {
    "core": "",
    "serve": "[serve]",
    "mcp": "[mcp]",
    "testing": "[testing]",
    "chat": "[chat]",
    "build": "[build]",
    "build and chat": "[build,chat]",
}
FULL = "build and chat"
IMPORTS = {
    "nothing": "",
    "numpy": "import numpy",
    "bot": "import bot",
    "sentence_transformers": "import sentence_transformers",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=9)
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(sizes())}\n\n{table(imports(arguments.times))}")


def sizes() -> list[Row]:
    taken = {name: _installed(f"{ROOT}{extra}") for name, extra in INSTALLED.items()}
    full = taken[FULL][0]
    return [
        {"installed": name, "packages": count, "MB": size, f"part of {FULL}": size / full}
        for name, (size, count) in taken.items()
    ]


def imports(times: int) -> list[Row]:
    took: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(times):
        for name, code in IMPORTS.items():
            took[name].append(seconds(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True)))
    medians = {name: statistics.median(own) for name, own in took.items()}
    return [
        {"imported": name, "median, s": own, "times numpy": own / medians["numpy"]} for name, own in medians.items()
    ]


def _installed(what: str) -> tuple[float, int]:
    """MB of the packages that come with something, and how many those are; pip itself is none of them."""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            folder,
            "install",
            "--quiet",
            "--no-compile",
            "--constraint",
            str(ROOT / "constraints.txt"),
            what,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        site = next(Path(folder).glob("lib/python*/site-packages"))
        return sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6, len(
            list(site.glob("*.dist-info"))
        )


if __name__ == "__main__":
    main()
