"""`SqliteDatabase`: the log in a file beside the generations, and the upgrade of files of earlier versions."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bot.errors import LogUnavailable
from bot.usage.database import TABLES, VERSION, Action, Row, Transaction, Values, unknown_version

_ATTEMPTS, _RETRY_DELAY = 3, 0.05  # how often opening a file is tried, and the seconds between
_EMPTY = Path(":memory:")
_TABLES = f"{TABLES} CREATE INDEX IF NOT EXISTS questions_question ON questions (question, at);"
_UPGRADE_FROM_1 = (
    "ALTER TABLE feedback RENAME TO feedback_1;",
    """
INSERT INTO questions SELECT
    answer, CAST(strftime('%s', at) AS REAL), question, 'answered', probability, passages, generation, 0, 'chat',
    NULL, NULL FROM feedback_1;
INSERT INTO feedback SELECT answer, CAST(strftime('%s', at) AS REAL), helpful, reason, comment FROM feedback_1;
DROP TABLE feedback_1;
""",
)
"""Statements that run before and after this version's tables are made."""


class SqliteDatabase:
    """A `Database` in one file, which several processes of one machine may share. The first write makes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def transaction(self, action: Action) -> Iterator[Transaction]:
        """Open a transaction; one that reads is empty if there is no file. Raises `LogUnavailable`."""
        path = self._path if action == "written" or self._path.exists() else _EMPTY
        try:
            with closing(_connect(path)) as connection, connection:
                yield _Transaction(connection)
        except (sqlite3.Error, OSError) as error:
            remedy = ": make its folder writable, or switch the log and feedback off" if action == "written" else ""
            raise LogUnavailable(f"{self._path} cannot be {action} ({error}){remedy}.") from error

    def purge(self) -> None:
        """Empty the journal; in the file itself deleted rows are overwritten. Raises as `transaction` does."""
        with self.transaction("written") as transaction:
            transaction.read("PRAGMA wal_checkpoint(TRUNCATE)", {})


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, statement: str, values: Values) -> Sequence[Row]:
        return self._connection.execute(statement, values).fetchall()

    def stream(self, statement: str, values: Values) -> Iterator[Row]:
        return self._connection.execute(statement, values)

    def write(self, statement: str, values: Sequence[Values]) -> int:
        return self._connection.executemany(statement, values).rowcount

    def try_lock(self) -> bool:
        """Always true: SQLite lets one process write at a time."""
        return True


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file, making or upgrading it. Raises `sqlite3.Error` if that fails or it is of a later version."""
    for _ in range(_ATTEMPTS):
        # When two processes make the file at once, SQLite turns one of them away without waiting.
        with suppress(sqlite3.OperationalError):
            return _connect_once(path)
        time.sleep(_RETRY_DELAY)
    return _connect_once(path)


def _connect_once(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5)
    try:
        # Readers and the writer do not block each other; deleted rows are overwritten.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        _upgrade(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _upgrade(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version > VERSION:
        raise sqlite3.DatabaseError(unknown_version(version))
    feedback = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feedback'").fetchone()
    before, after = _UPGRADE_FROM_1 if version == 1 and feedback else ("", "")
    connection.executescript(f"BEGIN IMMEDIATE; {before} {_TABLES} {after} PRAGMA user_version = {VERSION}; COMMIT;")
