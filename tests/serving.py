"""A real server in a thread, and the actions of a visitor on its page."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.sync_api import BrowserContext, Page, expect

from bot import Bot
from bot.answering.answer import Answer
from bot.serve.application import create_app
from bot.serve.page.conversation import Exchange
from bot.serve.page.messages import answer_message
from bot.serve.texts import PageTexts
from bot.settings import ChatSettings
from bot.usage.store import UsageStore

_WAIT = 240  # seconds after which a server process counts as hung
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=PreloadTopChromeWebUI",  # pages of the browser's own, which no test sees
]


class Hedging(Bot):
    """A bot that claims no answer to a question which begins with "about": it shows the closest passage."""

    def ask(self, question: str, *earlier: Any, **options: Any) -> Answer:
        answer = super().ask(question.removeprefix("about "), *earlier, **options)
        if not question.startswith("about "):
            return answer
        near = ("Does leave count towards the notice period?",)
        return replace(answer, status="closest", question=question, probability=0.3, suggestions=near, newer=None)


def chromium() -> str | None:
    """Yield the Chromium of this machine; skip the test if it has none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def served(
    bot: Bot, settings: ChatSettings = ChatSettings(), usage: UsageStore | None = None, *, ui: bool = True
) -> Iterator[str]:
    """Serve the chat over a bot while the caller iterates; yield its address."""
    yield from running(create_app(bot, settings, usage, ui=ui))


def running(app: object) -> Iterator[str]:
    """Serve an ASGI application while the caller iterates; yield its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    httpx.get(f"{address}/healthz", timeout=30, trust_env=False)
    yield address
    server.should_exit = True
    thread.join(10)


@contextmanager
def server_process(*words: str, cwd: Path) -> Iterator[tuple[str, list[str]]]:
    """Run `python WORDS`, which serves a bot, until the body ends; yield its address and its lines on stderr."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    said: list[str] = []
    listening = threading.Event()

    def read() -> None:
        for line in process.stderr or ():
            said.append(line)
            if " open http" in line:
                listening.set()
        listening.set()

    with subprocess.Popen(
        [sys.executable, *words], cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        reader = threading.Thread(target=read)
        reader.start()
        try:
            listening.wait(_WAIT)
            address = next((line.split()[2] for line in said if " open http" in line), None)
            assert address, f"the server did not start: {said}"
            yield address, said
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_WAIT)
            reader.join()


def fresh_page(context: BrowserContext, address: str) -> Page:
    """Return a page that shares the cache of earlier ones at this address, and none of their conversation."""
    page = context.new_page()
    page.goto(f"{address}/healthz")
    page.evaluate("localStorage.clear()")
    return page


def ask(page: Page, question: str) -> None:
    """Type a question, send it, and wait for its answer."""
    before = page.get_by_test_id("bot").count()
    page.get_by_test_id("textbox").fill(question)
    page.get_by_test_id("textbox").press("Enter")
    expect(page.get_by_test_id("bot")).to_have_count(before + 1)


def rendered(answer: Answer, texts: PageTexts) -> str:
    """Return the HTML of an answer on the page."""
    content: str = answer_message(Exchange.of(answer), texts)["content"]
    return content
