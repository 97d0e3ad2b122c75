"""The files of docs/deploy: nginx in front of the chat, and what the image, its services and their checks run."""

import asyncio
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest
import yaml
from mcp import Client
from nginx import ROOT, nginx, proxied
from playwright.sync_api import Browser, expect
from serving import running
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from bot.serve.editor.password import hash_password
from bot.testing import QUESTIONS, tiny_index

pytestmark = pytest.mark.slow
needs_nginx = pytest.mark.skipif(nginx() is None, reason="nginx is not installed")

FILES = ROOT / "docs" / "deploy"
QUESTION, ANSWER = QUESTIONS["answered"], "It is often three to six months."
SLOW = 60_000  # milliseconds that a page may take on a busy machine
PASSWORD = "long enough for this"
SETTINGS = f"""
[limits]
trusted_proxies = ["127.0.0.1"]
questions_per_minute = 6

[editor]
password = "{hash_password(PASSWORD)}"
"""


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `articlebot serve` with the settings of the documentation."""
    folder = tmp_path_factory.mktemp("deploy")
    (folder / "corpus").mkdir()
    (folder / "articlebot.toml").write_text(SETTINGS)
    tiny_index(folder / "index")
    command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        yield process.stderr.readline().split()[2]
        process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def address(chat: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the chat behind nginx."""
    for each in proxied(chat, tmp_path_factory.mktemp("site") / "nginx"):
        yield f"{each}/chat"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as opened:
        yield opened


@needs_nginx
def test_every_interface_answers_behind_nginx(address: str, client: httpx.Client):
    assert client.get(address).headers["location"] == f"{address}/"
    page = client.get(f"{address}/")
    assert (page.status_code, f'"root":"{address}"' in page.text.replace(" ", "")) == (200, True)
    for path in ("widget.js", "docs", "healthz", "manifest.json"):
        assert client.get(f"{address}/{path}").status_code == 200
    assert client.post(f"{address}/api/v1/ask", json={"question": QUESTION}).json()["text"] == ANSWER

    async def over_mcp() -> str:
        async with Client(f"{address}/mcp") as agent:
            return str((await agent.call_tool("ask_articles", {"question": QUESTION})).structured_content["text"])

    # Playwright's event loop may run in this thread already.
    with ThreadPoolExecutor() as pool:
        assert pool.submit(asyncio.run, over_mcp()).result() == ANSWER


@needs_nginx
def test_the_page_answers_behind_nginx(browser: Browser, address: str):
    page = browser.new_page()
    requested: list[str] = []
    page.on("response", lambda response: requested.append(f"{response.status} {response.url}"))
    page.goto(f"{address}/")
    page.locator("#chat .greeting").wait_for()
    page.get_by_test_id("textbox").fill(QUESTION)
    page.get_by_test_id("textbox").press("Enter")
    expect(page.locator(".answer .words")).to_have_text(ANSWER, timeout=SLOW)
    page.close()
    assert [each for each in requested if not re.match(rf"(200|304) ({address}/|data:)", each)] == []


@needs_nginx
def test_the_editors_page_opens_behind_nginx(browser: Browser, address: str):
    page = browser.new_page()
    requested: list[str] = []
    page.on("response", lambda response: requested.append(f"{response.status} {response.url}"))
    page.goto(f"{address}/editor")
    assert page.url == f"{address}/editor/sign-in"
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Index").click()
    expect(page.get_by_text("Output of the build")).to_be_visible(timeout=SLOW)
    assert page.url == f"{address}/editor/"
    assert [cookie["path"] for cookie in page.context.cookies()] == ["/chat/editor"]
    page.goto(f"{address}/editor/sign-out")
    assert page.url == f"{address}/editor/sign-in"
    page.close()
    outside = [each for each in requested if not re.match(rf"(200|303|304|307) ({address}/|data:)", each)]
    # Browsers look for the icon of a host, which belongs to the site around the chat.
    assert [each for each in outside if not each.endswith("/favicon.ico")] == []


@needs_nginx
def test_the_rate_limit_counts_visitors_behind_nginx_and_believes_no_header_of_theirs(address: str):
    def statuses(visitor: str, count: int, **headers: str) -> list[int]:
        transport = httpx.HTTPTransport(local_address=visitor)
        with httpx.Client(transport=transport, headers=headers, timeout=60) as own:
            return [own.post(f"{address}/api/v1/ask", json={"question": QUESTION}).status_code for _ in range(count)]

    assert statuses("127.0.0.7", 7) == [200] * 6 + [429]
    assert statuses("127.0.0.7", 1, **{"X-Forwarded-For": "192.0.2.1"}) == [429]
    assert statuses("127.0.0.8", 1) == [200]


@needs_nginx
def test_event_streams_pass_nginx_as_they_are_written(tmp_path: Path, client: httpx.Client):
    received = Event()

    async def events() -> AsyncIterator[str]:
        yield "data: one\n\n"
        assert await asyncio.to_thread(received.wait, 30), "nginx keeps the first event back"
        yield "data: two\n\n"

    stream = Route("/v1/stream", lambda _: StreamingResponse(events(), media_type="text/event-stream"))
    health = Route("/healthz", lambda _: StreamingResponse(iter(())))
    for inner in running(Starlette(routes=[stream, health])):
        for each in proxied(inner, tmp_path / "nginx"):
            with client.stream("GET", f"{each}/chat/v1/stream") as response:
                lines = (line for line in response.iter_lines() if line)
                assert next(lines) == "data: one"
                received.set()
                assert next(lines) == "data: two"


def dockerfile() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their values, without comments, each on one line."""
    text = re.sub(r"^#.*\n", "", (FILES / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", "").splitlines()
    return [(kind, " ".join(value.split())) for kind, _, value in (line.partition(" ") for line in lines if line)]


def last(kind: str) -> str:
    return [value for each, value in dockerfile() if each == kind][-1]


def test_the_health_check_of_the_image_follows_the_chat(chat: str):
    words = json.loads(last("HEALTHCHECK").partition(" CMD ")[2])
    assert words[0] == "python"

    def status(server: str) -> int:
        command = [sys.executable, *(word.replace("127.0.0.1:7860", server) for word in words[1:])]
        return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode

    assert status(chat.removeprefix("http://")) == 0
    assert status("127.0.0.1:9") == 1


def test_the_image_runs_the_chat_as_a_user_without_rights_and_installs_the_projects_files():
    assert last("USER") not in ("root", "0")
    assert json.loads(last("CMD")) == ["articlebot", "serve", "--watch"]
    copied = [value.split() for kind, value in dockerfile() if kind == "COPY" and not value.startswith("--from")]
    names = {name for words in copied for name in words[:-1]}
    kept = {line[1:] for line in (FILES / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    assert names == kept
    assert all((ROOT / name).exists() for name in names)


def test_the_compose_file_mounts_what_the_image_reads():
    service = yaml.safe_load((FILES / "compose.yaml").read_text(encoding="utf-8"))["services"]["chat"]
    targets = [volume.split(":")[1] for volume in service["volumes"]]
    assert targets == [f"{last('WORKDIR')}/{name}" for name in ("corpus", "articlebot.toml", "index")]
    assert service["ports"][0].endswith(f":{last('EXPOSE')}")
    assert last("VOLUME") == targets[-1]


UNITS = sorted([*FILES.glob("*.service"), *FILES.glob("*.timer")])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path):
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/articlebot/bin/articlebot", shutil.which("true") or "")
        (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_run_verbs_with_their_options():
    from typer.main import get_command

    from bot.cli import cli

    verbs = get_command(cli).commands  # type: ignore[attr-defined]
    lines = [line for unit in UNITS for line in re.findall(r"^ExecStart=(.+)", unit.read_text(), re.MULTILINE)]
    assert len(lines) == 2
    for _, verb, *options in map(shlex.split, lines):
        verbs[verb].make_context(verb, options, resilient_parsing=False)
