"""Does a Milvus server answer as a folder does, how fast, and what does it take to get there?

usage: python -m benchmarks.scale.milvus_index INDEX --questions FILE [--most N] [--address milvus://host:port/name | --lite] [--sizes N ...]

Publishes the index to a Milvus server, to one of the package `milvus` on this machine unless an address is given, and asks both in turns. Then the server is
killed while it is asked, and started again (only one of this machine); then articles are written one after the other while eight visitors ask. With `--sizes`
only tells what so many passages cost, made of copies of the index's own with noise (see sizes.py).
"""

import argparse
import csv
import sys
import threading
import time
from collections.abc import Iterator
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

WARM, VISITORS, UPDATES = 20, 8, 100
QUESTION = "How many days does a zarb last?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--address")
    parser.add_argument(
        "--lite", action="store_true", help="ask Milvus Lite, which ranks by words itself, and compare alone"
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    with arguments.questions.open(encoding="utf-8", newline="") as file:
        questions = [row["question"] for row in csv.DictReader(file)][: arguments.most]
    if arguments.sizes:
        print(f"{machine()}\n\n{table([cost(arguments.index, size, questions) for size in arguments.sizes])}")
        return
    if arguments.lite:
        with TemporaryDirectory() as folder, lite_server(Path(folder, "data")) as port:
            published, far = publish(arguments.index, f"milvus://127.0.0.1:{port}/benchmark?cache={folder}/copies")
            print(
                f"{machine()}\n\n{table([{**published, 'records, bytes a passage': records_bytes(far)}])}\n\n{table(compare(Bot.open(arguments.index), far, questions))}"
            )
        return
    with served(arguments.address) as (address, server):
        published, opened = publish(arguments.index, address)
        near, far = Bot.open(arguments.index), opened
        published = {**published, "records, bytes a passage": records_bytes(far)}
        print(
            f"{machine()}\n\n{table([published])}\n\n{table(compare(near, far, questions))}\n\n{table([updates(far, address, arguments.index)])}"
        )
        if server:
            print(f"\n{table([killed(far, server, questions)])}")


@contextmanager
def served(address: str | None) -> Iterator[tuple[str, MilvusServer | None]]:
    if address:
        yield address, None
        return
    with TemporaryDirectory() as folder:
        server = MilvusServer(Path(folder))
        try:
            yield server.index("benchmark", Path(folder, "copies")), server
        finally:
            server.kill()


def publish(index: Path, address: str) -> tuple[Row, Bot]:
    manifest = Bot.open(index).generation.manifest
    began = time.perf_counter()
    publish_to(address, index, lambda _done, _total: None)
    written = time.perf_counter()
    bot = Bot.open(address)
    ready = time.perf_counter()
    return {
        "passages": manifest.passages, "vectors": manifest.vectors, "published in, s": written - began,
        "vectors/s": manifest.vectors / (written - began), "opened for the first time in, s": ready - written,
    }, bot  # fmt: skip


def cost(index: Path, size: int, questions: list[str]) -> Row:
    """What an index of about so many passages costs on a server of its own."""
    with TemporaryDirectory() as work, served(None) as (address, server):
        assert server
        make(index, Path(work), size)
        published, bot = publish(Path(work), address)
        vectors = {question: bot.generation.encoder.encode_questions([question]) for question in questions}
        steps = {
            "vectors": lambda question: bot.generation.nearest(vectors[question], 50, Filters()),
            "search": lambda question: bot.retriever.search(question, k=10),
        }
        row = {**published, "server's memory, MB": server.megabytes(), "server's disk, MB": server.disk_megabytes()}
        for name, run in steps.items():
            for question in questions[:WARM]:
                run(question)
            row[f"{name} p50, ms"], row[f"{name} p95, ms"] = milliseconds(run, questions)
        return row


def records_bytes(bot: Bot) -> float:
    """What a passage and its share of its article take as records, without numbers and keys."""
    milvus, records = bot.generation.milvus, bot.generation.collections.records
    found = milvus.find(records, 'kind in ["faq", "passage", "sentences", "article"]', ("body",))
    return sum(len(each["body"]) for each in found) / bot.generation.table.facts.passages


def compare(near: Bot, far: Bot, questions: list[str]) -> list[Row]:
    same = differ = 0
    for question in questions:
        here, there = (bot.retriever.search(question, k=3) for bot in (near, far))
        same += bool(here) and bool(there) and here[0].passage.id == there[0].passage.id
        differ += bool(here) and bool(there) and abs(here[0].probability - there[0].probability) > 0.01
    print(f"the same first passage for {same} of {len(questions)} questions, another probability for {differ}\n")
    rows: list[Row] = []
    for name, bot in (("folder", near), ("Milvus", far)):
        vectors = {question: bot.generation.encoder.encode_questions([question]) for question in questions}
        steps = {
            "vectors": lambda question, bot=bot, vectors=vectors: bot.generation.nearest(
                vectors[question], 50, Filters()
            ),
            "search": lambda question, bot=bot: bot.retriever.search(question, k=10),
            "ask": lambda question, bot=bot: bot.ask(question),
        }
        for step, run in steps.items():
            for question in questions[:WARM]:
                run(question)
            p50, p95 = milliseconds(run, questions)
            first = next((row["p50, ms"] for row in rows if row["step"] == step), p50)
            rows.append(
                {
                    "step": step,
                    "index": name,
                    "p50, ms": p50,
                    "p95, ms": p95,
                    "p50, part of the folder's": float(p50) / float(first),
                }
            )
    return rows


def updates(bot: Bot, address: str, index: Path) -> Row:
    """Write one article again and again while visitors ask for it."""
    acknowledged, ended = [0], threading.Event()
    answers, stale, failed, seconds = [0], [0], [0], []

    def write(number: int) -> None:
        faqs = [{"question": QUESTION, "answer": f"It lasts {number} days."}]
        update_at(
            address,
            [{"id": "zarb", "title": "Zarb", "text": "A zarb is a thing.", "faqs": faqs}],
            folder=LocalStore(index).root,
        )
        acknowledged[0] = number

    def ask() -> None:
        while not ended.is_set():
            least = acknowledged[0]
            try:
                said = bot.ask(QUESTION).text
            except ArticlebotError:
                failed[0] += 1
                continue
            answers[0] += 1
            stale[0] += int(said.removeprefix("It lasts ").removesuffix(" days.") or 0) < least

    write(1000)
    threads = [threading.Thread(target=ask) for _ in range(VISITORS)]
    for thread in threads:
        thread.start()
    for number in range(1001, 1001 + UPDATES):
        began = time.perf_counter()
        write(number)
        seconds.append(time.perf_counter() - began)
    ended.set()
    for thread in threads:
        thread.join()
    return {
        "updates": UPDATES, "visitors": VISITORS, "acknowledged after, median s": float(np.median(seconds)), "answers meanwhile": answers[0],
        "failed": failed[0], "stale": stale[0],
    }  # fmt: skip


def killed(bot: Bot, server: MilvusServer, questions: list[str]) -> Row:
    """Kill the server and start it again while one visitor asks one question after the other."""
    ended, answered, told, slowest = threading.Event(), [0], [0], [0.0]
    recovered: list[float] = []

    def ask() -> None:
        number = 0
        while not ended.is_set():
            began = time.perf_counter()
            try:
                bot.ask(questions[number % len(questions)])
                answered[0] += 1
                recovered.append(time.perf_counter())
            except ArticlebotError:
                told[0] += 1
            slowest[0] = max(slowest[0], time.perf_counter() - began)
            number += 1

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(2)
    server.kill()
    gone = time.perf_counter()
    server.start()
    back = time.perf_counter()
    time.sleep(30)
    ended.set()
    thread.join()
    first = next((moment for moment in recovered if moment > back), None)
    return {
        "killed for, s": back - gone, "answered": answered[0], "told that the server does not answer": told[0], "slowest, s": slowest[0],
        "first answer after it was back, s": first - back if first else "none",
    }  # fmt: skip


if __name__ == "__main__":
    main()
