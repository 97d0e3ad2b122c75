"""Does a Milvus server answer like an index folder, how fast is it, and what does publishing cost?

usage: python -m benchmarks.scale.milvus_index INDEX --questions FILE [--limit N] [--sizes N ...]
       [--address milvus://host:port/name | --lite]

Publishes the index to a Milvus server (by default one of the package `milvus` on this machine), and asks it and the
folder in turn. Then articles are written one after the other while eight visitors ask, and the local server is killed
while it is asked, and started again. `--lite` only compares with Milvus Lite, which ranks by words itself. `--sizes`
only measures the cost of indexes of these sizes, made of noisy copies of the passages (see sizes.py).
"""

import argparse
import csv
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.scale.sizes import make
from benchmarks.shared.timing import Row, machine, milliseconds, table
from bot import Bot
from bot.backends.location import publish_to, update_at
from bot.errors import ArticlebotError
from bot.index.filters import Filters
from bot.index.store import LocalStore

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from milvus_server import MilvusServer, lite_server

WARM_UP = 20
"""Number of questions that are asked before the measurement."""
VISITORS, UPDATES = 8, 100
QUESTION, ANSWER = "How many days does a zarb last?", "It lasts {number} days."
"""The FAQ of the article that is written again and again."""
RECOVERY = 30
"""Seconds of asking after the server was started again."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--address")
    parser.add_argument("--lite", action="store_true", help="only compare with Milvus Lite")
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    index = arguments.index
    with arguments.questions.open(encoding="utf-8", newline="") as file:
        questions = [row["question"] for row in csv.DictReader(file)][: arguments.limit]
    print(machine())
    if arguments.sizes:
        print(f"\n{table([measure_size(index, size, questions) for size in arguments.sizes])}")
    elif arguments.lite:
        with TemporaryDirectory() as folder, lite_server(Path(folder, "data")) as port:
            print_comparison(index, f"milvus://127.0.0.1:{port}/benchmark?cache={folder}/copies", questions)
    else:
        with serve(arguments.address) as (address, server):
            remote = print_comparison(index, address, questions)
            print(f"\n{table([measure_updates(remote, address, index)])}")
            if server:
                print(f"\n{table([Kill(remote, questions).measure(server)])}")


@contextmanager
def serve(address: str | None) -> Iterator[tuple[str, MilvusServer | None]]:
    """Give the address of an index on a server; without an address, run a server."""
    if address:
        yield address, None
        return
    with TemporaryDirectory() as folder:
        server = MilvusServer(Path(folder))
        try:
            yield server.index("benchmark", Path(folder, "copies")), server
        finally:
            server.kill()


def print_comparison(index: Path, address: str, questions: list[str]) -> Bot:
    """Publish an index, and print how the server compares with the folder; return the opened server."""
    published, remote = publish(index, address)
    print(f"\n{table([{**published, 'records, bytes per passage': bytes_per_passage(remote)}])}\n")
    local = Bot.open(index)
    print_differences(local, remote, questions)
    print(f"\n{table(compare(local, remote, questions))}")
    return remote


def publish(index: Path, address: str) -> tuple[Row, Bot]:
    manifest = Bot.open(index).generation.manifest
    start = time.perf_counter()
    publish_to(address, index, lambda _done, _total: None)
    published = time.perf_counter()
    bot = Bot.open(address)
    opened = time.perf_counter()
    return {
        "passages": manifest.passages, "vectors": manifest.vectors, "published in, s": published - start,
        "vectors/s": manifest.vectors / (published - start), "opened for the first time in, s": opened - published,
    }, bot  # fmt: skip


def measure_size(index: Path, size: int, questions: list[str]) -> Row:
    """Measure an index of about `size` passages on a server of its own."""
    with TemporaryDirectory() as work, serve(None) as (address, server):
        assert server
        make(index, Path(work), size)
        published, bot = publish(Path(work), address)
        stages = _stages(bot, questions)
        row = {**published, "server's memory, MB": server.megabytes(), "server's disk, MB": server.disk_megabytes()}
        for name in ("vectors", "search"):
            row[f"{name} p50, ms"], row[f"{name} p95, ms"] = _measure(stages[name], questions)
        return row


def bytes_per_passage(bot: Bot) -> float:
    """Return the size of a passage and its share of its article as records, without numbers and keys."""
    milvus, records = bot.generation.milvus, bot.generation.collections.records
    found = milvus.find(records, 'kind in ["faq", "passage", "sentences", "article"]', ("body",))
    return sum(len(each["body"]) for each in found) / bot.generation.table.facts.passages


def print_differences(local: Bot, remote: Bot, questions: list[str]) -> None:
    same = differing = 0
    for question in questions:
        here, there = (bot.retriever.search(question, k=3) for bot in (local, remote))
        if here and there:
            same += here[0].passage.id == there[0].passage.id
            differing += abs(here[0].probability - there[0].probability) > 0.01
    print(f"the same first passage for {same} of {len(questions)} questions, another probability for {differing}")


def compare(local: Bot, remote: Bot, questions: list[str]) -> list[Row]:
    rows: list[Row] = []
    folder_p50: dict[str, float] = {}
    for name, bot in (("folder", local), ("Milvus", remote)):
        for step, call in _stages(bot, questions).items():
            p50, p95 = _measure(call, questions)
            ratio = p50 / folder_p50.setdefault(step, p50)
            rows.append({"step": step, "index": name, "p50, ms": p50, "p95, ms": p95, "p50 relative to folder": ratio})
    return rows


def _stages(bot: Bot, questions: list[str]) -> dict[str, Callable[[str], object]]:
    generation = bot.generation
    vectors = {question: generation.encoder.encode_questions([question]) for question in questions}
    return {
        "vectors": lambda question: generation.nearest(vectors[question], 50, Filters()),
        "search": lambda question: bot.retriever.search(question, k=10),
        "ask": bot.ask,
    }


def _measure(call: Callable[[str], object], questions: list[str]) -> tuple[float, float]:
    for question in questions[:WARM_UP]:
        call(question)
    return milliseconds(call, questions)


def measure_updates(bot: Bot, address: str, index: Path) -> Row:
    """Write one article again and again while visitors ask for it."""
    visitors, times = [UpdateVisitor(bot) for _ in range(VISITORS)], []
    write_article(address, index, 0)
    for visitor in visitors:
        visitor.start()
    for number in range(1, 1 + UPDATES):
        start = time.perf_counter()
        write_article(address, index, number)
        times.append(time.perf_counter() - start)
        for visitor in visitors:
            visitor.acknowledged = number
    for visitor in visitors:
        visitor.stop()
    return {
        "updates": UPDATES, "visitors": VISITORS, "acknowledged after, median s": float(np.median(times)),
        "answers meanwhile": sum(one.answers for one in visitors), "failed": sum(one.failed for one in visitors),
        "stale": sum(one.stale for one in visitors),
    }  # fmt: skip


def write_article(address: str, index: Path, number: int) -> None:
    faqs = [{"question": QUESTION, "answer": ANSWER.format(number=1000 + number)}]
    article = {"id": "zarb", "title": "Zarb", "text": "A zarb is a thing.", "faqs": faqs}
    update_at(address, [article], folder=LocalStore(index).root)


class UpdateVisitor(threading.Thread):
    """A visitor who asks for the article and counts answers older than the last acknowledged update."""

    def __init__(self, bot: Bot) -> None:
        super().__init__()
        self._bot, self._stopped = bot, threading.Event()
        self.acknowledged = self.answers = self.failed = self.stale = 0

    def run(self) -> None:
        before, after = ANSWER.split("{number}")
        while not self._stopped.is_set():
            acknowledged = self.acknowledged
            try:
                text = self._bot.ask(QUESTION).text
            except ArticlebotError:
                self.failed += 1
                continue
            self.answers += 1
            self.stale += int(text.removeprefix(before).removesuffix(after) or 0) < 1000 + acknowledged

    def stop(self) -> None:
        self._stopped.set()
        self.join()


class Kill:
    """A server that is killed and started again while one visitor asks one question after the other."""

    def __init__(self, bot: Bot, questions: list[str]) -> None:
        self._bot, self._questions, self._stopped = bot, questions, threading.Event()
        self._answered: list[float] = []
        self._errors, self._slowest = 0, 0.0

    def measure(self, server: MilvusServer) -> Row:
        visitor = threading.Thread(target=self._ask)
        visitor.start()
        time.sleep(2)
        server.kill()
        killed = time.perf_counter()
        server.start()
        started = time.perf_counter()
        time.sleep(RECOVERY)
        self._stopped.set()
        visitor.join()
        first = next((moment for moment in self._answered if moment > started), None)
        return {
            "down for, s": started - killed, "answered": len(self._answered), "server unreachable": self._errors,
            "slowest, s": self._slowest, "first answer after the restart, s": first - started if first else "none",
        }  # fmt: skip

    def _ask(self) -> None:
        number = 0
        while not self._stopped.is_set():
            start = time.perf_counter()
            try:
                self._bot.ask(self._questions[number % len(self._questions)])
                self._answered.append(time.perf_counter())
            except ArticlebotError:
                self._errors += 1
            self._slowest = max(self._slowest, time.perf_counter() - start)
            number += 1


if __name__ == "__main__":
    main()
