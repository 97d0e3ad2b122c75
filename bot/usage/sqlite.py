"""`SqliteFile`: the log in a file beside the index, and how files of earlier versions become these."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bot.errors import UsageError
from bot.usage.database import Row, Transaction, Values
from bot.usage.schema import TABLES, VERSION, unknown_version

_TRIES, _PAUSE = 3, 0.05
"""Seconds."""
_NOWHERE = Path(":memory:")
_TABLES = f"{TABLES} CREATE INDEX IF NOT EXISTS questions_question ON questions (question, at);"
_FROM_1 = (
    "ALTER TABLE feedback RENAME TO feedback_1;",
    """
INSERT INTO questions SELECT answer, CAST(strftime('%s', at) AS REAL), question, 'answered', probability, passages, generation, 0, 'chat', NULL, NULL FROM feedback_1;
INSERT INTO feedback SELECT answer, CAST(strftime('%s', at) AS REAL), helpful, reason, comment FROM feedback_1;
DROP TABLE feedback_1;
""",
)
"""Before and after this version's tables are made."""


class SqliteFile:
    """A `Database` in one file, which many processes of one machine may use; it is made when there is something to write."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Nothing is in it where there is no file. Raises `UsageError` when it cannot be read."""
        try:
            with closing(_opened(self._path if self._path.exists() else _NOWHERE)) as connection:
                yield _Transaction(connection)
        except sqlite3.Error as error:
            raise UsageError(f"{self._path} cannot be read ({error}).") from error

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Raises `UsageError` when it cannot be written."""
        with self._told_when_unwritable(), closing(_opened(self._path)) as connection, connection:
            yield _Transaction(connection)

    def sweep_up(self) -> None:
        """Leave nothing of what was deleted in the journal; in the file it was overwritten. Raises `UsageError` when it cannot be written."""
        with self._told_when_unwritable(), closing(_opened(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _told_when_unwritable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            sentence = f"{self._path} cannot be written ({error}): make its folder writable, or switch the log and feedback off."
            raise UsageError(sentence) from error


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, statement: str, values: Values) -> Sequence[Row]:
        return self._connection.execute(statement, values).fetchall()

    def stream(self, statement: str, values: Values) -> Iterator[Row]:
        return self._connection.execute(statement, values)

    def write(self, statement: str, values: Sequence[Values]) -> int:
        return self._connection.executemany(statement, values).rowcount

    def alone(self) -> bool:
        """One process writes at a time, and others find it done."""
        return True


def _opened(path: Path) -> sqlite3.Connection:
    """A connection to a file of this version, made where there is none. Raises `sqlite3.Error` when it is of a later one, or cannot be opened."""
    for _ in range(_TRIES):
        # Where two processes make the file at once, sqlite turns one of them away without waiting.
        with suppress(sqlite3.OperationalError):
            return _connected(path)
        time.sleep(_PAUSE)
    return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5)
    try:
        # Readers and the writer do not wait for each other; what is deleted is overwritten.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        _bring_up_to_date(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version > VERSION:
        raise sqlite3.DatabaseError(unknown_version(version))
    before, after = _FROM_1 if version == 1 and _has(connection, "feedback") else ("", "")
    connection.executescript(f"BEGIN IMMEDIATE; {before} {_TABLES} {after} PRAGMA user_version = {VERSION}; COMMIT;")


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None
