"""The question log: what it stores of questions and votes, what it masks, and that deleted entries are gone."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from serving import served

from bot import Bot
from bot.errors import UsageError
from bot.settings import ChatSettings, LogSettings
from bot.usage.logged_question import LoggedQuestion
from bot.usage.privacy import hash_text, mask
from bot.usage.store import USAGE, UsageStore

pytestmark = pytest.mark.slow

ASKED = LoggedQuestion(
    "a1",
    float(int(time.time()) - 1000),
    "who pays gratuity",
    "answered",
    0.9,
    ("gratuity#faq-who-pays-gratuity",),
    "g1",
    3.5,
    "chat",
    "c1",
)


def entry(answer: str, question: str, **facts: object) -> LoggedQuestion:
    return replace(ASKED, answer=answer, question=question, at=time.time(), **facts)


def answer_counts(store: UsageStore) -> dict[str, int]:
    """Return how many questions each passage answered."""
    with store._own.database.transaction("read") as transaction:
        return dict(transaction.read("SELECT passage, times FROM answered", {}))


@pytest.mark.parametrize(
    ("words", "masked"),
    [
        ("my UAN is 100904319456", "my UAN is [number]"),
        ("call me on +91 98765 43210 please", "call me on [number] please"),
        ("call (080) 2345-6789 or 98765-43210", "call [number] or [number]"),
        ("aadhaar 1234 5678 9012 linked?", "aadhaar [number] linked?"),
        ("write to a.b+c@mail.example.co.in today", "write to [e-mail] today"),
        ("pan ABCDE1234F and abcde1234f", "pan [number] and [number]"),
        ("registration no 100245 lost", "registration no [number] lost"),
        ("call 98765\u00a043210 now", "call [number] now"),
        ("98765\u201143210, 98765–43210 or 98765/43210", "[number], [number] or [number]"),
        ("98765 - 43210 or 98765_43210, in 2019 - 2024", "[number] or [number], in 2019 - 2024"),
        ("9\u200b8\u200b7\u200b6\u200b5\u200b4\u200b3210 twice", "[number] twice"),
        ("+91\u202f98765\u202f43210 mob98765 43210", "[number] mob[number]"),
        ("९८७६५ ४३२१० पर", "[number] पर"),
        ("card 1234 5678 9012 3456 789", "card [number]"),
        ("account 20192020", "account [number]"),
        ("लिखें संपर्क@उदाहरण.भारत। धन्यवाद", "लिखें [e-mail]। धन्यवाद"),
        ("a@b.example, c＠d.example!", "[e-mail], [e-mail]!"),
        ("01/04/2025-31/03/2026 or 2019/2020/2021", "01/04/2025-31/03/2026 or 2019/2020/2021"),
        ("at 2024-05-12 10:30", "at 2024-05-12 10:30"),
        ("admit card 2025 and 2026", "admit card 2025 and 2026"),
        ("from 2026-01-31 to 2026-02-28", "from 2026-01-31 to 2026-02-28"),
        ("salary of 25,000 or 1,50,000 rupees", "salary of 25,000 or 1,50,000 rupees"),
        ("10th 12th pass, 18 to 25 years, 3.5 % of 15000", "10th 12th pass, 18 to 25 years, 3.5 % of 15000"),
        ("form 19 10C 31 section 80C 1961", "form 19 10C 31 section 80C 1961"),
    ],
)
def test_addresses_and_long_numbers_are_masked_and_years_days_and_amounts_are_not(words: str, masked: str):
    assert mask(words) == masked


def test_an_entry_is_read_back_with_its_feedback(tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings(database=database))
    store.add(ASKED)
    store.add(
        replace(
            ASKED,
            answer="a2",
            at=ASKED.at + 10,
            question="mail me at x@y.in",
            status="no_answer",
            passages=(),
            corrected="mail me, x@y.in",
        )
    )
    store.vote("a1", helpful=False, reason="outdated", comment="call 9876543210")
    first, second = store.questions()
    assert first == replace(ASKED, helpful=False, reason="outdated", comment="call [number]")
    assert (second.question, second.corrected, second.passages, second.helpful) == (
        "mail me at [e-mail]",
        "mail me, [e-mail]",
        (),
        None,
    )
    assert [one.answer for one in store.questions(ASKED.at + 1)] == ["a2"]
    assert [one.answer for one in store.questions(until=ASKED.at + 1)] == ["a1"]


def test_a_later_vote_replaces_an_earlier_one_and_can_be_withdrawn(tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings(database=database))
    store.add(ASKED)
    store.vote("a1", helpful=True)
    store.vote("a1", helpful=False, reason="wrong")
    assert [(one.helpful, one.reason) for one in store.questions()] == [(False, "wrong")]
    store.withdraw_vote("a1")
    assert [one.helpful for one in store.questions()] == [None]


def test_a_vote_on_an_unknown_answer_is_refused(tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings(database=database))
    store.add(ASKED)
    with pytest.raises(UsageError, match="No such answer was given"):
        store.vote("forged", helpful=True)
    assert [one.helpful for one in store.questions()] == [None]


def test_text_that_the_database_rejects_does_not_block_other_questions(tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings(database=database))
    store.add(replace(ASKED, question="who\0pays", conversation="c\0", corrected="who\ud800pays"))
    store.add(replace(ASKED, answer="a2", question="".join(chr(0x4E00 + 7 * number) for number in range(1000))))
    store.vote("a1", helpful=False, comment="no\0, \udfff")
    strange, long = store.questions()
    assert (strange.question, strange.conversation, strange.corrected, strange.comment) == (
        "who\ufffdpays",
        "c\ufffd",
        "who?pays",
        "no\ufffd, ?",
    )
    assert (len(long.question), store.evidence([long.question], 0, time.time()).conversations) == (1000, 1)
    with pytest.raises(UsageError, match="No such answer"):
        store.vote("a1\0", helpful=True)
    assert store.forget(conversation="c\0") == 1


def test_another_process_can_store_the_vote_on_an_answer(tmp_path: Path, database: str):
    UsageStore(tmp_path, LogSettings(database=database)).add(ASKED)
    other = UsageStore(tmp_path, LogSettings(database=database))
    for _ in range(50):
        if list(other.questions()):
            break
        time.sleep(0.02)
    other.vote("a1", helpful=True)
    assert [one.helpful for one in other.questions()] == [True]


def test_hashed_questions_can_be_compared_and_not_read(
    tmp_path: Path, database: str, stored_bytes: Callable[[], bytes]
):
    store = UsageStore(tmp_path, LogSettings("hashed", database=database))
    for number, words in enumerate(["Who pays  gratuity", "who pays gratuity", "is leave paid"]):
        store.add(entry(f"a{number}", words, corrected="who pays gratuity"))
    store.flush()
    one, same, another = (entry.question for entry in store.questions())
    assert one == same != another
    assert len(one) == 64
    assert {one.corrected for one in store.questions()} == {None}
    assert not {words for words in (b"leave paid", b"pays gratuity") if words in stored_bytes()}
    assert hash_text("x", b"1") != hash_text("x", b"2")


def test_without_logging_only_questions_with_feedback_are_stored(tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings("off", database=database))
    store.add(ASKED)
    store.add(replace(ASKED, answer="a2"))
    store.vote(replace(ASKED, answer="a2"), helpful=True)
    assert [one.answer for one in store.questions()] == ["a2"]
    assert answer_counts(store) == {"gratuity#faq-who-pays-gratuity": 2}
    with pytest.raises(UsageError, match="No such answer"):
        store.vote("a1", helpful=True)


@pytest.fixture
def stored_bytes(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> Callable[[], bytes]:
    """Return the bytes of the log's files, or a dump of its database."""

    def look() -> bytes:
        if database:
            return request.getfixturevalue("postgres").dump(database)
        return b"".join(path.read_bytes() for path in tmp_path.glob(f"{USAGE}*"))

    return look


def test_deleted_questions_are_gone_from_the_file(tmp_path: Path, database: str, stored_bytes: Callable[[], bytes]):
    store = UsageStore(tmp_path, LogSettings(database=database))
    for number in range(200):
        store.add(
            entry(
                f"a{number}",
                f"zarbwistful number {number}" if number % 2 else "who pays gratuity",
                conversation=f"c{number % 10}",
            )
        )
    store.vote("a0", helpful=False, comment="Zarbwistful said so")
    assert b"zarbwistful" in stored_bytes()
    assert store.forget(text="ZARBwistful") == 100
    assert b"zarbwistful" not in stored_bytes().lower()
    assert {one.question for one in store.questions()} == {"who pays gratuity"}
    assert store.forget(conversation="c2") == 20
    assert len(list(store.questions())) == 80
    assert store.forget(text="nothing like it") == 0


def test_a_number_that_the_log_does_not_hold_deletes_no_other_question(tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings(database=database))
    store.add(entry("a1", "my number is 9876543210, is leave paid"))
    with pytest.raises(UsageError, match="long numbers are not stored"):
        store.forget(text="98765 43210")
    assert store.forget(text="my number is 9876543210") == 1


def test_hashed_questions_are_deleted_by_their_text(tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings("hashed", database=database))
    store.add(entry("a1", "is leave paid"))
    store.add(entry("a2", "who pays gratuity"))
    assert store.forget(text="Is leave  paid") == 1
    assert [one.answer for one in store.questions()] == ["a2"]


def test_expired_questions_are_gone_from_the_file(tmp_path: Path, database: str, stored_bytes: Callable[[], bytes]):
    old = UsageStore(tmp_path, LogSettings(days=100_000, database=database))
    old.add(replace(ASKED, question="zarbwistful of old", at=1_700_000_000))
    old.flush()
    store = UsageStore(tmp_path, LogSettings(days=30, database=database))
    store.add(replace(entry("a2", "of yesterday"), at=time.time() - 86_400))
    store.flush()
    assert [one.question for one in store.questions()] == ["of yesterday"]
    assert b"zarbwistful" not in stored_bytes()


def test_many_threads_and_processes_lose_nothing(tmp_path: Path, database: str):
    stores = [UsageStore(tmp_path, LogSettings(database=database)) for _ in range(3)]
    threads = [
        threading.Thread(
            target=lambda store=store, n=n: [store.add(entry(f"{n}-{number}", "q")) for number in range(300)]
        )
        for n, store in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.flush()
    assert len(list(stores[0].questions())) == 900
    assert answer_counts(stores[0]) == {"gratuity#faq-who-pays-gratuity": 900}


def test_an_unwritable_log_is_reported_and_fails_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    store = UsageStore(tmp_path / "gone")
    with caplog.at_level(logging.WARNING, "bot.usage.store"):
        store.add(ASKED)
        store.flush()
    assert "cannot be written" in caplog.text
    assert (list(store.questions()), store.often_asked(1, 0.5, 5)) == ([], [])
    with pytest.raises(UsageError, match="cannot be written"):
        store.vote(ASKED, helpful=True)
    (tmp_path / "gone").mkdir()
    store.add(replace(ASKED, answer="a2"))
    store.flush()
    assert [one.answer for one in store.questions()] == ["a1", "a2"]


def test_a_log_of_a_newer_version_is_left_alone(tmp_path: Path):
    with sqlite3.connect(tmp_path / USAGE) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="its version is 99, this program knows 2"):
        UsageStore(tmp_path).vote(ASKED, helpful=False)
    with pytest.raises(UsageError, match="its version is 99"):
        list(UsageStore(tmp_path).questions())


def test_votes_of_the_first_version_are_migrated(tmp_path: Path):
    with sqlite3.connect(tmp_path / USAGE) as connection:
        connection.executescript("""
            CREATE TABLE feedback (
                answer TEXT PRIMARY KEY, at TEXT NOT NULL, helpful INTEGER NOT NULL, reason TEXT, comment TEXT,
                question TEXT NOT NULL, passages TEXT NOT NULL, probability REAL NOT NULL, generation TEXT NOT NULL);
            CREATE TABLE answered (passage TEXT PRIMARY KEY, times INTEGER NOT NULL);
            INSERT INTO feedback VALUES (
                'a1', '2023-11-14T22:13:20+00:00', 0, 'wrong', 'no', 'who pays gratuity', 'p1', 0.9, 'g1');
            INSERT INTO answered VALUES ('p1', 7);
            PRAGMA user_version = 1;""")
    store = UsageStore(tmp_path)
    (logged,) = store.questions()
    assert (logged.question, logged.at, logged.helpful, logged.reason, logged.comment, logged.passages) == (
        "who pays gratuity",
        1_700_000_000,
        False,
        "wrong",
        "no",
        ("p1",),
    )
    assert answer_counts(store) == {"p1": 7}


def test_every_interface_logs_its_questions(bot: Bot, tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings(database=database))
    for address in served(bot, ChatSettings(), store, ui=False):
        with httpx.Client(base_url=address, trust_env=False) as client:
            answer = client.post("/api/v1/ask", json={"question": "who pays gratuty", "conversation": "c7"}).json()
            client.post("/api/v1/ask", json={"question": "best biryani in Hyderabad"})
            client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "thanks"}]})
            client.post("/api/v1/feedback", json={"answer": answer["id"], "helpful": True})
    store.flush()
    rest, none, talk = store.questions()
    assert (rest.answer, rest.question, rest.corrected, rest.status) == (
        answer["id"],
        "who pays gratuty",
        "who pays gratuity",
        "answered",
    )
    assert (rest.channel, rest.conversation, rest.helpful, rest.generation) == ("rest", "c7", True, bot.generation.name)
    assert (rest.passages, rest.probability) == (
        ("gratuity#faq-who-pays-gratuity",),
        pytest.approx(answer["probability"], abs=1e-4),
    )
    assert rest.milliseconds > 0
    assert (none.status, none.passages, none.conversation) == ("no_answer", (), None)
    assert (talk.status, talk.channel) == ("small_talk", "openai")


def test_without_feedback_votes_are_refused_and_questions_are_logged(bot: Bot, tmp_path: Path, database: str):
    store = UsageStore(tmp_path, LogSettings(database=database))
    for address in served(bot, ChatSettings(feedback=False), store, ui=False):
        answer = httpx.post(f"{address}/api/v1/ask", json={"question": "who pays gratuity"}, trust_env=False).json()
        refused = httpx.post(
            f"{address}/api/v1/feedback", json={"answer": answer["id"], "helpful": True}, trust_env=False
        )
    assert (refused.status_code, refused.json()["title"]) == (409, "Votes on answers are not stored here.")
    store.flush()
    assert [one.helpful for one in store.questions()] == [None]
