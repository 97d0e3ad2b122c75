"""What other sites, proxies and large requests can do to the page, and that it works without a network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from serving import chromium, served, server_process

from bot import Bot
from bot.settings import ChatSettings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


# --- Other sites


def test_only_allowed_origins_may_ask_and_frame(place: Path):
    settings = ChatSettings(origins=("https://www.example.com", "https://*.example.org"))
    for address in served(Bot.open(place / "index"), settings):
        allowed = {
            origin: httpx.post(
                f"{address}/api/v1/ask",
                json={"question": "who pays gratuity"},
                headers={"Origin": origin},
                trust_env=False,
            ).headers.get("access-control-allow-origin")
            for origin in (
                "https://www.example.com",
                "https://a.example.org",
                "https://evil.example",
                "https://www.example.com.evil.example",
                "https://exampleXorg",
            )
        }
        assert [origin for origin, answer in allowed.items() if answer == origin] == [
            "https://www.example.com",
            "https://a.example.org",
        ]
        policy = httpx.get(address, trust_env=False).headers["content-security-policy"]
        assert "frame-ancestors 'self' https://www.example.com https://*.example.org" in policy


# --- Safety


def test_a_request_that_is_too_large_is_refused_with_and_without_its_length(address: str):
    body = b'{"data": ["' + b"a" * 1_100_000 + b'"]}'
    path = f"{address}/gradio_api/run/predict"
    assert (
        httpx.post(path, content=body, headers={"Content-Type": "application/json"}, trust_env=False).status_code == 413
    )
    reply = httpx.post(
        path,
        content=iter([body[:600_000], body[600_000:]]),
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert "transfer-encoding" in reply.request.headers
    assert reply.status_code == 413


def test_the_queue_and_its_calls_are_closed(address: str):
    for path in (
        "/gradio_api/call/predict",
        "/gradio_api/queue/join",
        "/hi/gradio_api/upload",
        "/hi/gradio_api/queue/join",
        "/hi/monitoring",
    ):
        assert httpx.post(f"{address}{path}", json={"data": []}, trust_env=False).status_code == 404


PROXIED = """
import sys
from bot.serve.server import open_app, serve
from bot.settings import AnswerSettings, ChatSettings, Limits
settings = ChatSettings(limits=Limits(1, tuple(sys.argv[1:])))
serve(lambda: open_app("index", AnswerSettings(), settings, "corpus", ui=False), "127.0.0.1", 0, settings, ui=False)
"""


@pytest.mark.parametrize(("trusted", "statuses"), [(("127.0.0.1",), [200, 200, 429]), ((), [200, 429, 429])])
def test_behind_a_proxy_the_visitors_address_counts_only_from_a_trusted_one(
    place: Path, trusted: tuple[str, ...], statuses: list[int]
):
    asked = []
    with server_process("-c", PROXIED, *trusted, cwd=place) as (address, _):
        for visitor in ("198.51.100.1", "198.51.100.2", "198.51.100.1"):
            body, headers = {"question": "who pays gratuity"}, {"X-Forwarded-For": visitor}
            reply = httpx.post(f"{address}/api/v1/ask", json=body, headers=headers, trust_env=False, timeout=60)
            asked.append(reply.status_code)
    assert asked == statuses


OFFLINE = """
import fcntl, socket, struct, sys, urllib.request
with socket.socket() as plain:  # lo is down in a new network namespace
    fcntl.ioctl(plain, 0x8914, struct.pack("16sh", b"lo", 1))
sys.path.insert(0, sys.argv[1])
from playwright.sync_api import sync_playwright
from serving import FLAGS, ask, served
from bot import Bot
for address in served(Bot.open("index")):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=sys.argv[2], args=FLAGS)
        page = browser.new_page()
        page.goto(address)
        ask(page, "who pays gratuity")
        print(page.locator(".answer .words").inner_text())
"""


@pytest.mark.usefixtures("browser")
def test_server_and_page_work_without_a_network(place: Path):
    cut = ["unshare", "--user", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*cut, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody cut the network for one process")
    command = [*cut, sys.executable, "-c", OFFLINE, str(ROOT / "tests"), chromium() or ""]
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("The employer pays it, not the provident fund.\n", 0), done.stderr
