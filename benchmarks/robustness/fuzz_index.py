"""Does any damaged file of an index give a wrong answer, a crash or a hang?

usage: python -m benchmarks.robustness.fuzz_index [--times N] [--file NAME] [--seed N] [--libraries]

Flips, cuts, swaps and grows bytes of each file of a small index, N times each, and opens and asks it in a process of its own. "as they are": the manifest
knows the true checksums, and the folder's name that of the manifest, so every damage must be refused. "made to fit": both are written anew to fit the damaged
file, as somebody would who wants to deceive; then the index must be refused, or answer, but not fail in another way. "crashed" and "hung" count processes
that ended or stood still. What faiss, tantivy and onnxruntime do with a file that was made to fit is only looked at with `--libraries`, and does not
decide the exit status.
"""

import argparse
import json
import multiprocessing
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable
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

SECTION = "# Leave\n\nLeave is earned month by month. What is not taken is paid at the end. Some of it lapses in April. Ask before you go.\n"
QUESTIONS = (
    "Who pays gratuity?",
    "how long is the notise period",
    "extension of probation",
    "what happens to leave that is not taken",
)
LIBRARIES = (".faiss", ".onnx", "lexical/")
PATIENCE = 60
"""Seconds without a sign of life after which a process hangs."""

Damage = Callable[[bytearray, random.Random], None]


def flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 8))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def cut(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    del content[start : start + chance.choice((1, 16, len(content)))]


def swap(content: bytearray, chance: random.Random) -> None:
    length = min(chance.choice((1, 4, 64)), len(content) // 2)
    one, other = sorted(chance.randrange(len(content) - length + 1) for _ in range(2))
    content[one : one + length], content[other : other + length] = (
        content[other : other + length],
        content[one : one + length],
    )


def grow(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content) + 1)
    content[start:start] = chance.choice(
        (chance.randbytes(chance.choice((1, 16, 4096))), bytes(content[start : start + 64]), b"9" * 12)
    )


DAMAGES: tuple[Damage, ...] = (flip, cut, swap, grow)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--file", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--libraries", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        generation = make(Path(folder))
        names = sorted(
            path.relative_to(generation).as_posix()
            for path in generation.rglob("*")
            if path.is_file() and path.suffix != ".lock"
        )
        rows = [
            {
                "file": name,
                "checksums": "made to fit" if fitting else "as they are",
                **fuzz(generation, name, arguments.times, arguments.seed, fitting=fitting),
            }
            for name in names
            if arguments.file in name
            for fitting in ((False,) if is_library_s(name) and not arguments.libraries else (False, True))
        ]
    print(f"\n{table(rows)}")
    ours = [row for row in rows if row["checksums"] == "as they are" or not is_library_s(row["file"])]
    sys.exit(any(row[outcome] for row in ours for outcome in ("wrong", "failed", "crashed", "hung")))


def is_library_s(name: str) -> bool:
    return any(part in name for part in LIBRARIES)


def make(folder: Path) -> Path:
    """A small index; returns the folder of its generation."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION, "leave": SECTION}.items():
        (corpus / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "model").mkdir()
    build(corpus, folder / "index", BuildSettings(model=str(make_tiny_model(folder / "model")), exact_rows=0))
    return LocalStore(folder / "index").current_folder()


def fuzz(generation: Path, name: str, times: int, seed: int, *, fitting: bool) -> dict[str, object]:
    """Damage one file so many times, in as many processes as crash or hang."""
    told: Counter[str] = Counter()
    first = ""
    done = 0
    while done < times:
        here, there = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=work, args=(generation, name, range(done, times), seed, fitting, there))
        process.start()
        there.close()
        outcome = "crashed"
        while True:
            try:
                if not here.poll(PATIENCE):
                    outcome = "hung"
                    break
                done, outcome, detail = here.recv()
                told[outcome] += 1
                first = first or (detail if outcome in ("wrong", "failed") else "")
                outcome = "crashed"
            except EOFError:
                break
        process.kill()
        process.join()
        if done < times:
            told[outcome] += 1
            first = first or f"{outcome}: number {done}"
            done += 1
    counts = {outcome: told[outcome] for outcome in ("refused", "answered", "wrong", "failed", "crashed", "hung")}
    print(f"{name}, {'made to fit' if fitting else 'as they are'}: {counts} {first}", flush=True)
    return {"damages": times, **counts}


def work(generation: Path, name: str, numbers: range, seed: int, fitting: bool, told: Connection) -> None:
    """Damage a copy of the generation with each number, and tell what came of it."""
    with TemporaryDirectory() as folder:
        # Under its own name the manifest is known by its checksum, too.
        copy = shutil.copytree(generation, Path(folder, "generation" if fitting else generation.name))
        path = copy / name
        whole, manifest = path.read_bytes(), (copy / MANIFEST).read_bytes()
        expected = asked(copy)
        for number in numbers:
            chance = random.Random(f"{seed} {name} {number}")
            content = bytearray(whole)
            while content == whole:
                DAMAGES[number % len(DAMAGES)](content, chance)
            path.write_bytes(content)
            if fitting and name != MANIFEST:
                fit(copy, manifest)
            outcome, detail = "answered", ""
            try:
                if asked(copy) != expected and not fitting:
                    outcome, detail = "wrong", f"number {number} gives other answers"
            except ArticlebotError:
                outcome = "refused"
            except Exception as error:  # noqa: BLE001 - this is what is looked for
                outcome, detail = "failed", f"number {number}: {error!r}"
            told.send((number + 1, outcome, detail))
            path.write_bytes(whole)
            (copy / MANIFEST).write_bytes(manifest)


def fit(folder: Path, manifest: bytes) -> None:
    fields = json.loads(manifest)
    fields["files"] = {
        name: {"size": each.size, "sha256": each.sha256, "sample": each.sample}
        for name, each in record_files(folder).items()
    }
    (folder / MANIFEST).write_text(json.dumps(fields))


def asked(folder: Path) -> list[tuple[str, str, tuple[str, ...]]]:
    """What a generation answers."""
    generation = LocalGeneration.open(folder)
    check_encoder(generation)
    answerer = Answerer(Finder(generation), AnswerSettings())
    answers = [answerer.ask(question) for question in QUESTIONS]
    return [(answer.status, answer.text, answer.suggestions) for answer in answers]


if __name__ == "__main__":
    main()
