"""Search for files that make a reader fail, guided by the code they reach: coverage-guided fuzzing with atheris.

usage: python -m benchmarks.robustness.fuzz_coverage [--seconds N] [--only ENDING ...]

Starts with the samples and tokens of `fuzz_readers.py`, keeps each change that reaches new lines of `bot.corpus` and
continues from there, in one process per reader. A failure is the same as in `fuzz_readers.py`: any exception but
`Unreadable`, or a file that takes longer than its limit. It, or running out of memory, ends the run of the reader, and
the file is saved as `fuzz-…`. Prints the numbers of files tried, edges of our code reached and failures; exits with 1
if there is a failure. `pip install atheris` first: it is in none of the extras, because it has wheels for Linux on
x86-64 only.
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
MAX_BYTES = 20_000
"""Maximum size of a file."""
MAX_MEGABYTES = 2_048
"""Maximum memory of a reader's process."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="per reader")
    parser.add_argument("--only", nargs="*", default=ENDINGS, metavar="ENDING")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        _search(arguments.only[0], arguments.seconds, Path(arguments.folder))
    print("| format | files | edges reached | failed | slowest, s |\n| --- | --- | --- | --- | --- |")
    failed = [ending for ending in arguments.only if _has_failure(ending, arguments.seconds)]
    sys.exit(bool(failed))


def _has_failure(ending: str, seconds: int) -> bool:
    """Search in a process of its own, which libFuzzer ends, and print the outcome."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __spec__.name, "--only", ending, "--seconds", str(seconds), "--folder", folder]
        process = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    log, has_failed = process.stderr, process.returncode != 0
    if has_failed:
        sys.stderr.write(log[-5_000:])
    tried, slowest = (
        _last(rf"stat::{name}:\s+(\d+)", log) for name in ("number_of_executed_units", "slowest_unit_time_sec")
    )
    edges = _last(r"cov: (\d+)", log)
    print(f"| {ending} | {tried} | {edges} | {has_failed:d} | {slowest} |", flush=True)
    return has_failed


def _last(pattern: str, log: str) -> str:
    return (re.findall(pattern, log) or ["?"])[-1]


def _search(ending: str, seconds: int, folder: Path) -> NoReturn:
    import atheris

    with atheris.instrument_imports(include=["bot.corpus"]):
        readers = import_module("benchmarks.robustness.fuzz_readers")
        readers.reader_of(ending)
    path, found = folder / f"tried{ending}", folder / "found"
    found.mkdir()
    (found / "sample").write_bytes(dict(readers.samples())[ending])
    words = folder / "words.dict"
    words.write_text("".join(f'"{_escaped(token[:60])}"\n' for token in readers.TOKENS))

    def try_one(content: bytes) -> None:
        path.write_bytes(content)
        if readers.outcome(path, ending) == "failed":
            raise AssertionError(ending)

    limits = [f"-max_total_time={seconds}", f"-timeout={readers.MAX_SECONDS:.0f}"]
    limits += [f"-rss_limit_mb={MAX_MEGABYTES}", f"-max_len={MAX_BYTES}"]
    options = [*limits, "-print_final_stats=1", "-artifact_prefix=fuzz-", f"-dict={words}", str(found)]
    atheris.Setup([sys.argv[0], *options], try_one)
    atheris.Fuzz()
    sys.exit()


def _escaped(token: bytes) -> str:
    return "".join(rf"\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    main()
