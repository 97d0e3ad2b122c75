"""`UsageStore`: the questions that were asked, what visitors say of the answers, and how often each FAQ answered; in one SQLite file beside the generations,
or in a PostgreSQL database that several servers share.

It is sent nowhere else. Everything is written by one thread, in the order in which it happened: no answer waits for it or fails with it.
"""

import logging
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock, Timer
from typing import TypeVar

from bot.errors import UsageError
from bot.settings import LogSettings
from bot.usage.database import Database, Row, Transaction, Values
from bot.usage.logged_question import LONGEST_COMMENT, LoggedQuestion, Reason
from bot.usage.postgres import PostgresDatabase
from bot.usage.privacy import hashed, masked
from bot.usage.proposals import Evidence
from bot.usage.question_stats import QuestionStats
from bot.usage.sqlite import SqliteFile

_log = logging.getLogger(__name__)

USAGE = "usage.sqlite3"
_MOST_WAITING = 10_000
"""Questions that wait to be written; of more, where nothing can be written for long, the oldest are lost."""
_HOUR, _DAY = 3600.0, 86_400.0
_AGAIN = 5.0
"""Seconds after which what could not be written is tried again, or with the next question."""
_PATIENCE, _GLANCE, _REST = 5.0, 1.0, 30.0
"""Seconds that a visitor's vote waits for a database, and a page for what is asked often; after that pages do without for a while."""
_KEY = "hash"
_SOON = 300
"""Seconds in which the next question of a conversation follows upon one."""
_COLUMNS = (
    "questions.answer, questions.at, question, status, probability, passages, generation, milliseconds, channel, conversation, corrected, "
    "helpful, reason, comment"
)
_STORED = (
    "answer", "at", "question", "status", "probability", "passages", "generation", "milliseconds", "channel", "conversation", "corrected",
)  # fmt: skip
_UNKNOWN = "No such answer was given, or too long ago: nothing was stored."

Done = TypeVar("Done")


class UsageStore:
    """What is known of questions and answers, in `usage.sqlite3` of an index folder or where the settings say. Safe to use from many threads and processes.

    A file is made when there is something to write. Raises `MissingExtra` when what PostgreSQL needs is not installed, `SettingsError` for an address that is none.
    """

    def __init__(self, index: Path | str, log: LogSettings = LogSettings()) -> None:
        self._database: Database = PostgresDatabase(log.database) if log.database else SqliteFile(Path(index) / USAGE)
        self._settings = log
        self._writer = ThreadPoolExecutor(1, "articlebot-usage")
        self._reader = ThreadPoolExecutor(1, "articlebot-often-asked")
        self._waiting: deque[LoggedQuestion] = deque(maxlen=_MOST_WAITING)
        self._lock, self._flushing = Lock(), False
        self._again: Timer | None = None
        self._told = False
        self._swept = self._rested = 0.0

    def add(self, entry: LoggedQuestion) -> None:
        """Store a question soon: as it is but for masked numbers and addresses, hashed, or only which passages answered, as the settings say."""
        self._flush_soon(entry)

    def vote(
        self, entry: LoggedQuestion | str, *, helpful: bool, reason: Reason | None = None, comment: str = ""
    ) -> None:
        """Store what a visitor says of an answer, in place of what was said of it before.

        Raises `UsageError` when that cannot be written, or no answer with this id was given.
        """
        self._run(
            lambda transaction: self._vote(transaction, entry, helpful=helpful, reason=reason, comment=comment),
            _PATIENCE,
        )

    def take_back(self, answer: str) -> None:
        """Forget what was said of an answer. Raises `UsageError` when that cannot be written."""
        self._run(
            lambda transaction: transaction.write(
                "DELETE FROM feedback WHERE answer = :answer", [{"answer": _storable(answer)}]
            ),
            _PATIENCE,
        )

    def forget(self, *, text: str | None = None, conversation: str | None = None) -> int:
        """Delete, for good, the questions and comments that hold a text in any case, or those of a conversation; returns how many questions there were.

        Where questions are stored hashed, those that are this text. Raises `UsageError` when that cannot be written.
        """
        gone = self._run(lambda transaction: _forget(transaction, text, conversation))
        self._writer.submit(self._database.sweep_up).result()
        return gone

    def entries(self, since: float = 0.0, until: float = float("inf")) -> Iterator[LoggedQuestion]:
        """What was asked in a span of time, oldest first. Raises `UsageError` when it cannot be read."""
        statement = (
            f"SELECT {_COLUMNS} FROM questions LEFT JOIN feedback USING (answer) WHERE questions.at >= :since AND questions.at < :until "
            "ORDER BY questions.at"
        )
        with self._database.reading() as transaction:
            for row in transaction.stream(statement, {"since": since, "until": until}):
                yield _entry(row)

    def tallies(self, since: float, until: float) -> list[QuestionStats]:
        """Equal questions with equal answers in a span of time, counted, most frequent first. Raises `UsageError` when they cannot be read."""
        statement = """
            SELECT question, status, passages, count(*), coalesce(sum(helpful), 0), count(helpful) - coalesce(sum(helpful), 0), avg(probability), count(corrected)
            FROM questions LEFT JOIN feedback USING (answer) WHERE questions.at >= :since AND questions.at < :until
            GROUP BY question, status, passages"""
        rows = self._read(statement, {"since": since, "until": until})
        tallies = [
            QuestionStats(question, status, _split(passages), times, helpful, unhelpful, probability, corrected)
            for question, status, passages, times, helpful, unhelpful, probability, corrected in rows
        ]
        # Here, since databases have orders of letters of their own.
        return sorted(tallies, key=lambda tally: (-tally.times, tally.question, tally.status, tally.passages))

    def evidence(self, questions: Sequence[str], since: float, until: float) -> Evidence:
        """What visitors did who asked any of some questions in a span of time. Raises `UsageError` when it cannot be read."""
        which = f"question IN ({', '.join(f':q{number}' for number in range(len(questions)))}) AND at >= :since AND at < :until"
        values = {
            "since": since,
            "until": until,
            **{f"q{number}": question for number, question in enumerate(questions)},
        }
        with self._database.reading() as transaction:
            # Those without an id count as one together: they may be.
            ((conversations,),) = transaction.read(
                f"SELECT count(DISTINCT coalesce(conversation, '')) FROM questions WHERE {which}", values
            )
            followed = transaction.read(f"""
                SELECT asked.question, next.question, next.passages, count(*) FROM (SELECT question, conversation, at FROM questions WHERE {which} AND conversation IS NOT NULL) AS asked
                JOIN questions AS next ON next.answer = (
                    SELECT answer FROM questions WHERE conversation = asked.conversation AND at > asked.at AND at < asked.at + {_SOON} ORDER BY at LIMIT 1)
                WHERE next.status = 'answered' AND next.passages != '' GROUP BY asked.question, next.question, next.passages""", values)  # fmt: skip
            liked = transaction.read(
                f"SELECT question, passages, count(*) FROM (SELECT answer, question, passages FROM questions WHERE {which}) AS asked JOIN feedback USING (answer) "
                "WHERE helpful = 1 AND passages != '' GROUP BY question, passages",
                values,
            )
        return Evidence(
            questions[0], conversations, {(question, clicked, _split(passages)[0]): times for question, clicked, passages, times in followed},
            {(question, _split(passages)[0]): times for question, passages, times in liked},
        )  # fmt: skip

    def most_answered(self, least: int, most: int) -> list[str]:
        """The at most `most` passages that answered `least` questions or more, the most frequent first; none where nothing can be read, or not at once."""
        if time.monotonic() < self._rested:
            return []
        statement = "SELECT passage FROM answered WHERE times >= :least ORDER BY times DESC, passage LIMIT :most"
        try:
            rows = _result(self._reader.submit(self._read, statement, {"least": least, "most": most}), _GLANCE)
        except UsageError as error:
            if not self._rested:
                _log.warning("%s", error)
            self._rested = time.monotonic() + _REST
            return []
        self._rested = 0.0
        return [passage for (passage,) in rows]

    def settle(self) -> None:
        """Wait until everything added so far is written, or given up."""
        self._writer.submit(lambda: None).result()

    def _read(self, statement: str, values: Values) -> Sequence[Row]:
        with self._database.reading() as transaction:
            return transaction.read(statement, values)

    def _run(self, write: Callable[[Transaction], Done], patience: float | None = None) -> Done:
        def run() -> Done:
            with self._database.writing() as transaction:
                return write(transaction)

        return _result(self._writer.submit(run), patience)

    def _flush_soon(self, *entries: LoggedQuestion) -> None:
        with self._lock:
            self._waiting.extend(entries)
            if self._flushing:
                return
            self._flushing = True
        self._writer.submit(self._flush)

    def _flush(self) -> None:
        with self._lock:
            entries = list(self._waiting)
            self._waiting.clear()
            self._flushing = False
        try:
            with self._database.writing() as transaction:
                self._insert(transaction, entries)
        except UsageError as error:
            self._keep(entries, error)
        else:
            self._told = False
            self._expire()

    def _keep(self, entries: Sequence[LoggedQuestion], error: UsageError) -> None:
        """With the next question they are tried again, or after a while."""
        if not self._told:
            _log.warning("%s The last %d questions are kept until it can be.", error, _MOST_WAITING)
        self._told = True
        with self._lock:
            self._waiting = deque([*entries, *self._waiting], _MOST_WAITING)
        if self._again is None or not self._again.is_alive():
            self._again = Timer(_AGAIN, self._flush_soon)
            self._again.daemon = True
            self._again.start()

    def _insert(self, transaction: Transaction, entries: Sequence[LoggedQuestion]) -> None:
        times = Counter(passage for entry in entries for passage in entry.passages)
        transaction.write(
            "INSERT INTO answered VALUES (:passage, :times) ON CONFLICT (passage) DO UPDATE SET times = answered.times + excluded.times",
            # In one order, so that no two servers wait for each other.
            [{"passage": passage, "times": count} for passage, count in sorted(times.items())],
        )
        if self._settings.questions != "off":
            self._insert_questions(transaction, entries)

    def _insert_questions(self, transaction: Transaction, entries: Sequence[LoggedQuestion]) -> None:
        if self._settings.questions == "hashed":
            key = _key(transaction)
            kept = [replace(entry, question=hashed(entry.question, key), corrected=None) for entry in entries]
        else:
            kept = [
                replace(entry, question=masked(entry.question), corrected=entry.corrected and masked(entry.corrected))
                for entry in entries
            ]
        places = ", ".join(f":{name}" for name in _STORED)
        transaction.write(
            f"INSERT INTO questions VALUES ({places}) ON CONFLICT DO NOTHING", [_row(entry) for entry in kept]
        )

    def _vote(
        self,
        transaction: Transaction,
        entry: LoggedQuestion | str,
        *,
        helpful: bool,
        reason: Reason | None,
        comment: str,
    ) -> None:
        answer = _storable(entry if isinstance(entry, str) else entry.answer)
        if not isinstance(entry, str):
            # An answer that is voted on is kept, also where questions are not.
            self._insert_questions(transaction, [entry])
        if not transaction.read("SELECT 1 FROM questions WHERE answer = :answer", {"answer": answer}):
            raise UsageError(_UNKNOWN)
        said = _storable(masked(comment[:LONGEST_COMMENT])) or None
        transaction.write(
            "INSERT INTO feedback VALUES (:answer, :at, :helpful, :reason, :comment) ON CONFLICT (answer) "
            "DO UPDATE SET at = excluded.at, helpful = excluded.helpful, reason = excluded.reason, comment = excluded.comment",
            [{"answer": answer, "at": time.time(), "helpful": int(helpful), "reason": reason, "comment": said}],
        )

    def _expire(self) -> None:
        """Delete what is older than it may be, once an hour."""
        if time.time() < self._swept + _HOUR:
            return
        self._swept = time.time()
        try:
            with self._database.writing() as transaction:
                oldest = {"oldest": time.time() - self._settings.days * _DAY}
                gone = (
                    transaction.write("DELETE FROM questions WHERE at < :oldest", [oldest])
                    if transaction.alone()
                    else 0
                )
            if gone:
                self._database.sweep_up()
        except UsageError as error:
            _log.warning("%s", error)


def _result(future: "Future[Done]", seconds: float | None) -> Done:
    try:
        return future.result(seconds)
    except TimeoutError:
        future.cancel()
        raise UsageError("The log does not answer in time: try again later.") from None


def _key(transaction: Transaction) -> bytes:
    """What questions are hashed with, made at the first one."""
    transaction.write(
        "INSERT INTO secrets VALUES (:name, :value) ON CONFLICT DO NOTHING",
        [{"name": _KEY, "value": secrets.token_bytes(32)}],
    )
    ((key,),) = transaction.read("SELECT value FROM secrets WHERE name = :name", {"name": _KEY})
    return bytes(key)


def _forget(transaction: Transaction, text: str | None, conversation: str | None) -> int:
    gone = 0
    if conversation is not None:
        gone += transaction.write(
            "DELETE FROM questions WHERE conversation = :conversation", [{"conversation": _storable(conversation)}]
        )
    if text is not None:
        sought, equal = _storable(masked(text)).casefold(), hashed(text, _key(transaction))
        asked = transaction.stream("SELECT answer, question, coalesce(corrected, '') FROM questions", {})
        held = [
            {"answer": answer}
            for answer, question, corrected in asked
            if question == equal or sought in question.casefold() or sought in corrected.casefold()
        ]
        gone += transaction.write("DELETE FROM questions WHERE answer = :answer", held)
        said = transaction.stream("SELECT answer, comment FROM feedback WHERE comment IS NOT NULL", {})
        told = [{"answer": answer} for answer, comment in said if sought in comment.casefold()]
        transaction.write("UPDATE feedback SET comment = NULL WHERE answer = :answer", told)
    return gone


def _split(passages: str) -> tuple[str, ...]:
    return tuple(passages.split("\n")) if passages else ()


def _storable(words: str) -> str:
    """Words without what a database refuses: letters that are none."""
    return words.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _row(entry: LoggedQuestion) -> Values:
    values = {name: getattr(entry, name) for name in _STORED} | {"passages": "\n".join(entry.passages)}
    return {name: _storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _entry(row: Row) -> LoggedQuestion:
    (
        answer,
        at,
        question,
        status,
        probability,
        passages,
        generation,
        milliseconds,
        channel,
        conversation,
        corrected,
        helpful,
        reason,
        comment,
    ) = row
    return LoggedQuestion(
        answer, at, question, status, probability, _split(passages), generation, milliseconds, channel, conversation, corrected,
        None if helpful is None else bool(helpful), reason, comment,
    )  # fmt: skip
