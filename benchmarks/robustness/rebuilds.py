"""What do visitors notice when the index is rebuilt under a running chat?

usage: python -m benchmarks.robustness.rebuilds [--rebuilds N] [--rest SECONDS]

Serves a copy of the shipped corpus with `articlebot serve --watch`, changes an article N times, and meanwhile asks the
page as a browser does. Prints how long answers take at rest and during builds, how long a saved article takes to be
served, and the memory and disk space used.
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

from benchmarks.robustness.kills import ANSWER, ARTICLE, QUESTION, SHIPPED
from benchmarks.shared.chat_server import PATIENCE, ChatServer, ask_page
from benchmarks.shared.timing import Row, machine, percentiles, seconds, table
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
        Rebuilds(Path(folder)).run(arguments.rebuilds, arguments.rest)


class Visitor(threading.Thread):
    """A visitor who asks the page again and again."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._client, self._address = httpx.Client(trust_env=False, timeout=30), address
        self._stopped = threading.Event()
        self.phase, self.allowed = "at rest", {0}
        """What the server does now, and the numbers of the builds whose answer is right."""
        self.times: dict[str, list[float]] = {}
        """Milliseconds of each answer, by phase."""
        self.failed, self.wrong = 0, 0

    def run(self) -> None:
        while not self._stopped.wait(PAUSE):
            phase, allowed, start = self.phase, self.allowed, time.perf_counter()
            try:
                answer = ask_page(self._client, self._address, QUESTION).last_text
            except (httpx.HTTPError, ValueError, KeyError) as error:
                print(repr(error), file=sys.stderr)
                self.failed += 1
                continue
            self.times.setdefault(phase, []).append(1000 * (time.perf_counter() - start))
            # A new generation may be published while the question is asked.
            self.wrong += not any(ANSWER.format(number=number) in answer for number in allowed | self.allowed)

    def stop(self) -> None:
        self._stopped.set()
        self.join()


class Rebuilds:
    """Rebuilds of an index in a folder, under a chat that serves it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._corpus, self._index = folder, folder / "corpus", folder / "index"
        self._store = LocalStore(self._index)
        self._peak = 0.0

    def run(self, rebuilds: int, rest: float) -> None:
        shutil.copytree(SHIPPED, self._corpus)
        self._write_article(0)
        options = ["--watch", "--corpus", str(self._corpus), "--index", str(self._index)]
        with ChatServer(self._folder, *options) as server:
            visitor = Visitor(server.address)
            visitor.start()
            time.sleep(rest)
            self._peak = server.memory()
            rows = [self._row(0, server, 0.0)]
            visitor.phase = "while a build runs"
            for number in range(1, rebuilds + 1):
                visitor.allowed = {number - 1, number}
                duration = self._rebuild(number, server)
                visitor.allowed = {number}
                if number % max(1, rebuilds // 4) == 0:
                    rows.append(self._row(number, server, duration))
            visitor.stop()
            opening = np.median([self._opening_seconds() for _ in range(5)])
        print(
            f"\n{rebuilds} rebuilds: {visitor.failed} questions failed, {visitor.wrong} were answered wrongly;", end=""
        )
        print(f" opening a generation takes {opening:.2f} s\n\n{table(_time_rows(visitor.times))}\n\n{table(rows)}")

    def _write_article(self, number: int) -> None:
        """Write the article as editors do: beside the old one, then in its place."""
        (self._corpus / ".number").write_text(ARTICLE.format(number=number), encoding="utf-8")
        (self._corpus / ".number").replace(self._corpus / "number.md")

    def _rebuild(self, number: int, server: ChatServer) -> float:
        """Change the article; return the seconds until the server answers from the new generation."""
        before = self._store.current_name()
        self._write_article(number)
        start = time.perf_counter()
        while server.health()["generation"] == before and time.perf_counter() < start + PATIENCE:
            self._peak = max(self._peak, server.memory())
            time.sleep(0.02)
        return time.perf_counter() - start

    def _row(self, number: int, server: ChatServer, duration: float) -> Row:
        """Return the state after a rebuild; the peak of memory is the one since the last row."""
        sizes = {f"{part}, MB": _megabytes(self._index / part) for part in ("generations", "cache")}
        row = {
            "rebuilds": number, "from saved to served, s": duration, "server's own memory, MB": server.memory(),
            "peak since the last row, MB": self._peak, "generations": len(self._store.generations()), **sizes,
        }  # fmt: skip
        self._peak = 0.0
        return row

    def _opening_seconds(self) -> float:
        return seconds(lambda: check_encoder(LocalGeneration.open(self._store.current_folder())))


def _time_rows(times: dict[str, list[float]]) -> list[Row]:
    _, rest_p95 = percentiles(times["at rest"])
    rows: list[Row] = []
    for phase, each in times.items():
        p50, p95 = percentiles(each)
        facts = {"questions": phase, "asked": len(each), "p50, ms": p50, "p95, ms": p95}
        rows.append({**facts, "p95 relative to rest": p95 / rest_p95, "slowest, ms": max(each)})
    return rows


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
