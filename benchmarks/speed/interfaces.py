"""How much time does each interface add to the call in Python, and does it give the same answer?

usage: python -m benchmarks.speed.interfaces INDEX --questions FILE [--limit N]

Asks the questions through one interface after the other: Python, an event loop, REST, the OpenAI-compatible API, MCP
over HTTP and over stdio, the call of the chat page, and the command line (fewer questions, a process for each). Prints
p50 and p95, and the difference of p50 from that in Python.
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

WARM_UP = 10
"""Number of questions that are asked before the measurement."""
PROCESSES = 10
"""Number of questions that are asked on the command line."""
Ask = Callable[[str], dict[str, Any] | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=50)
    arguments = parser.parse_args()
    with arguments.questions.open(encoding="utf-8") as file:
        questions = [row["question"] for row in csv.DictReader(file)][: arguments.limit]
    print(f"{machine()}\n\n{table(measure(arguments.index, questions))}")


def measure(index: Path, questions: list[str]) -> list[Row]:
    with ExitStack() as stack:
        interfaces = open_interfaces(index, stack)
        expected = {question: without_id(interfaces["Python"](question)) for question in questions}
        rows = [
            _measure_one(name, ask, questions[:PROCESSES] if name == "command line" else questions, expected)
            for name, ask in interfaces.items()
        ]
    return [{**row, "p50 above Python, ms": row["p50, ms"] - rows[0]["p50, ms"]} for row in rows]


def _measure_one(name: str, ask: Ask, questions: list[str], expected: dict[str, dict[str, Any]]) -> dict[str, Any]:
    answers = {question: ask(question) for question in questions[:WARM_UP]}
    p50, p95 = milliseconds(lambda question: answers.update({question: ask(question)}), questions)
    same = sum(answer is None or without_id(answer) == expected[question] for question, answer in answers.items())
    return {
        "interface": name, "questions": len(questions),
        "same answer": "" if None in answers.values() else f"{same} of {len(answers)}", "p50, ms": p50, "p95, ms": p95,
    }  # fmt: skip


def open_interfaces(index: Path, stack: ExitStack) -> dict[str, Ask]:
    bot = Bot.open(index)
    folder = Path(stack.enter_context(TemporaryDirectory()))
    address = stack.enter_context(ChatServer(folder, "--index", str(index))).address
    http = stack.enter_context(httpx.Client(trust_env=False, timeout=30))
    openai = OpenAI(base_url=f"{address}/v1", api_key="none", http_client=http)
    loop = stack.enter_context(start_blocking_portal())
    over_http = stack.enter_context(loop.wrap_async_context_manager(Client(f"{address}/mcp")))
    server = StdioServerParameters(command=sys.executable, args=["-m", "bot", "mcp", "--index", str(index)])
    over_stdio = stack.enter_context(loop.wrap_async_context_manager(Client(server)))
    return {
        "Python": lambda question: bot.ask(question).to_dict(),
        "Python, aask": lambda question: loop.call(bot.aask, question).to_dict(),
        "REST": lambda question: http.post(f"{address}/api/v1/ask", json={"question": question}).json(),
        "OpenAI-compatible": lambda question: _ask_openai(openai, question),
        "MCP over HTTP": lambda question: loop.call(_ask_mcp, over_http, question),
        "MCP over stdio": lambda question: loop.call(_ask_mcp, over_stdio, question),
        "the chat page's call": lambda question: _ask_page(http, address, question),
        "command line": lambda question: _ask_command_line(index, question),
    }


def _ask_openai(client: OpenAI, question: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    return client.chat.completions.create(model="articlebot", messages=messages).model_extra["articlebot"]


async def _ask_mcp(client: Client, question: str) -> dict[str, Any]:
    return dict((await client.call_tool("ask_articles", {"question": question})).structured_content)


def _ask_page(client: httpx.Client, address: str, question: str) -> None:
    """Ask the page, whose answer is HTML that cannot be compared."""
    ask_page(client, address, question)


def _ask_command_line(index: Path, question: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bot", "ask", question, "--index", str(index), "--json"]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def without_id(answer: dict[str, Any] | None) -> dict[str, Any]:
    """Return an answer as JSON holds it, without its id, which is always new."""
    return {name: value for name, value in json.loads(json.dumps(answer or {})).items() if name != "id"}


if __name__ == "__main__":
    main()
