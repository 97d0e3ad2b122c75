"""`UsageStore`: what visitors say of answers, and how often each FAQ answered; one SQLite file beside the generations."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from bot.errors import UsageError

_log = logging.getLogger(__name__)

USAGE = "usage.sqlite3"
_VERSION = 1
Reason = Literal["wrong", "outdated", "incomplete", "unrelated"]
REASONS: tuple[Reason, ...] = get_args(Reason)
LONGEST_COMMENT = 2000
"""Characters."""
_TABLES = """
CREATE TABLE IF NOT EXISTS feedback (
    answer TEXT PRIMARY KEY, at TEXT NOT NULL, helpful INTEGER NOT NULL, reason TEXT, comment TEXT,
    question TEXT NOT NULL, passages TEXT NOT NULL, probability REAL NOT NULL, generation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answered (passage TEXT PRIMARY KEY, times INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Given:
    """What is kept of an answer that was given, so that it can be voted on."""

    answer: str
    question: str
    passages: tuple[str, ...]
    probability: float
    generation: str


class UsageStore:
    """Votes on answers and counts of FAQs, in `usage.sqlite3` of an index folder. Safe to use from many threads and processes.

    The file is made when there is something to write.
    """

    def __init__(self, index: Path | str) -> None:
        self._path = Path(index) / USAGE
        self._writer = ThreadPoolExecutor(1, "articlebot-usage")

    def vote(self, given: Given, *, helpful: bool, reason: Reason | None = None, comment: str = "") -> None:
        """Store what a visitor says of an answer, in place of what was said of it before. Raises `UsageError` when it cannot be stored."""
        row = (given.answer, datetime.now(UTC).isoformat(timespec="seconds"), helpful, reason, comment[:LONGEST_COMMENT] or None,
               given.question, "\n".join(given.passages), given.probability, given.generation)  # fmt: skip
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def take_back(self, answer: str) -> None:
        """Forget what was said of an answer. Raises `UsageError` when that cannot be written."""
        with self._writing() as connection:
            connection.execute("DELETE FROM feedback WHERE answer = ?", (answer,))

    def count(self, passages: Sequence[str]) -> None:
        """Count that passages answered a question, soon and beside the caller: no answer waits for it or fails with it."""
        self._writer.submit(self._count, passages)

    def most_answered(self, least: int, most: int) -> list[str]:
        """The at most `most` passages that answered `least` questions or more, the most frequent first; none where nothing can be read."""
        if not self._path.exists():
            return []
        try:
            with closing(self._connected()) as connection:
                rows = connection.execute("SELECT passage FROM answered WHERE times >= ? ORDER BY times DESC, passage LIMIT ?", (least, most))
                return [passage for (passage,) in rows]
        except sqlite3.Error:
            _log.warning("%s cannot be read", self._path, exc_info=True)
            return []

    def _count(self, passages: Sequence[str]) -> None:
        try:
            with self._writing() as connection:
                connection.executemany(
                    "INSERT INTO answered VALUES (?, 1) ON CONFLICT (passage) DO UPDATE SET times = times + 1", [(passage,) for passage in passages]
                )
        except UsageError as error:
            _log.warning("%s", error)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connected()) as connection, connection:
                connection.executescript(_TABLES)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise UsageError(f"{self._path} cannot be written ({error}): make its folder writable, or switch feedback off.") from error

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=5)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            connection.close()
            raise sqlite3.DatabaseError(f"its version is {version}, this program knows {_VERSION}")
        if version == 0:
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        return connection
