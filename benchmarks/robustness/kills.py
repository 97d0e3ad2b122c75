"""Does a build that is killed at any moment leave a whole index, while it is asked?

usage: python -m benchmarks.robustness.kills [--kills N] [--seed N]

Changes an article and kills the build and its second process with SIGKILL at a random moment, again and again. All the while one process asks an index that
it opened once, and another opens it anew for each question. An answer is mixed when its words are not those of the generation it names. In the end one more
build must succeed and leave nothing behind.
"""

import argparse
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import machine, table
from bot import Bot
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore

QUESTION = "What is the number of this build?"
ARTICLE = "---\ntitle: Builds\n---\nEach build has a number.\n\n## FAQs\n\n### {question}\n\nThe number of this build is {number}, and no other one.\n"
SHIPPED = Path(__file__).parents[2] / "corpus"
ARTICLES = 8
FOLLOWED = 2.0
"""Seconds within which the reader that opened the index once must have come to the last generation."""
READERS = (("opened once", 0.005, False), ("opened for each question", 0.05, True))
"""What is asked, seconds between two questions, and whether it is opened for each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(machine())
    with TemporaryDirectory() as folder:
        print(f"\n{table(measure(Path(folder), arguments.kills, random.Random(arguments.seed)))}")


def measure(place: Path, kills: int, chance: random.Random) -> list[dict]:
    corpus, store = place / "corpus", LocalStore(place / "index")
    corpus.mkdir()
    for path in sorted(SHIPPED.glob("*.md"))[:ARTICLES]:
        (corpus / path.name).write_bytes(path.read_bytes())
    build(place, -1)
    started = time.perf_counter()
    build(place, 0)
    whole = time.perf_counter() - started
    said = {store.current_name(): text_of(store)}
    readers = {name: Reader(store.root, pause, anew=anew) for name, pause, anew in READERS}
    published = 0
    for number in range(1, kills + 1):
        process = start_build(place, number)
        time.sleep(chance.uniform(0, 1.6 * whole))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        published += store.current_name() not in said
        said.setdefault(store.current_name(), text_of(store))
    build(place, kills + 1)
    said[store.current_name()] = text_of(store)
    time.sleep(FOLLOWED)
    left = sum(path.name.startswith(".") for path in store.generations_folder.iterdir())
    rows = [
        {"index": name, "kills": kills, "kills after publishing": published, **reader.end(said)}
        for name, reader in readers.items()
    ]
    return [{**row, "leftovers after the last build": left} for row in rows]


def start_build(place: Path, number: int) -> "subprocess.Popen[bytes]":
    (place / "corpus" / "number.md").write_text(ARTICLE.format(question=QUESTION, number=number), encoding="utf-8")
    command = [sys.executable, "-m", "bot", "build", "--corpus", str(place / "corpus"), "--index", str(place / "index")]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def build(place: Path, number: int) -> None:
    if start_build(place, number).wait():
        sys.exit("a build that nobody killed has failed")


def text_of(store: LocalStore) -> str:
    """What the served generation answers."""
    return next(
        passage.text
        for passage in LocalGeneration.open(store.current_folder()).table.all_passages()
        if passage.question == QUESTION
    )


class Reader:
    """A process that asks until it is told to end."""

    def __init__(self, index: Path, pause: float, *, anew: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe(duplex=False)
        self._ended = context.Event()
        self._process = context.Process(target=read, args=(index, pause, anew, self._ended, there))
        self._process.start()

    def end(self, said: dict[str, str]) -> dict[str, int]:
        self._ended.set()
        answers, failed = self._here.recv()
        self._process.join()
        mixed = sum(count for (name, text), count in answers.items() if said.get(name) != text)
        questions = sum(answers.values()) + failed
        return {
            "generations asked": len({name for name, _ in answers}),
            "questions": questions,
            "failed": failed,
            "mixed": mixed,
        }


def read(index: Path, pause: float, anew: bool, ended: Event, told: Connection) -> None:
    answers: Counter[tuple[str, str]] = Counter()
    failed, bot = 0, Bot.open(index)
    while not ended.wait(pause):
        try:
            answer = (Bot.open(index) if anew else bot).ask(QUESTION)
            answers[answer.generation, answer.text] += 1
        except Exception as error:  # noqa: BLE001 - this is what is counted
            failed += 1
            print(repr(error), file=sys.stderr, flush=True)
    told.send((answers, failed))


if __name__ == "__main__":
    main()
