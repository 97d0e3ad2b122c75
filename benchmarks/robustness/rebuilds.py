"""What do visitors notice when the index is rebuilt under a running chat?

usage: python -m benchmarks.robustness.rebuilds [--rebuilds N] [--rest SECONDS]

Serves a copy of the shipped corpus with `articlebot serve --watch`, changes an article N times, and asks the page all the while, as a browser does. Prints how
long answers take at rest and while a build runs, how long it takes from saving an article to its answer, and what memory and disk hold on the way.
"""

import argparse
import shutil
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from benchmarks.robustness.kills import ARTICLE, QUESTION, SHIPPED
from benchmarks.shared.chat_server import PATIENCE, ChatServer, ask_page
from benchmarks.shared.timing import machine, percentiles, table
from bot.index.generation import check_encoder
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore

PAUSE = 0.02
"""Seconds between two questions."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rebuilds", type=int, default=100)
    parser.add_argument("--rest", type=float, default=30)
    arguments = parser.parse_args()
    print(machine())
    with TemporaryDirectory() as folder:
        answers, moments = measure(Path(folder), arguments.rebuilds, arguments.rest)
    print(f"\n{table(answers)}\n\n{table(moments)}")


class Visitor(threading.Thread):
    """Asks the page again and again."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.client, self.address = httpx.Client(trust_env=False, timeout=30), address
        self.ended = threading.Event()
        self.phase, self.allowed = "", {"0"}
        self.times: dict[str, list[float]] = {}
        self.failed, self.wrong = 0, 0

    def run(self) -> None:
        while not self.ended.wait(PAUSE):
            phase, allowed, started = self.phase, self.allowed, time.perf_counter()
            try:
                said = self.ask()
            except (httpx.HTTPError, ValueError, KeyError) as error:
                print(repr(error), file=sys.stderr)
                self.failed += 1
                continue
            self.times.setdefault(phase, []).append(1000 * (time.perf_counter() - started))
            # What was allowed before the question or is by now: a new generation may come while it is asked.
            self.wrong += not any(
                f"The number of this build is {number}, and no other one." in said for number in allowed | self.allowed
            )

    def ask(self) -> str:
        return str(ask_page(self.client, self.address, QUESTION, [])[-1]["content"][0]["text"])


def measure(place: Path, rebuilds: int, rest: float) -> tuple[list[dict], list[dict]]:
    corpus, store = Path(shutil.copytree(SHIPPED, place / "corpus")), LocalStore(place / "index")
    write(corpus, 0)
    with ChatServer(place, "--watch", "--corpus", str(place / "corpus"), "--index", str(place / "index")) as server:
        visitor = Visitor(server.address)
        visitor.phase = "at rest"
        visitor.start()
        time.sleep(rest)
        moments, most = [moment(0, place, server, 0.0, server.memory())], 0.0
        visitor.phase = "while a build runs"
        for number in range(1, rebuilds + 1):
            before = store.current_name()
            visitor.allowed = {str(number - 1), str(number)}
            write(corpus, number)
            saved = time.perf_counter()
            while server.health()["generation"] == before and time.perf_counter() < saved + PATIENCE:
                most = max(most, server.memory())
                time.sleep(0.02)
            taken = time.perf_counter() - saved
            visitor.allowed = {str(number)}
            if number % max(1, rebuilds // 4) == 0:
                moments.append(moment(number, place, server, taken, most))
                most = 0.0
        visitor.ended.set()
        visitor.join()
        opened = [timed_opening(store) for _ in range(5)]
    answers = [
        {"questions": phase, "asked": len(times), "p50, ms": percentiles(times)[0], "p95, ms": percentiles(times)[1],
         "p95, part of that at rest": percentiles(times)[1] / percentiles(visitor.times["at rest"])[1], "slowest, ms": max(times)}
        for phase, times in visitor.times.items()
    ]  # fmt: skip
    print(
        f"\n{rebuilds} rebuilds: {visitor.failed} questions failed, {visitor.wrong} answered wrongly; opening a generation takes {np.median(opened):.2f} s"
    )
    return answers, moments


def write(corpus: Path, number: int) -> None:
    """As editors do: beside, then in place."""
    (corpus / ".number").write_text(ARTICLE.format(question=QUESTION, number=number), encoding="utf-8")
    (corpus / ".number").replace(corpus / "number.md")


def moment(number: int, place: Path, server: ChatServer, taken: float, most: float) -> dict:
    sizes = {
        part: sum(path.stat().st_size for path in (place / "index" / part).rglob("*") if path.is_file()) / 1e6
        for part in ("generations", "cache")
    }
    return {
        "rebuilds": number, "from saved to served, s": taken, "the server's own memory, MB": server.memory(), "most until then, MB": most,
        "generations": len(LocalStore(place / "index").generations()), **{f"{part}, MB": size for part, size in sizes.items()},
    }  # fmt: skip


def timed_opening(store: LocalStore) -> float:
    started = time.perf_counter()
    check_encoder(LocalGeneration.open(store.current_folder()))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
