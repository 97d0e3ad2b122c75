"""What do visitors notice when the index is rebuilt under a running chat?

usage: python benchmarks/rebuilds.py [--rebuilds N] [--rest SECONDS]

Serves a copy of the shipped corpus with `articlebot serve --watch`, changes an article N times, and asks the page all the while, as a browser does. Prints how
long answers take at rest and while a build runs, how long it takes from saving an article to its answer, and what memory and disk hold on the way.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import httpx
import numpy as np
from kills import ARTICLE, QUESTION, SHIPPED
from timing import machine, percentiles, table

from bot.index.generation import Generation
from bot.index.store import IndexStore

PAUSE = 0.02
"""Seconds between two questions."""
PATIENCE = 120


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
            self.wrong += not any(f"The number of this build is {number}, and no other one." in said for number in allowed | self.allowed)

    def ask(self) -> str:
        body = {"data": [QUESTION, []], "fn_index": 0, "session_hash": "visitor"}
        reply = self.client.post(f"{self.address}/gradio_api/run/predict", json=body)
        return str(reply.raise_for_status().json()["data"][0][-1]["content"][0]["text"])


def measure(place: Path, rebuilds: int, rest: float) -> tuple[list[dict], list[dict]]:
    corpus, store = Path(shutil.copytree(SHIPPED, place / "corpus")), IndexStore(place / "index")
    write(corpus, 0)
    with Server(place) as server:
        visitor = Visitor(server.address)
        visitor.phase = "at rest"
        visitor.start()
        time.sleep(rest)
        moments, most = [moment(0, place, server, 0.0, server.memory())], 0.0
        visitor.phase = "while a build runs"
        for number in range(1, rebuilds + 1):
            before = store.current().name
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


class Server:
    """The chat in a process of its own."""

    def __init__(self, place: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        command = [
            sys.executable,
            "-m",
            "bot",
            "serve",
            "--watch",
            "--corpus",
            str(place / "corpus"),
            "--index",
            str(place / "index"),
            "--port",
            str(port),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self) -> Self:
        wait_until(lambda: bool(self.health()))
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)

    def memory(self) -> float:
        """What it holds itself, mapped files left out, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1]) / 1024

    def health(self) -> dict:
        try:
            return httpx.get(f"{self.address}/healthz", trust_env=False).json()
        except httpx.TransportError:
            return {}


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            sys.exit("waited in vain")
        time.sleep(0.05)


def moment(number: int, place: Path, server: Server, taken: float, most: float) -> dict:
    sizes = {
        part: sum(path.stat().st_size for path in (place / "index" / part).rglob("*") if path.is_file()) / 1e6 for part in ("generations", "cache")
    }
    return {
        "rebuilds": number, "from saved to served, s": taken, "the server's own memory, MB": server.memory(), "most until then, MB": most,
        "generations": len(IndexStore(place / "index").generations()), **{f"{part}, MB": size for part, size in sizes.items()},
    }  # fmt: skip


def timed_opening(store: IndexStore) -> float:
    started = time.perf_counter()
    Generation.open(store.current()).check_encoder()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
