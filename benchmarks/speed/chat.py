"""How soon does a visitor see an answer, how heavy is the page, and how many visitors does it serve at once?

usage: python -m benchmarks.speed.chat INDEX --questions FILE [--visitors N] [--seconds N]

Asks the first 50 questions of the file (one per line, or a CSV with a column `question`) in headless Chromium, in turn
on the chat page and on a plain `gr.ChatInterface` that echoes the question. Measures in the page from the Enter key to
the frame after the answer appears. Then N visitors ask over HTTP, as the page does, each in its own conversation.
"""

import argparse
import csv
import gzip
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.shared.chat_server import ChatServer, ask_page, wait_until
from benchmarks.shared.timing import machine, percentiles, table

QUESTIONS, TURNS = 50, 10
"""Number of questions asked in the browser, and questions per conversation there."""
ECHO = """
import os, sys
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr
gr.ChatInterface(lambda message, history: message).launch(server_port=int(sys.argv[1]), quiet=True)
"""
ECHO_ADDRESS = "http://127.0.0.1:7990"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
TIMER = """() => {
  const answers = () =>
    [...document.querySelectorAll('[data-testid=bot]')].filter(one => one.innerText.trim()).length;
  window.duration = new Promise(done => {
    let before, start;
    document.addEventListener('keydown', event => {
      if (event.key === 'Enter') { before = answers(); start = performance.now(); }
    }, { capture: true, once: true });
    const watch = new MutationObserver(() => {
      if (start === undefined || answers() <= before) return;
      watch.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
    });
    watch.observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--visitors", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=120)
    arguments = parser.parse_args()
    questions = read_questions(arguments.questions)
    print(machine())
    with TemporaryDirectory() as folder, ChatServer(Path(folder), "--index", str(arguments.index)) as chat:
        with run_echo() as echo, run_browser() as browser:
            addresses = {"the chat": chat.address, "plain gr.ChatInterface": echo}
            print(f"\n{table(measure_answers(browser, addresses, questions[:QUESTIONS]))}")
            print(f"\n{table(measure_weight(browser, addresses))}")
        print(f"\n{table([Crowd(chat, questions, arguments.seconds).measure(arguments.visitors)])}")
        script = httpx.get(f"{chat.address}/widget.js", trust_env=False).content
        print(f"\nwidget.js: {len(script):,} bytes, {len(gzip.compress(script)):,} compressed")


def read_questions(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            return [row["question"] for row in csv.DictReader(file)]
        return file.read().splitlines()


@contextmanager
def run_echo() -> Iterator[str]:
    """Run a chat that echoes the question; give its address."""
    command = [sys.executable, "-c", ECHO, ECHO_ADDRESS.rpartition(":")[2]]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_reachable(ECHO_ADDRESS))
        yield ECHO_ADDRESS
    finally:
        process.terminate()


def is_reachable(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def run_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def measure_answers(browser: Browser, addresses: Mapping[str, str], questions: list[str]) -> list[dict]:
    """Measure from the Enter key to the answer, in conversations of `TURNS` questions."""
    times: dict[str, list[float]] = {name: [] for name in addresses}
    for start in range(0, len(questions), TURNS):
        pages = {name: open_page(browser.new_context(), address) for name, address in addresses.items()}
        for question in questions[start : start + TURNS]:
            for name, page in pages.items():
                times[name].append(ask_in_browser(page, question))
        for page in pages.values():
            page.context.close()
    figures = {name: percentiles(each) for name, each in times.items()}
    plain_p50, plain_p95 = list(figures.values())[-1]
    return [
        {"page": name, "questions": len(times[name]), "p50, ms": p50, "p95, ms": p95,
         "p50 relative to the plain page": p50 / plain_p50, "p95 relative to it": p95 / plain_p95}
        for name, (p50, p95) in figures.items()
    ]  # fmt: skip


def open_page(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.locator("textarea").last.wait_for()
    page.wait_for_timeout(1000)
    return page


def ask_in_browser(page: Page, question: str) -> float:
    """Return the milliseconds until the answer appears."""
    page.locator("textarea").last.fill(question)
    page.evaluate(TIMER)
    page.locator("textarea").last.press("Enter")
    duration: float = page.evaluate("window.duration")
    page.wait_for_timeout(100)
    return duration


def measure_weight(browser: Browser, addresses: Mapping[str, str]) -> list[dict]:
    """Measure what the page loads in a browser that has never opened it, and in one that has."""
    for address in addresses.values():
        open_page(browser.new_context(), address).context.close()
    rows = []
    for name, address in addresses.items():
        context = browser.new_context()
        rows += [{"page": name, "visit": visit, **measure_visit(context, address)} for visit in ("first", "second")]
        context.close()
    return rows


def measure_visit(context: BrowserContext, address: str) -> dict:
    page, received = context.new_page(), []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    start = time.perf_counter()
    page.goto(address)
    page.locator("textarea").last.wait_for()
    usable = time.perf_counter() - start
    page.wait_for_timeout(1500)
    page.close()
    requests = sum(size > 0 for size in received)
    return {"requests": requests, "received, kB": sum(received) / 1000, "usable after, s": usable}


class Crowd:
    """Visitors who ask the page one question after the other, all at once, for a number of seconds."""

    def __init__(self, chat: ChatServer, questions: list[str], seconds: float) -> None:
        self._chat, self._questions, self._seconds = chat, questions, seconds
        self._times: list[float] = []
        self._errors: list[str] = []

    def measure(self, visitors: int) -> dict:
        before, end = self._chat.memory(), time.monotonic() + self._seconds
        threads = [threading.Thread(target=self._visit, args=(number, end)) for number in range(visitors)]
        for thread in threads:
            thread.start()
        time.sleep(self._seconds / 2)
        half_time = self._chat.memory()
        for thread in threads:
            thread.join()
        p50, p95 = percentiles(self._times)
        return {
            "visitors": visitors, "answers": len(self._times), "answers per second": len(self._times) / self._seconds,
            "p50, ms": p50, "p95, ms": p95, "failed": len(self._errors), "memory before, MB": before,
            "at half time, MB": half_time, "after, MB": self._chat.memory(),
        }  # fmt: skip

    def _visit(self, number: int, end: float) -> None:
        stored: object = None
        with httpx.Client(trust_env=False, timeout=60) as client:
            for turn in count():
                if time.monotonic() > end:
                    return
                question = self._questions[(number * 37 + turn) % len(self._questions)]
                start = time.perf_counter()
                try:
                    stored = ask_page(client, self._chat.address, question, stored).stored
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    self._errors.append(repr(error))
                self._times.append(1000 * (time.perf_counter() - start))


if __name__ == "__main__":
    main()
