"""Does any damaged file of an index give a wrong answer, a crash or a hang?

usage: python -m benchmarks.robustness.fuzz_index [--times N] [--file NAME] [--seed N] [--libraries]

Flips, cuts, swaps and inserts bytes in each file of a small index, N times each, and opens and asks it in a process of
its own. "original checksums": the manifest has the true checksums, and the name of the folder contains the manifest's,
so that every damage must be refused. "matching checksums": both are rewritten to match the damaged file, as an attacker
would do; then the index must be refused or give answers, but not fail in another way. "crashed" and "hung" count
processes that ended or stopped. Files of faiss, tantivy and onnxruntime with matching checksums are only tried with
`--libraries`, and do not affect the exit status.
"""

import argparse
import json
import multiprocessing
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import table

sys.path.append(str(Path(__file__).parents[2] / "tests"))

from articles import GRATUITY, NOTICE, PROBATION
from tiny_model import make_tiny_model

from bot.answering.answerer import Answerer
from bot.build.build import build
from bot.errors import ArticlebotError
from bot.index.generation import check_encoder
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import MANIFEST, record_files
from bot.index.store import LocalStore
from bot.retrieval.finder import Finder
from bot.settings import AnswerSettings, BuildSettings

SECTION = (
    "# Leave\n\nLeave is earned month by month. What is not taken is paid at the end. Some of it lapses in April. "
    "Ask before you go.\n"
)
QUESTIONS = (
    "Who pays gratuity?",
    "how long is the notise period",
    "extension of probation",
    "what happens to leave that is not taken",
)
LIBRARIES = (".faiss", ".onnx", "lexical/")
"""Parts of the paths of files that libraries read."""
TIMEOUT = 60
"""Seconds without a result after which a process counts as hanging."""
OUTCOMES = ("refused", "answered", "wrong", "failed", "crashed", "hung")
BAD_OUTCOMES = ("wrong", "failed", "crashed", "hung")

Damage = Callable[[bytearray, random.Random], None]
Answers = list[tuple[str, str, tuple[str, ...]]]
"""Status, text and suggestions of each answer."""


def flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 8))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def cut(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    del content[start : start + chance.choice((1, 16, len(content)))]


def swap(content: bytearray, chance: random.Random) -> None:
    length = min(chance.choice((1, 4, 64)), len(content) // 2)
    one, other = sorted(chance.randrange(len(content) - length + 1) for _ in range(2))
    first, second = content[one : one + length], content[other : other + length]
    content[one : one + length], content[other : other + length] = second, first


def insert(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content) + 1)
    noise = chance.randbytes(chance.choice((1, 16, 4096)))
    content[start:start] = chance.choice((noise, bytes(content[start : start + 64]), b"9" * 12))


DAMAGES: tuple[Damage, ...] = (flip, cut, swap, insert)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--file", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--libraries", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        generation = build_small_index(Path(folder))
        rows = [
            {"file": name, "checksums": _kind(matching), **fuzz(generation, name, arguments, matching=matching)}
            for name in _file_names(generation)
            if arguments.file in name
            for matching in ((False,) if _is_of_library(name) and not arguments.libraries else (False, True))
        ]
    print(f"\n{table(rows)}")
    ours = [row for row in rows if row["checksums"] == _kind(False) or not _is_of_library(row["file"])]
    sys.exit(any(row[outcome] for row in ours for outcome in BAD_OUTCOMES))


def _kind(matching: bool) -> str:
    return "matching" if matching else "original"


def _file_names(generation: Path) -> list[str]:
    files = (path for path in generation.rglob("*") if path.is_file() and path.suffix != ".lock")
    return sorted(path.relative_to(generation).as_posix() for path in files)


def _is_of_library(name: str) -> bool:
    return any(part in name for part in LIBRARIES)


def build_small_index(folder: Path) -> Path:
    """Build a small index; return the folder of its generation."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION, "leave": SECTION}.items():
        (corpus / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "model").mkdir()
    build(corpus, folder / "index", BuildSettings(model=str(make_tiny_model(folder / "model")), exact_rows=0))
    return LocalStore(folder / "index").current_folder()


def fuzz(generation: Path, name: str, arguments: argparse.Namespace, *, matching: bool) -> dict[str, object]:
    """Damage one file many times, with a new process after each crash or hang; return the count of each outcome."""
    counts: Counter[str] = Counter()
    first_problem, done = "", 0
    while done < arguments.times:
        numbers = range(done, arguments.times)
        for number, outcome, detail in _outcomes(generation, name, numbers, arguments.seed, matching=matching):
            counts[outcome] += 1
            if outcome in BAD_OUTCOMES:
                first_problem = first_problem or f"damage {number}: {detail}"
            done = number + 1
    row = {outcome: counts[outcome] for outcome in OUTCOMES}
    print(f"{name}, {_kind(matching)} checksums: {row} {first_problem}", flush=True)
    return {"damages": arguments.times, **row}


def _outcomes(
    generation: Path, name: str, numbers: range, seed: int, *, matching: bool
) -> Iterator[tuple[int, str, str]]:
    """Try damages in another process until all are done or it ends; yield number, outcome and detail of each."""
    context = multiprocessing.get_context("spawn")
    results, sender = context.Pipe(duplex=False)
    process = context.Process(target=_try_damages, args=(generation, name, numbers, seed, matching, sender))
    process.start()
    sender.close()
    following, end = numbers.start, "crashed"
    try:
        while following < numbers.stop:
            if not results.poll(TIMEOUT):
                end = "hung"
                break
            yield results.recv()
            following += 1
    except EOFError:
        pass
    finally:
        process.kill()
        process.join()
    if following < numbers.stop:
        yield following, end, end


def _try_damages(generation: Path, name: str, numbers: range, seed: int, matching: bool, results: Connection) -> None:
    """Damage a copy of the generation with each number, and send the outcome."""
    with TemporaryDirectory() as folder:
        # Under the original name, the manifest is verified by its checksum too.
        copy = Path(shutil.copytree(generation, Path(folder, "generation" if matching else generation.name)))
        path = copy / name
        whole, manifest, expected = path.read_bytes(), (copy / MANIFEST).read_bytes(), answers_of(copy)
        for number in numbers:
            path.write_bytes(_damaged(whole, number, random.Random(f"{seed} {name} {number}")))
            if matching and name != MANIFEST:
                rewrite_checksums(copy, manifest)
            results.send((number, *_outcome(copy, None if matching else expected)))
            path.write_bytes(whole)
            (copy / MANIFEST).write_bytes(manifest)


def _damaged(whole: bytes, number: int, chance: random.Random) -> bytes:
    content = bytearray(whole)
    while content == whole:
        DAMAGES[number % len(DAMAGES)](content, chance)
    return bytes(content)


def _outcome(generation: Path, expected: Answers | None) -> tuple[str, str]:
    """Open and ask a damaged generation; return the outcome, and the detail of a bad one."""
    try:
        answers = answers_of(generation)
    except ArticlebotError:
        return "refused", ""
    except Exception as error:  # noqa: BLE001 - finding these is what this script is for
        return "failed", repr(error)
    return ("answered", "") if expected in (None, answers) else ("wrong", "other answers")


def rewrite_checksums(folder: Path, manifest: bytes) -> None:
    """Make the manifest match the files of a generation."""
    fields = json.loads(manifest)
    fields["files"] = {
        name: {"size": each.size, "sha256": each.sha256, "sample": each.sample}
        for name, each in record_files(folder).items()
    }
    (folder / MANIFEST).write_text(json.dumps(fields))


def answers_of(folder: Path) -> Answers:
    """Return the answers of a generation to `QUESTIONS`."""
    generation = LocalGeneration.open(folder)
    check_encoder(generation)
    answerer = Answerer(Finder(generation), AnswerSettings())
    answers = [answerer.ask(question) for question in QUESTIONS]
    return [(answer.status, answer.text, answer.suggestions) for answer in answers]


if __name__ == "__main__":
    main()
