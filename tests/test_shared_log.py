"""The log that several servers share in PostgreSQL: all see the same entries, and no answer waits for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

import httpx
import psycopg
import pytest
from postgres import PostgresServer
from quick_build import build
from serving import server_process
from test_usage import ASKED, answer_counts, entry

from bot.errors import MissingExtra, SettingsError, UsageError
from bot.settings import BuildSettings, LogSettings
from bot.usage import store as stores
from bot.usage.store import UsageStore

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[1]


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
def mortal(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A server for one test, to be killed."""
    server = PostgresServer(postgres.programs)
    yield server
    server.stop()


def opened(address: str, questions: str = "full", days: int = 90) -> UsageStore:
    return UsageStore("nowhere", LogSettings(questions, days, address))  # type: ignore[arg-type]


def until(true: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not (done := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return done


def test_servers_that_start_together_create_the_tables_once_and_share_one_hash_key(address: str):
    replicas = [opened(address, "hashed") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda number: replicas[number].vote(entry(f"a{number}", "Who pays gratuity"), helpful=True), range(8)
            )
        )
    logged = list(replicas[0].questions())
    assert {one.answer for one in logged} == {f"a{number}" for number in range(8)}
    assert len({one.question for one in logged}) == 1
    assert replicas[0].forget(text="who pays gratuity") == 8
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT version FROM articlebot_log").fetchall() == [(2,)]


def test_a_vote_on_one_server_counts_for_an_answer_of_another(address: str):
    one, other = opened(address), opened(address)
    one.add(ASKED)
    one.flush()
    other.add(entry("b1", "is leave paid"))
    other.flush()
    other.vote("a1", helpful=False, reason="outdated")
    one.vote("a1", helpful=True)
    with pytest.raises(UsageError, match="No such answer was given"):
        other.vote("forged", helpful=True)
    for store in (one, other):
        stats = [
            (one.question, one.times, one.helpful, one.unhelpful) for one in store.question_stats(0, time.time() + 1)
        ]
        assert stats == [("is leave paid", 1, 0, 0), ("who pays gratuity", 1, 1, 0)]


def test_servers_that_count_the_same_passages_in_any_order_do_not_deadlock(
    address: str, caplog: pytest.LogCaptureFixture
):
    replicas = [opened(address) for _ in range(4)]

    def ask(number: int) -> None:
        chance = Random(number)
        for question in range(40):
            passages = tuple(chance.sample([f"p{passage:02}" for passage in range(30)], 20))
            replicas[number].add(entry(f"{number}-{question}", "q", passages=passages))
            if question % 4 == 0:
                replicas[number].flush()
        replicas[number].flush()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT sum(times) FROM answered").fetchone() == (4 * 40 * 20,)
    assert caplog.text == ""


def test_one_server_at_a_time_deletes_expired_entries(address: str):
    opened(address, days=100_000).vote(entry("a0", "of old"), helpful=True)
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("UPDATE questions SET at = 1700000000")
        other.execute("SELECT pg_advisory_lock(%s)", (0x61727469636C66,))
        store = opened(address)
        store.add(ASKED)
        store.flush()
        assert {one.answer for one in store.questions()} == {"a0", "a1"}
        # The server may notice only later that this connection has ended.
        other.execute("SELECT pg_advisory_unlock(%s)", (0x61727469636C66,))
    later = opened(address)
    later.add(entry("a2", "is leave paid"))
    later.flush()
    assert {one.answer for one in later.questions()} == {"a1", "a2"}


def test_a_database_of_a_newer_version_or_another_program_is_left_alone(postgres: PostgresServer, address: str):
    opened(address).vote(ASKED, helpful=True)
    with psycopg.connect(address) as connection:
        connection.execute("UPDATE articlebot_log SET version = 99")
    with pytest.raises(UsageError, match=r"its version is 99, this program knows 2\): install a newer articlebot\.$"):
        opened(address).vote(ASKED, helpful=False)
    theirs = postgres.new_database()
    with psycopg.connect(theirs) as connection:
        connection.execute("CREATE TABLE questions (subject TEXT)")
    with pytest.raises(
        UsageError, match=r"its table questions is another program's\): give the log a database of its own\.$"
    ):
        list(opened(theirs).questions())


def test_while_the_server_is_down_questions_wait_and_one_warning_is_logged(
    mortal: PostgresServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(stores, "_RETRY_DELAY", 0.2)
    address = mortal.new_database()
    store = opened(address)
    store.add(ASKED)
    store.flush()
    mortal.kill()
    for number in range(20):
        store.add(entry(f"b{number}", "is leave paid"))
        store.flush()
    with pytest.raises(UsageError, match="cannot be written") as refused:
        store.vote("a1", helpful=True)
    assert mortal.password not in str(refused.value)
    assert store.often_asked(1, 0.5, 5) == []
    time.sleep(0.5)
    written = [record.message for record in caplog.records if "cannot be written" in record.message]
    assert len(written) == 1
    assert written[0].endswith("The last 10000 questions are kept in memory until the log works.")
    mortal.start()
    # The waiting questions are written without a further one.
    assert until(lambda: len(list(store.questions())) == 21)
    store.vote("a1", helpful=True)
    assert [one.helpful for one in store.questions() if one.answer == "a1"] == [True]


def test_a_hanging_server_delays_no_question_and_no_page_and_a_vote_only_until_its_timeout(
    mortal: PostgresServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stores, "_VOTE_TIMEOUT", 1.0)
    monkeypatch.setattr(stores, "_READ_TIMEOUT", 0.5)
    monkeypatch.setattr(stores, "_READ_PAUSE", 3.0)
    store = opened(mortal.new_database())
    store.add(ASKED)
    store.flush()
    assert store.often_asked(1, 0.5, 5) == ["gratuity#faq-who-pays-gratuity"]
    mortal.signal(signal.SIGSTOP)
    try:
        for number in range(100):
            store.add(entry(f"b{number}", "is leave paid"))
            assert store.often_asked(1, 0.5, 5) == []
        # The first write still waits for the server, and the later questions wait in the queue.
        assert len(store._own.queue) >= 99
        with pytest.raises(UsageError, match="does not answer in time"):
            store.vote("a1", helpful=True)
    finally:
        mortal.signal(signal.SIGCONT)
    store.flush()
    assert len(list(store.questions())) == 101
    assert until(lambda: store.often_asked(1, 0.5, 5) == ["gratuity#faq-who-pays-gratuity"])
    assert answer_counts(store) == {"gratuity#faq-who-pays-gratuity": 101}


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://articlebot:s3cret@[::1/x",
        "postgresql://articlebot:s3cret@h/x?colour=red",
        "postgresql://articlebot:s3%zzcret@h/x",
    ],
)
def test_an_invalid_address_is_reported_in_one_sentence_without_its_password(address: str):
    with pytest.raises(
        SettingsError, match=r"^\[log\] database cannot be read: it must be like postgresql://user@host/name\.$"
    ):
        opened(address)
    assert "s3cret" not in repr(LogSettings(database=address))


def test_without_sqlalchemy_a_file_works_and_a_database_names_the_missing_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtra, match=r"sqlalchemy is not installed: run pip install 'articlebot\[postgresql\]'"):
        opened("postgresql://articlebot@127.0.0.1/x")
    store = UsageStore(tmp_path)
    store.vote(ASKED, helpful=True)
    assert [one.helpful for one in store.questions()] == [True]


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**own, "PYTHONPATH": str(ROOT), **environment},
    )


def test_the_password_may_come_from_the_environment(postgres: PostgresServer, address: str, tmp_path: Path):
    opened(address).vote(ASKED, helpful=True)
    bare = postgres.address(address.rpartition("/")[2], password=False)
    (tmp_path / "articlebot.toml").write_text(f'[log]\ndatabase = "{bare}"\n', encoding="utf-8")
    refused = command(tmp_path, "forget", "--conversation", "c1", "--yes")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "no password supplied" in refused.stderr
    wrong = command(tmp_path, "forget", "--conversation", "c1", "--yes", PGPASSWORD="wr0ng")
    assert "password authentication failed" in wrong.stderr
    assert "wr0ng" not in wrong.stderr
    done = command(tmp_path, "forget", "--conversation", "c1", "--yes", PGPASSWORD=postgres.password)
    assert done.stdout == "1 question forgotten\n"


def serving(index: Path, settings: Path) -> AbstractContextManager[tuple[str, list[str]]]:
    """Run a server without a page in its own process."""
    words = ("serve", "--no-ui", "--port", "0", "--index", str(index), "--settings", str(settings))
    return server_process("-m", "bot", *words, cwd=settings.parent)


def test_two_servers_share_one_log_and_lose_nothing_when_the_database_is_killed(
    corpus: Path, tiny_settings: BuildSettings, mortal: PostgresServer, tmp_path: Path
):
    index = tmp_path / "index"
    build(corpus, index, tiny_settings)
    settings = tmp_path / "articlebot.toml"
    address = mortal.new_database()
    settings.write_text(f'[log]\ndatabase = "{address}"\n[limits]\nquestions_per_minute = 100000\n', encoding="utf-8")
    asked: list[str] = []
    voted: dict[str, bool] = {}
    refused: list[str] = []
    with (
        serving(index, settings) as (here, _),
        serving(index, settings) as (there, _),
        httpx.Client(trust_env=False, timeout=30) as client,
    ):

        def ask(place: str) -> str:
            reply = client.post(f"{place}/api/v1/ask", json={"question": "who pays gratuity", "conversation": "c"})
            assert reply.status_code == 200
            asked.append(reply.json()["id"])
            return asked[-1]

        def vote(place: str, answer: str, *, helpful: bool) -> bool:
            reply = client.post(f"{place}/api/v1/feedback", json={"answer": answer, "helpful": helpful})
            assert reply.status_code in (204, 409), reply.text
            if reply.status_code == 204:
                voted[answer] = helpful
            else:
                refused.append(reply.json()["title"])
            return reply.status_code == 204

        for number in range(20):
            answer = ask(here if number % 2 else there)
            assert until(
                lambda number=number, answer=answer: vote(
                    there if number % 2 else here, answer, helpful=number % 3 > 0
                ),
                5,
            )
        assert client.post(f"{here}/api/v1/feedback", json={"answer": "forged", "helpful": True}).status_code == 409
        refused.clear()

        mortal.kill()
        away = [ask(place) for place in (here, there) * 20]
        assert [client.get(f"{place}/readyz").status_code for place in (here, there)] == [200, 200]
        assert not vote(here, away[0], helpful=True)
        mortal.start()
        assert until(lambda: vote(there, away[0], helpful=True))
        assert until(lambda: vote(here, away[1], helpful=False))
        assert refused[0] == "Feedback cannot be stored at the moment: try again later."
        assert mortal.password not in "".join(refused)
        ask(here)
        store = opened(address)
        assert until(lambda: len(list(store.questions())) == len(asked))
    votes = {one.answer: one.helpful for one in store.questions()}
    assert set(votes) == set(asked)
    assert {answer: helpful for answer, helpful in votes.items() if helpful is not None} == voted
    report = command(tmp_path, "questions", "--index", str(index), "--json")
    assert report.returncode == 0, report.stderr
    assert f'"questions": {len(asked)},' in report.stdout
