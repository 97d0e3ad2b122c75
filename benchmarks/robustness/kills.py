"""Does a build that is killed at any moment leave a whole index, while it is asked?

usage: python -m benchmarks.robustness.kills [--kills N] [--seed N]

Changes an article, and kills the build and its second process with SIGKILL at a random moment, again and again.
Meanwhile one process asks an index that it opened once, and another opens it for each question. An answer is "mixed"
if the generation that it names gives other words. In the end, one more build must succeed and leave no
unfinished generation behind.
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

from benchmarks.shared.timing import machine, seconds, table
from bot import Bot
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore

QUESTION = "What is the number of this build?"
ANSWER = "The number of this build is {number}, and no other one."
ARTICLE = f"---\ntitle: Builds\n---\nEach build has a number.\n\n## FAQs\n\n### {QUESTION}\n\n{ANSWER}\n"
SHIPPED = Path(__file__).parents[2] / "corpus"
ARTICLES = 8
"""Number of shipped articles in the corpus."""
RELOAD = 2.0
"""Seconds within which the reader that opened the index once must notice the last generation."""
READERS = (("opened once", 0.005, False), ("opened for each question", 0.05, True))
"""The name of each reader, the seconds between its questions, and whether it opens the index for each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(machine())
    with TemporaryDirectory() as folder:
        print(f"\n{table(measure(Path(folder), arguments.kills, random.Random(arguments.seed)))}")


def measure(folder: Path, kills: int, chance: random.Random) -> list[dict]:
    store = LocalStore(folder / "index")
    _copy_corpus(folder / "corpus")
    build(folder, -1)
    duration = seconds(lambda: build(folder, 0))
    texts = {store.current_name(): text_of(store)}
    readers = {name: Reader(store.root, pause, reopen=reopen) for name, pause, reopen in READERS}
    published = 0
    for number in range(1, kills + 1):
        kill_after(start_build(folder, number), chance.uniform(0, 1.6 * duration))
        published += store.current_name() not in texts
        texts.setdefault(store.current_name(), text_of(store))
    build(folder, kills + 1)
    texts[store.current_name()] = text_of(store)
    time.sleep(RELOAD)
    leftovers = sum(path.name.startswith(".") for path in store.generations_folder.iterdir())
    return [
        {"index": name, "kills": kills, "kills after publishing": published, **reader.stop(texts),
         "leftovers after the last build": leftovers}
        for name, reader in readers.items()
    ]  # fmt: skip


def _copy_corpus(corpus: Path) -> None:
    corpus.mkdir()
    for path in sorted(SHIPPED.glob("*.md"))[:ARTICLES]:
        (corpus / path.name).write_bytes(path.read_bytes())


def start_build(folder: Path, number: int) -> "subprocess.Popen[bytes]":
    corpus, index = folder / "corpus", folder / "index"
    (corpus / "number.md").write_text(ARTICLE.format(number=number), encoding="utf-8")
    command = [sys.executable, "-m", "bot", "build", "--corpus", str(corpus), "--index", str(index)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def kill_after(process: "subprocess.Popen[bytes]", delay: float) -> None:
    """Kill a build and its child processes after some seconds."""
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def build(folder: Path, number: int) -> None:
    if start_build(folder, number).wait():
        sys.exit("A build that was not killed has failed.")


def text_of(store: LocalStore) -> str:
    """Return the answer to `QUESTION` in the current generation."""
    passages = LocalGeneration.open(store.current_folder()).table.all_passages()
    return next(passage.text for passage in passages if passage.question == QUESTION)


class Reader:
    """A process that asks the index until it is stopped."""

    def __init__(self, index: Path, pause: float, *, reopen: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._results, sender = context.Pipe(duplex=False)
        self._stopped = context.Event()
        self._process = context.Process(target=read, args=(index, pause, reopen, self._stopped, sender))
        self._process.start()

    def stop(self, texts: dict[str, str]) -> dict[str, int]:
        """Stop asking; count the answers. `texts` has the right answer of each generation."""
        self._stopped.set()
        answers, failed = self._results.recv()
        self._process.join()
        mixed = sum(count for (name, text), count in answers.items() if texts.get(name) != text)
        generations, questions = len({name for name, _ in answers}), sum(answers.values()) + failed
        return {"generations asked": generations, "questions": questions, "failed": failed, "mixed": mixed}


def read(index: Path, pause: float, reopen: bool, stopped: Event, results: Connection) -> None:
    """Ask until stopped, and send the number of each answer and of failures."""
    answers: Counter[tuple[str, str]] = Counter()
    failed, bot = 0, Bot.open(index)
    while not stopped.wait(pause):
        try:
            answer = (Bot.open(index) if reopen else bot).ask(QUESTION)
            answers[answer.generation, answer.text] += 1
        except Exception as error:  # noqa: BLE001 - this is what is counted
            failed += 1
            print(repr(error), file=sys.stderr, flush=True)
    results.send((answers, failed))


if __name__ == "__main__":
    main()
