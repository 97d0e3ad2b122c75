"""How many questions are answered each second when several visitors ask at the same time?

usage: python -m benchmarks.speed.visitors INDEX --questions FILE [--seconds N]

The questions (JSON lines with `question`) are asked once each, so that no answer is kept: by some threads of one
process, and by 32 clients over REST, which share the processor with the server.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread

import httpx
import numpy as np

from benchmarks.shared.chat_server import ChatServer
from benchmarks.shared.question_sets import read_json_lines
from benchmarks.shared.timing import Row, machine, table
from bot import Bot

THREADS = (1, 2, 3, 4, 32)
CLIENTS = 32
WARM_UP = 100
"""Number of questions that are asked before the measurement."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    questions = iter(dict.fromkeys(row["question"] for row in read_json_lines(arguments.questions)))
    bot = Bot.open(arguments.index)
    for question in islice(questions, WARM_UP):
        bot.ask(question)
    rows = [_measure(f"threads: {count}", bot.ask, count, questions, arguments.seconds) for count in THREADS]
    with (
        TemporaryDirectory() as folder,
        ChatServer(Path(folder), "--index", str(arguments.index)) as server,
        httpx.Client(base_url=server.address, timeout=60, trust_env=False) as client,
    ):

        def post(question: str) -> object:
            return client.post("/api/v1/ask", json={"question": question}).raise_for_status()

        for question in islice(questions, WARM_UP):
            post(question)
        rows.append(_measure(f"clients over REST: {CLIENTS}", post, CLIENTS, questions, arguments.seconds))
    print(f"{machine()}\n\n{table(rows)}")


def _measure(name: str, ask: Callable[[str], object], count: int, questions: Iterator[str], seconds: float) -> Row:
    """Let `count` threads ask for some seconds; return answers per second, and how long each waited."""
    lock, times, end = Lock(), list[float](), time.perf_counter() + seconds

    def work() -> None:
        while time.perf_counter() < end:
            with lock:
                question = next(questions)
            start = time.perf_counter()
            ask(question)
            times.append(1000 * (time.perf_counter() - start))

    threads = [Thread(target=work) for _ in range(count)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p95 = np.percentile(times, (50, 95))
    return {"asked by": name, "answers/s": len(times) / (time.perf_counter() - begin), "p50, ms": p50, "p95, ms": p95}


if __name__ == "__main__":
    main()
