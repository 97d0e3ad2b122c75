"""What does each door cost beside the call in Python, and does it give the same answer?

usage: python -m benchmarks.speed.interfaces INDEX --questions FILE [--most N]

Asks each question through every door in turn, each kept open: Python, an event loop, REST, the OpenAI-compatible door, MCP over HTTP and over stdio, the chat page's
own call, and the command line (fewer questions: a process each). Prints p50 and p95, and p50 less that of Python.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from mcp import Client, StdioServerParameters
from openai import OpenAI

from benchmarks.shared.chat_server import ChatServer, ask_page
from benchmarks.shared.timing import Row, machine, milliseconds, table
from bot import Bot

WARM, FEW = 10, 10
Ask = Callable[[str], dict[str, Any] | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--most", type=int, default=50)
    arguments = parser.parse_args()
    with arguments.questions.open(encoding="utf-8") as file:
        questions = [row["question"] for row in csv.DictReader(file)][: arguments.most]
    print(f"{machine()}\n\n{table(measure(arguments.index, questions))}")


def measure(index: Path, questions: list[str]) -> list[Row]:
    with ExitStack() as stack:
        doors = open_doors(index, stack)
        expected = {question: without_id(doors["Python"](question)) for question in questions}
        rows = []
        for name, ask in doors.items():
            asked = questions[:FEW] if name == "command line" else questions
            answers = {question: ask(question) for question in asked[:WARM]}
            p50, p95 = milliseconds(
                lambda question, ask=ask, answers=answers: answers.update({question: ask(question)}), asked
            )
            same = sum(
                answer is None or without_id(answer) == expected[question] for question, answer in answers.items()
            )
            rows.append(
                {
                    "door": name,
                    "questions": len(asked),
                    "same answer": "" if None in answers.values() else f"{same} of {len(answers)}",
                    "p50, ms": p50,
                    "p95, ms": p95,
                }
            )
    return [{**row, "over Python, p50, ms": row["p50, ms"] - rows[0]["p50, ms"]} for row in rows]


def open_doors(index: Path, stack: ExitStack) -> dict[str, Ask]:
    bot = Bot.open(index)
    folder = Path(stack.enter_context(TemporaryDirectory()))
    address = stack.enter_context(ChatServer(folder, "--index", str(index))).address
    http = stack.enter_context(httpx.Client(trust_env=False, timeout=30))
    openai = OpenAI(base_url=f"{address}/v1", api_key="none", http_client=http)
    loop = stack.enter_context(start_blocking_portal())
    over_http = stack.enter_context(loop.wrap_async_context_manager(Client(f"{address}/mcp")))
    started = StdioServerParameters(command=sys.executable, args=["-m", "bot", "mcp", "--index", str(index)])
    over_stdio = stack.enter_context(loop.wrap_async_context_manager(Client(started)))
    return {
        "Python": lambda question: bot.ask(question).to_dict(),
        "Python, aask": lambda question: loop.call(bot.aask, question).to_dict(),
        "REST": lambda question: http.post(f"{address}/api/v1/ask", json={"question": question}).json(),
        "OpenAI-compatible": lambda question: openai.chat.completions.create(model="articlebot", messages=[{"role": "user", "content": question}]).model_extra["articlebot"],
        "MCP over HTTP": lambda question: loop.call(_called, over_http, question),
        "MCP over stdio": lambda question: loop.call(_called, over_stdio, question),
        "the chat page's call": lambda question: ask_page(http, address, question, []) and None,
        "command line": lambda question: _commanded(index, question),
    }  # fmt: skip


async def _called(client: Client, question: str) -> dict[str, Any]:
    return dict((await client.call_tool("ask_articles", {"question": question})).structured_content)


def _commanded(index: Path, question: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "ask", question, "--index", str(index), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def without_id(answer: dict[str, Any] | None) -> dict[str, Any]:
    """An answer as JSON holds it, without what differs each time."""
    return {name: value for name, value in json.loads(json.dumps(answer or {})).items() if name != "id"}


if __name__ == "__main__":
    main()
