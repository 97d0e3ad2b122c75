"""`UsageStore`: the question log, in a SQLite file beside the generations or in a PostgreSQL database.

It holds the questions, visitors' votes on the answers and how often each FAQ answered; several servers may share one.
Nothing is sent elsewhere. One thread writes everything in order; no answer waits for it or fails with it.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock, Timer
from typing import Any, TypeVar

from bot.errors import LogUnavailable, UsageError
from bot.settings import LogSettings
from bot.usage import queries
from bot.usage.database import Action, Database, Transaction
from bot.usage.logged_question import LoggedQuestion, QuestionStats, Reason
from bot.usage.postgres import PostgresDatabase
from bot.usage.proposals import Evidence
from bot.usage.seen import Remark
from bot.usage.sqlite import SqliteDatabase

_log = logging.getLogger(__name__)
_ENTERING = Lock()  # held while a forked process makes its own writer

USAGE = "usage.sqlite3"
_MAX_QUEUED = 10_000  # maximum number of questions waiting to be written; beyond it the oldest are dropped
_HOUR, _DAY = 3600.0, 86_400.0
_RETRY_DELAY, _VOTE_TIMEOUT = 5.0, 5.0
"""Seconds until a failed write is tried again, if no question comes before, and that a vote waits for the database."""
_READ_TIMEOUT, _READ_PAUSE = 1.0, 30.0
"""Seconds that a page waits for the most answered FAQs, and how long pages do without them after a failure."""

Result = TypeVar("Result")


class UsageStore:
    """The question log of an index folder, or the database that the settings name. Safe to share among threads.

    Several processes may use the same log; its file is made by the first write. Raises `MissingExtra` if the drivers
    for PostgreSQL are not installed and `SettingsError` if the address of the database cannot be read.
    """

    def __init__(self, index: Path | str, log: LogSettings = LogSettings()) -> None:
        self._path, self._settings = Path(index).absolute() / USAGE, log
        self._writers = [_Writer(self._path, log)]
        self._has_warned, self._hashed = False, log.questions == "hashed"
        self._expired_at = self._paused_until = 0.0

    @property
    def _own(self) -> "_Writer":
        """The writer of this process; those of its parents are kept, since freeing them would close what they use."""
        if self._writers[-1].process != os.getpid():
            with _ENTERING:
                if self._writers[-1].process != os.getpid():
                    self._writers.append(_Writer(self._path, self._settings))
        return self._writers[-1]

    def add(self, *questions: LoggedQuestion) -> None:
        """Store questions soon: masked, hashed, or only as a count of their passages, as the settings say."""
        own = self._own
        with own.lock:
            own.queue.extend(questions)
            if own.flush_pending:
                return
            own.flush_pending = True
        own.thread.submit(self._flush)

    def vote(
        self, question: LoggedQuestion | str, *, helpful: bool, reason: Reason | None = None, comment: str = ""
    ) -> None:
        """Store a visitor's vote on an answer, given by its id or its question, in place of an earlier vote.

        Raises `UsageError` if it cannot be written, or there is no answer with this id.
        """

        def write(transaction: Transaction) -> None:
            if isinstance(question, LoggedQuestion):
                # A question that is voted on is stored even if the settings say that questions are not.
                queries.insert_questions(transaction, [question], hashed=self._hashed)
            answer = question if isinstance(question, str) else question.answer
            queries.insert_vote(transaction, answer, helpful=helpful, reason=reason, comment=comment)

        self._write(write, timeout=_VOTE_TIMEOUT)

    def withdraw_vote(self, answer: str) -> None:
        """Delete the vote on an answer. Raises `UsageError` if the log cannot be written."""
        self._write(queries.delete_vote, answer, timeout=_VOTE_TIMEOUT)

    def forget(self, *, text: str | None = None, conversation: str | None = None) -> int:
        """Delete for good what contains a text, or belongs to a conversation, and return the number of questions.

        Of hashed questions, those that equal the text are deleted. Raises `UsageError` if the log cannot be written.
        """

        def write(transaction: Transaction) -> int:
            deleted = 0 if conversation is None else queries.delete_conversation(transaction, conversation)
            return deleted if text is None else deleted + queries.delete_containing(transaction, text)

        deleted, own = self._write(write), self._own
        own.thread.submit(own.database.purge).result()
        return deleted

    def questions(self, since: float = 0.0, until: float = float("inf")) -> Iterator[LoggedQuestion]:
        """Yield the questions of a span of time, oldest first. Raises `UsageError` if they cannot be read."""
        with self._own.database.transaction("read") as transaction:
            yield from queries.read_questions(transaction, since, until)

    def question_stats(self, since: float, until: float) -> list[QuestionStats]:
        """Count equal questions with equal answers, most frequent first. Raises `UsageError` if they cannot be read."""
        return self._run("read", queries.read_stats, since, until)

    def remarks(self, questions: Sequence[str], since: float, until: float) -> list[Remark]:
        """Return the votes on the answers to any of these questions. Raises `UsageError` if they cannot be read."""
        return self._run("read", queries.read_remarks, questions, since, until)

    def evidence(self, questions: Sequence[str], since: float, until: float) -> Evidence:
        """Collect what visitors did who asked any of these questions. Raises `UsageError` if it cannot be read."""
        return self._run("read", queries.read_evidence, questions, since, until)

    def often_asked(self, conversations: int, probability: float, most: int) -> list[str]:
        """Return at most `most` passages that answered surely in this many conversations, without a vote against.

        Empty while the log cannot be read, or not at once.
        """
        if time.monotonic() < self._paused_until:
            return []
        try:
            own, query = self._own, queries.read_often_asked
            found = _wait(own.reader.submit(self._run, "read", query, conversations, probability, most), _READ_TIMEOUT)
        except UsageError as error:
            if not self._paused_until:
                _log.warning("%s", error)
            self._paused_until = time.monotonic() + _READ_PAUSE
            return []
        self._paused_until = 0.0
        return found

    def flush(self) -> None:
        """Wait until everything added so far has been written, or its write has failed."""
        self._own.thread.submit(lambda: None).result()

    def _run(self, action: Action, query: Callable[..., Result], *values: Any) -> Result:
        with self._own.database.transaction(action) as transaction:
            return query(transaction, *values)

    def _write(self, write: Callable[..., Result], *values: Any, timeout: float | None = None) -> Result:
        return _wait(self._own.thread.submit(self._run, "written", write, *values), timeout)

    def _flush(self) -> None:
        own = self._own
        with own.lock:
            questions = list(own.queue)
            own.queue.clear()
            own.flush_pending = False
        try:
            with own.database.transaction("written") as transaction:
                queries.add_answer_counts(transaction, questions)
                if self._settings.questions != "off":
                    queries.insert_questions(transaction, questions, hashed=self._hashed)
        except UsageError as error:
            self._requeue(questions, error)
        else:
            self._has_warned = False
            self._expire()

    def _requeue(self, questions: Sequence[LoggedQuestion], error: UsageError) -> None:
        """Put questions back into the queue; they are written with the next question, or after a delay."""
        if not self._has_warned:
            _log.warning("%s The last %d questions are kept in memory until the log works.", error, _MAX_QUEUED)
        self._has_warned = True
        own = self._own
        with own.lock:
            own.queue = deque([*questions, *own.queue], _MAX_QUEUED)
        if own.retry is None or not own.retry.is_alive():
            own.retry = Timer(_RETRY_DELAY, self.add)
            own.retry.daemon = True
            own.retry.start()

    def _expire(self) -> None:
        """Delete questions older than the settings allow, once an hour."""
        if time.time() < self._expired_at + _HOUR:
            return
        self._expired_at = time.time()
        try:
            if self._run("written", queries.delete_expired, time.time() - self._settings.days * _DAY):
                self._own.database.purge()
        except UsageError as error:
            _log.warning("%s", error)


class _Writer:
    """What a process writes with: neither threads nor locks nor connections survive a fork."""

    def __init__(self, path: Path, log: LogSettings) -> None:
        self.process = os.getpid()
        self.database: Database = PostgresDatabase(log.database) if log.database else SqliteDatabase(path)
        self.thread = ThreadPoolExecutor(1, "articlebot-usage")
        self.reader = ThreadPoolExecutor(1, "articlebot-often-asked")
        self.queue: deque[LoggedQuestion] = deque(maxlen=_MAX_QUEUED)
        self.lock, self.flush_pending = Lock(), False
        self.retry: Timer | None = None


def _wait(future: "Future[Result]", timeout: float | None) -> Result:
    try:
        return future.result(timeout)
    except TimeoutError:
        future.cancel()
        raise LogUnavailable("The log does not answer in time: try again later.") from None
