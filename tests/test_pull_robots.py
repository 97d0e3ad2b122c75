"""Pulling as robots.txt and rate limits ask, and from servers that are slow, broken or unreachable."""

import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pulled_site import FAST, Blog, Reply, Site, bring, counts, files, listed, page, reasons

from bot.corpus.pull import PullLimits, http_client, pull
from bot.corpus.pull.http_client import parse_retry_after
from bot.errors import PullError


def test_every_request_names_articlebot_and_robots_comes_first(site: Site, tmp_path: Path):
    listed(site, "/a")
    bring(site, tmp_path)
    assert site.asked[0] == "/robots.txt"
    assert all(headers["user-agent"].startswith("articlebot/") for headers in site.headers)


def test_disallowed_pages_are_not_requested(site: Site, tmp_path: Path):
    Blog(site)
    listed(site, "/a", "/private/b")
    site.pages["/robots.txt"] = Reply(
        "User-agent: articlebot\nDisallow: /wp-json\nDisallow: /private\n\nUser-agent: *\nDisallow: /\n",
        kind="text/plain",
    )
    report = bring(site, tmp_path)
    assert set(files(tmp_path)) == {"a.html"}
    assert reasons(site, report) == {"/private/b": "robots.txt disallows /private/b"}
    assert not any(asked.startswith(("/wp-json", "/private")) for asked in site.asked)


def test_a_redirect_to_a_disallowed_page_is_not_followed(site: Site, tmp_path: Path):
    site.pages["/robots.txt"] = Reply("User-agent: *\nDisallow: /private", kind="text/plain")
    site.pages["/a"] = Reply(status=302, headers={"Location": "/private"})
    with pytest.raises(PullError, match=r"robots\.txt disallows /private"):
        bring(site, tmp_path, "/a")
    assert "/private" not in site.asked


def test_a_site_whose_robots_txt_fails_gets_no_further_request(site: Site, tmp_path: Path):
    site.pages["/robots.txt"] = Reply("broken", 500)
    listed(site, "/a")
    with pytest.raises(PullError, match=r"robots\.txt answers 500 Internal Server Error, 3 times"):
        bring(site, tmp_path)
    assert set(site.asked) == {"/robots.txt"}


class Clock:
    """A clock that only advances by sleeping."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += [seconds] if seconds else []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    for name in ("monotonic", "sleep"):
        monkeypatch.setattr(http_client, name, getattr(fake, name))
    return fake


def test_requests_keep_the_delay_and_a_longer_crawl_delay(site: Site, tmp_path: Path, clock: Clock):
    listed(site, "/a", "/b")
    site.pages["/robots.txt"] = Reply("User-agent: *\nCrawl-delay: 0.1", kind="text/plain")
    bring(site, tmp_path, limits=PullLimits(delay=0.01, backoff=0))
    assert clock.slept == pytest.approx([0.01, *[0.1] * (len(site.asked) - 2)])


def test_a_site_that_asks_for_hours_between_requests_is_refused(site: Site, tmp_path: Path):
    site.pages["/robots.txt"] = Reply("User-agent: *\nCrawl-delay: 3600", kind="text/plain")
    with pytest.raises(PullError, match="3600 seconds between requests, more than 60"):
        bring(site, tmp_path)


def test_temporary_errors_are_retried(site: Site, tmp_path: Path):
    listed(site, "/a")
    site.pages["/a"] = [Reply("broken", 500), Reply("busy", 503), page("Alpha")]
    assert counts(bring(site, tmp_path)) == (1, 0, 0)


def test_retry_after_is_heeded(site: Site, tmp_path: Path, clock: Clock):
    site.pages["/a"] = [Reply("busy", 429, headers={"Retry-After": "7"}), page("Alpha")]
    assert counts(bring(site, tmp_path, "/a")) == (1, 0, 0)
    assert clock.slept == [7.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("Sun, 01 Feb 2026 10:00:30 GMT", 30), ("Sun, 01 Feb 2026 09:00:00 GMT", 0), ("soon", 0), ("", 0)],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(value: str, seconds: float):
    assert parse_retry_after(value, datetime(2026, 2, 1, 10, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("trickles", [False, True], ids=["silent", "trickling"])
def test_a_slow_response_is_given_up_after_the_timeout(site: Site, tmp_path: Path, trickles: bool):
    def silent(_: dict[str, str]) -> Reply:
        time.sleep(0 if trickles else 1.5)
        return Reply("x" * 100, headers={"X-Trickle": "1"} if trickles else {})

    site.pages["/a"] = silent
    with pytest.raises(PullError, match="does not answer in time"):
        bring(site, tmp_path, "/a", limits=PullLimits(delay=0, backoff=0, silence=0.3, request_time=0.8, retries=0))


def test_a_response_that_trickles_in_is_given_up_after_the_timeout(tmp_path: Path):
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                for _ in range(40):
                    connection.sendall(b"x")
                    time.sleep(0.1)
            except OSError:
                pass

    threading.Thread(target=trickle, daemon=True).start()
    limits = PullLimits(delay=0, backoff=0, silence=0.5, request_time=0.7, retries=0)
    with listener, pytest.raises(PullError, match="does not answer in time"):
        pull(f"http://127.0.0.1:{listener.getsockname()[1]}/", tmp_path, limits=limits, allow_private=True)


def test_a_reply_that_is_not_http_is_reported_in_one_sentence(tmp_path: Path):
    listener = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        for _ in range(3):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    threading.Thread(target=speak, daemon=True).start()
    with listener, pytest.raises(PullError, match="cannot be reached"):
        pull(f"http://127.0.0.1:{listener.getsockname()[1]}/", tmp_path, limits=FAST, allow_private=True)


def test_an_unreachable_site_is_reported_in_one_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(
        PullError, match=r"^http://127\.0\.0\.1:\d+/robots\.txt cannot be reached .*pull again later\.$"
    ):
        pull(f"http://127.0.0.1:{port}", tmp_path, limits=FAST, allow_private=True)
