"""Search for files that make a reader fail by what its code does with them: coverage-guided fuzzing with atheris.

usage: pip install atheris && python -m benchmarks.robustness.fuzz_coverage [--seconds 600] [--only .html .xml .csv]

Begins with the sample and the tokens of `fuzz_readers.py`, keeps each change of them that reaches new lines of `bot.corpus` and goes on from there, in a
process for each reader. A failure is what `fuzz_readers.py` calls one: any exception but `Unreadable`, or a file that takes longer than its limit; there,
and when the memory is full, the reader's run ends and the file is kept as `fuzz-…`. Prints files tried, edges of our code reached and failures; exits 1
when one failed. atheris is in none of the extras: it has wheels for Linux on x86-64 only.
"""

import argparse
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

ENDINGS = (".html", ".xml", ".csv")
LONGEST = 20_000
"""Bytes of a file."""
MOST_MEMORY = 2_048
"""MB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="for each reader")
    parser.add_argument("--only", nargs="*", default=ENDINGS, metavar="ENDING")
    parser.add_argument("--within", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.within:
        _search(arguments.only[0], arguments.seconds, Path(arguments.within))
    print("| format | files | edges reached | failed | slowest, s |\n| --- | --- | --- | --- | --- |")
    failed = [ending for ending in arguments.only if _failed(ending, arguments.seconds)]
    sys.exit(bool(failed))


def _failed(ending: str, seconds: int) -> bool:
    """Search in a process of its own, which libFuzzer ends, and tell what came of it."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __spec__.name, "--only", ending, "--seconds", str(seconds), "--within", folder]
        told = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    edges = re.findall(r"cov: (\d+)", told.stderr)
    tried, slowest = (
        re.search(rf"stat::{name}:\s+(\d+)", told.stderr)
        for name in ("number_of_executed_units", "slowest_unit_time_sec")
    )
    if told.returncode:
        sys.stderr.write(told.stderr[-5_000:])
    cells = (
        ending,
        tried[1] if tried else "?",
        edges[-1] if edges else "?",
        int(told.returncode != 0),
        slowest[1] if slowest else "?",
    )
    print(f"| {' | '.join(map(str, cells))} |", flush=True)
    return told.returncode != 0


def _search(ending: str, seconds: int, folder: Path) -> NoReturn:
    import atheris

    with atheris.instrument_imports(include=["bot.corpus"]):
        readers = import_module("fuzz_readers")
        import_module(f"bot.corpus.{readers.FORMATS[ending]}")
    path, found, words = folder / f"tried{ending}", folder / "found", folder / "words.dict"
    found.mkdir()
    (found / "sample").write_bytes(dict(readers.samples())[ending])
    words.write_text(
        "".join('"' + "".join(rf"\x{byte:02x}" for byte in token[:60]) + '"\n' for token in readers.TOKENS)
    )

    def try_one(content: bytes) -> None:
        path.write_bytes(content)
        if readers.outcome(path, ending) == "failed":
            raise AssertionError(ending)

    limits = [
        f"-max_total_time={seconds}",
        f"-timeout={readers.SLOWEST:.0f}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-max_len={LONGEST}",
    ]
    atheris.Setup(
        [sys.argv[0], *limits, "-print_final_stats=1", "-artifact_prefix=fuzz-", f"-dict={words}", str(found)], try_one
    )
    atheris.Fuzz()
    sys.exit()


if __name__ == "__main__":
    main()
