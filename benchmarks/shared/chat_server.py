"""`articlebot serve` in a process of its own, for the benchmarks that ask the chat."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx

PATIENCE = 120
"""Seconds to wait for a condition before the benchmark gives up."""


class PageReply(NamedTuple):
    """The page after a question: the messages it shows, and the conversation that the browser stores."""

    messages: list[Any]
    stored: object

    @property
    def last_text(self) -> str:
        return str(self.messages[-1]["content"][0]["text"])


class ChatServer:
    """The chat over an index, without a limit per address. Its settings file is written into `folder`."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        settings = folder / "benchmark.toml"
        settings.write_text("[limits]\nquestions_per_minute = 1000000\n", encoding="utf-8")
        command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--settings", str(settings), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def __enter__(self) -> Self:
        wait_until(lambda: bool(self.health()))
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)

    def memory(self) -> float:
        """Return the server's own memory in MB, without mapped files."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1]) / 1024

    def health(self) -> dict[str, Any]:
        """Return what `/healthz` reports; nothing while the server cannot be reached."""
        try:
            return dict(httpx.get(f"{self.address}/healthz", trust_env=False).json())
        except httpx.TransportError:
            return {}


def ask_page(client: httpx.Client, address: str, question: str, stored: object = None) -> PageReply:
    """Ask a question as the page does when it is sent; `stored` is the conversation so far."""
    body = {"data": [question, stored, ""], "fn_index": 0, "session_hash": "visitor"}
    reply = client.post(f"{address}/gradio_api/run/predict", json=body)
    messages, _, _, stored = reply.raise_for_status().json()["data"]
    return PageReply(list(messages), stored)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds; exit after `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"The condition did not hold within {PATIENCE} s.")
        time.sleep(0.05)
