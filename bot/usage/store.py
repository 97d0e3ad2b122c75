"""`UsageStore`: the questions that were asked, what visitors say of the answers, and how often each FAQ answered; one SQLite file beside the generations.

It is never sent anywhere. Everything is written by one thread, in the order in which it happened: no answer waits for it or fails with it.
"""

import logging
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from bot.errors import UsageError
from bot.settings import LogSettings
from bot.usage.entry import LONGEST_COMMENT, Entry, Reason
from bot.usage.privacy import hashed, masked
from bot.usage.proposals import Evidence
from bot.usage.schema import opened
from bot.usage.tally import Tally

_log = logging.getLogger(__name__)

USAGE = "usage.sqlite3"
_MOST_WAITING = 10_000
"""Questions that wait to be written; of more, where nothing can be written for long, the oldest are lost."""
_HOUR, _DAY = 3600.0, 86_400.0
_KEY = "hash"
_SOON = 300
"""Seconds in which the next question of a conversation follows upon one."""
_COLUMNS = (
    "questions.answer, questions.at, question, status, probability, passages, generation, milliseconds, channel, conversation, corrected, "
    "helpful, reason, comment"
)
_UNKNOWN = "No such answer was given, or too long ago: nothing was stored."

Written = TypeVar("Written")


class UsageStore:
    """What is known of questions and answers, in `usage.sqlite3` of an index folder. Safe to use from many threads and processes.

    The file is made when there is something to write.
    """

    def __init__(self, index: Path | str, log: LogSettings = LogSettings()) -> None:
        self._path = Path(index) / USAGE
        self._settings = log
        self._writer = ThreadPoolExecutor(1, "articlebot-usage")
        self._waiting: deque[Entry] = deque(maxlen=_MOST_WAITING)
        self._lock, self._flushing = Lock(), False
        self._swept = 0.0

    def add(self, entry: Entry) -> None:
        """Store a question soon: as it is but for masked numbers and addresses, hashed, or only which passages answered, as the settings say."""
        with self._lock:
            self._waiting.append(entry)
            if self._flushing:
                return
            self._flushing = True
        self._writer.submit(self._flush)

    def vote(self, entry: Entry | str, *, helpful: bool, reason: Reason | None = None, comment: str = "") -> None:
        """Store what a visitor says of an answer, in place of what was said of it before.

        Raises `UsageError` when that cannot be written, or no answer with this id was given.
        """
        self._run(lambda connection: self._vote(connection, entry, helpful=helpful, reason=reason, comment=comment))

    def take_back(self, answer: str) -> None:
        """Forget what was said of an answer. Raises `UsageError` when that cannot be written."""
        self._run(lambda connection: connection.execute("DELETE FROM feedback WHERE answer = ?", (answer,)))

    def forget(self, *, text: str | None = None, conversation: str | None = None) -> int:
        """Delete, for good, the questions and comments that hold a text in any case, or those of a conversation; returns how many questions there were.

        Where questions are stored hashed, those that are this text. Raises `UsageError` when that cannot be written.
        """
        return self._run(lambda connection: _forget(connection, text, conversation), sweep=True)

    def entries(self, since: float = 0.0, until: float = float("inf")) -> Iterator[Entry]:
        """What was asked in a span of time, oldest first. Raises `UsageError` when it cannot be read."""
        if not self._path.exists():
            return
        statement = (
            f"SELECT {_COLUMNS} FROM questions LEFT JOIN feedback USING (answer) WHERE questions.at >= ? AND questions.at < ? ORDER BY questions.at"
        )
        try:
            with closing(opened(self._path)) as connection:
                for row in connection.execute(statement, (since, until)):
                    yield _entry(row)
        except sqlite3.Error as error:
            raise UsageError(f"{self._path} cannot be read ({error}).") from error

    def tallies(self, since: float, until: float) -> list[Tally]:
        """Equal questions with equal answers in a span of time, counted, most frequent first. Raises `UsageError` when they cannot be read."""
        statement = """
            SELECT question, status, passages, count(*), total(helpful), count(helpful) - total(helpful), avg(probability), count(corrected)
            FROM questions LEFT JOIN feedback USING (answer) WHERE questions.at >= ? AND questions.at < ?
            GROUP BY question, status, passages ORDER BY count(*) DESC, question"""
        return [
            Tally(question, status, _split(passages), times, int(helpful), int(unhelpful), probability, corrected)
            for question, status, passages, times, helpful, unhelpful, probability, corrected in self._read(statement, since, until)
        ]

    def evidence(self, questions: Sequence[str], since: float, until: float) -> Evidence:
        """What visitors did who asked any of some questions in a span of time. Raises `UsageError` when it cannot be read."""
        which = f"question IN ({', '.join('?' * len(questions))}) AND at >= ? AND at < ?"
        values = (*questions, since, until)
        # Those without an id count as one together: they may be.
        ((conversations,),) = self._read(f"SELECT count(DISTINCT coalesce(conversation, '')) FROM questions WHERE {which}", *values)
        followed = self._read(f"""
            SELECT asked.question, next.question, next.passages, count(*) FROM (SELECT question, conversation, at FROM questions WHERE {which} AND conversation IS NOT NULL) AS asked
            JOIN questions AS next ON next.answer = (
                SELECT answer FROM questions WHERE conversation = asked.conversation AND at > asked.at AND at < asked.at + {_SOON} ORDER BY at LIMIT 1)
            WHERE next.status = 'answered' AND next.passages != '' GROUP BY asked.question, next.question, next.passages""", *values)  # fmt: skip
        liked = self._read(
            f"SELECT question, passages, count(*) FROM (SELECT * FROM questions WHERE {which}) JOIN feedback USING (answer) "
            "WHERE helpful AND passages != '' GROUP BY question, passages",
            *values,
        )
        return Evidence(
            questions[0], conversations, {(question, clicked, _split(passages)[0]): times for question, clicked, passages, times in followed},
            {(question, _split(passages)[0]): times for question, passages, times in liked},
        )  # fmt: skip

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        if not self._path.exists():
            return []
        try:
            with closing(opened(self._path)) as connection:
                return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise UsageError(f"{self._path} cannot be read ({error}).") from error

    def most_answered(self, least: int, most: int) -> list[str]:
        """The at most `most` passages that answered `least` questions or more, the most frequent first; none where nothing can be read."""
        if not self._path.exists():
            return []
        try:
            with closing(opened(self._path)) as connection:
                rows = connection.execute("SELECT passage FROM answered WHERE times >= ? ORDER BY times DESC, passage LIMIT ?", (least, most))
                return [passage for (passage,) in rows]
        except sqlite3.Error:
            _log.warning("%s cannot be read", self._path, exc_info=True)
            return []

    def settle(self) -> None:
        """Wait until everything added so far is written, or given up."""
        self._writer.submit(lambda: None).result()

    def _run(self, write: Callable[[sqlite3.Connection], Written], *, sweep: bool = False) -> Written:
        def run() -> Written:
            with self._writing() as connection:
                written = write(connection)
            if sweep:
                self._sweep_up()
            return written

        return self._writer.submit(run).result()

    def _flush(self) -> None:
        with self._lock:
            entries = list(self._waiting)
            self._waiting.clear()
            self._flushing = False
        try:
            with self._writing() as connection:
                self._insert(connection, entries)
        except UsageError as error:
            _log.warning("%s", error)
            with self._lock:
                # With the next question they are tried again.
                self._waiting = deque([*entries, *self._waiting], _MOST_WAITING)
        else:
            self._expire()

    def _insert(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        passages = [(passage,) for entry in entries for passage in entry.passages]
        connection.executemany("INSERT INTO answered VALUES (?, 1) ON CONFLICT (passage) DO UPDATE SET times = times + 1", passages)
        if self._settings.questions != "off":
            self._insert_questions(connection, entries)

    def _insert_questions(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        if self._settings.questions == "hashed":
            key = _key(connection)
            kept = [replace(entry, question=hashed(entry.question, key), corrected=None) for entry in entries]
        else:
            kept = [replace(entry, question=masked(entry.question), corrected=entry.corrected and masked(entry.corrected)) for entry in entries]
        connection.executemany("INSERT OR IGNORE INTO questions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, kept))

    def _vote(self, connection: sqlite3.Connection, entry: Entry | str, *, helpful: bool, reason: Reason | None, comment: str) -> None:
        answer = entry if isinstance(entry, str) else entry.answer
        if not isinstance(entry, str):
            # An answer that is voted on is kept, also where questions are not.
            self._insert_questions(connection, [entry])
        if not connection.execute("SELECT 1 FROM questions WHERE answer = ?", (answer,)).fetchone():
            raise UsageError(_UNKNOWN)
        said = masked(comment[:LONGEST_COMMENT]) or None
        connection.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?, ?)", (answer, time.time(), helpful, reason, said))

    def _expire(self) -> None:
        """Delete what is older than it may be, once an hour."""
        if time.time() < self._swept + _HOUR:
            return
        self._swept = time.time()
        try:
            with self._writing() as connection:
                gone = connection.execute("DELETE FROM questions WHERE at < ?", (time.time() - self._settings.days * _DAY,)).rowcount
            if gone:
                self._sweep_up()
        except UsageError as error:
            _log.warning("%s", error)

    def _sweep_up(self) -> None:
        """Leave nothing of what was deleted in the journal; in the file it was overwritten."""
        with self._told_when_unwritable(), closing(opened(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._told_when_unwritable(), closing(opened(self._path)) as connection, connection:
            yield connection

    @contextmanager
    def _told_when_unwritable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            sentence = f"{self._path} cannot be written ({error}): make its folder writable, or switch the log and feedback off."
            raise UsageError(sentence) from error


def _key(connection: sqlite3.Connection) -> bytes:
    """What questions are hashed with, made at the first one."""
    connection.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (_KEY, secrets.token_bytes(32)))
    ((key,),) = connection.execute("SELECT value FROM secrets WHERE name = ?", (_KEY,)).fetchall()
    return bytes(key)


def _forget(connection: sqlite3.Connection, text: str | None, conversation: str | None) -> int:
    connection.create_function("casefold", 1, lambda words: (words or "").casefold(), deterministic=True)
    gone = 0
    if conversation is not None:
        gone += connection.execute("DELETE FROM questions WHERE conversation = ?", (conversation,)).rowcount
    if text is not None:
        sought = masked(text).casefold()
        held = "instr(casefold(question), ?1) OR instr(casefold(corrected), ?1) OR question = ?2"
        gone += connection.execute(f"DELETE FROM questions WHERE {held}", (sought, hashed(text, _key(connection)))).rowcount
        connection.execute("UPDATE feedback SET comment = NULL WHERE instr(casefold(comment), ?)", (sought,))
    return gone


def _split(passages: str) -> tuple[str, ...]:
    return tuple(passages.split("\n")) if passages else ()


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.answer, entry.at, entry.question, entry.status, entry.probability, "\n".join(entry.passages), entry.generation, entry.milliseconds,
        entry.channel, entry.conversation, entry.corrected,
    )  # fmt: skip


def _entry(row: tuple[str, ...]) -> Entry:
    answer, at, question, status, probability, passages, generation, milliseconds, channel, conversation, corrected, helpful, reason, comment = row
    return Entry(
        answer, float(at), question, status, float(probability), _split(passages), generation, float(milliseconds), channel,  # type: ignore[arg-type]
        conversation, corrected, None if helpful is None else bool(helpful), reason, comment,  # type: ignore[arg-type]
    )  # fmt: skip
