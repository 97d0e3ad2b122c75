"""How soon does a visitor see an answer, what does the page weigh, and how many visitors does it serve at once?

usage: python -m benchmarks.speed.chat INDEX --questions FILE [--visitors 32] [--seconds 120]

Asks 50 questions of the file (a line each, or a CSV with a column `question`) in headless Chromium, of the chat and of a bare `gr.ChatInterface` that says the
question back, in turns, and measures in the page from the Enter key to the frame after the answer stands there. Then so many visitors ask over HTTP, as the page
does, each in a conversation of its own.
"""

import argparse
import csv
import gzip
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.shared.chat_server import ChatServer, ask_page, wait_until
from benchmarks.shared.timing import machine, percentiles, table

QUESTIONS, TURNS = 50, 10
ECHO = """
import os, sys
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr
gr.ChatInterface(lambda message, history: message).launch(server_port=int(sys.argv[1]), quiet=True)
"""
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
TIMER = """() => {
  const said = () => [...document.querySelectorAll('[data-testid=bot]')].filter(one => one.innerText.trim()).length;
  window.taken = new Promise(done => {
    let before, start;
    document.addEventListener('keydown', event => { if (event.key === 'Enter') { before = said(); start = performance.now(); } }, { capture: true, once: true });
    const watch = new MutationObserver(() => {
      if (start === undefined || said() <= before) return;
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
        with echo() as bare, browser() as chromium:
            print(
                f"\n{table(seen(chromium, {'the chat': chat.address, 'bare gr.ChatInterface': bare}, questions[:QUESTIONS]))}"
            )
            print(f"\n{table(weight(chromium, {'the chat': chat.address, 'bare gr.ChatInterface': bare}))}")
        print(f"\n{table([crowd(chat, questions, arguments.visitors, arguments.seconds)])}")
        script = httpx.get(f"{chat.address}/widget.js", trust_env=False).content
        print(f"\nwidget.js: {len(script):,} bytes, {len(gzip.compress(script)):,} compressed")


def read_questions(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        return (
            [row["question"] for row in csv.DictReader(lines)] if path.suffix == ".csv" else lines.read().splitlines()
        )


@contextmanager
def echo() -> Iterator[str]:
    """The address of a chat that says the question back."""
    process = subprocess.Popen(
        [sys.executable, "-c", ECHO, "7990"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: answers("http://127.0.0.1:7990"))
        yield "http://127.0.0.1:7990"
    finally:
        process.terminate()


def answers(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def seen(chromium: Browser, addresses: dict[str, str], questions: list[str]) -> list[dict]:
    """From the Enter key to the answer, in conversations of a few turns."""
    times: dict[str, list[float]] = {name: [] for name in addresses}
    for start in range(0, len(questions), TURNS):
        pages = {name: opened(chromium, address) for name, address in addresses.items()}
        for question in questions[start : start + TURNS]:
            for name, page in pages.items():
                page.locator("textarea").last.fill(question)
                page.evaluate(TIMER)
                page.locator("textarea").last.press("Enter")
                times[name].append(page.evaluate("window.taken"))
                page.wait_for_timeout(100)
        for page in pages.values():
            page.context.close()
    rows = [
        {"page": name, "questions": len(each), **dict(zip(("p50, ms", "p95, ms"), percentiles(each), strict=True))}
        for name, each in times.items()
    ]
    return [
        {
            **row,
            "p50, part of the bare one": row["p50, ms"] / rows[-1]["p50, ms"],
            "p95, part of it": row["p95, ms"] / rows[-1]["p95, ms"],
        }
        for row in rows
    ]


def opened(chromium: Browser, address: str) -> Page:
    page = chromium.new_context().new_page()
    page.goto(address)
    page.locator("textarea").last.wait_for()
    page.wait_for_timeout(1000)
    return page


def weight(chromium: Browser, addresses: dict[str, str]) -> list[dict]:
    """What the page costs a browser that has never seen it, and one that has."""
    rows = []
    for address in addresses.values():
        opened(chromium, address).context.close()
    for name, address in addresses.items():
        context = chromium.new_context()
        for visit in ("first", "second"):
            page = context.new_page()
            network = context.new_cdp_session(page)
            network.send("Network.enable")
            received: list[float] = []
            network.on(
                "Network.loadingFinished", lambda event, received=received: received.append(event["encodedDataLength"])
            )
            started = time.perf_counter()
            page.goto(address)
            page.locator("textarea").last.wait_for()
            usable = time.perf_counter() - started
            page.wait_for_timeout(1500)
            rows.append(
                {
                    "page": name,
                    "visit": visit,
                    "requests": sum(size > 0 for size in received),
                    "received, kB": sum(received) / 1000,
                    "usable after, s": usable,
                }
            )
            page.close()
        context.close()
    return rows


def crowd(chat: ChatServer, questions: list[str], visitors: int, seconds: float) -> dict:
    """Visitors who ask one question after the other."""
    times: list[float] = []
    failed: list[str] = []
    end = time.monotonic() + seconds

    def visit(number: int) -> None:
        conversation: list = []
        with httpx.Client(trust_env=False, timeout=60) as client:
            for turn in range(10**9):
                if time.monotonic() > end:
                    return
                started = time.perf_counter()
                try:
                    conversation = ask_page(
                        client,
                        chat.address,
                        questions[(number * 37 + turn) % len(questions)],
                        conversation[-2 * TURNS :],
                    )
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    failed.append(repr(error))
                times.append(1000 * (time.perf_counter() - started))

    before = chat.memory()
    threads = [threading.Thread(target=visit, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    middle = None
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        if middle is None and time.monotonic() > end - seconds / 2:
            middle = chat.memory()
    p50, p95 = percentiles(times)
    return {"visitors": visitors, "answers": len(times), "answers a second": len(times) / seconds, "p50, ms": p50, "p95, ms": p95, "failed": len(failed),
            "memory before, MB": before, "at half time, MB": middle or 0.0, "after, MB": chat.memory()}  # fmt: skip


if __name__ == "__main__":
    main()
