"""`Database`: what the question log needs from SQLite or PostgreSQL, and its tables.

Statements use the SQL that both understand, with named parameters such as `:since`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

VERSION = 2
TABLES = """
CREATE TABLE IF NOT EXISTS questions (
    answer TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, question TEXT NOT NULL, status TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL, passages TEXT NOT NULL, generation TEXT NOT NULL,
    milliseconds DOUBLE PRECISION NOT NULL, channel TEXT NOT NULL, conversation TEXT, corrected TEXT);
CREATE INDEX IF NOT EXISTS questions_at ON questions (at);
CREATE INDEX IF NOT EXISTS questions_conversation ON questions (conversation) WHERE conversation IS NOT NULL;
CREATE TABLE IF NOT EXISTS feedback (
    answer TEXT PRIMARY KEY REFERENCES questions ON DELETE CASCADE, at DOUBLE PRECISION NOT NULL,
    helpful INTEGER NOT NULL, reason TEXT, comment TEXT);
CREATE TABLE IF NOT EXISTS answered (passage TEXT PRIMARY KEY, times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
"""
"""PostgreSQL's column types, which SQLite accepts; each database adds its own index for equal questions."""

Values = Mapping[str, Any]
Row = Sequence[Any]
Action = Literal["read", "written"]
"""What a transaction is for: nothing is written by one that reads."""


class Transaction(Protocol):
    """Statements that take effect together or not at all."""

    def read(self, statement: str, values: Values) -> Sequence[Row]:
        """Return all rows."""

    def stream(self, statement: str, values: Values) -> Iterator[Row]:
        """Yield the rows without holding them all in memory."""

    def write(self, statement: str, values: Sequence[Values]) -> int:
        """Run the statement with each of the values and return the number of rows changed."""

    def try_lock(self) -> bool:
        """Take the lock for deleting old questions until the transaction ends; whether it was free."""


class Database(Protocol):
    """Where the log is stored. The first write makes its tables. Safe to share among threads."""

    def transaction(self, action: Action) -> AbstractContextManager[Transaction]:
        """Open a transaction. Raises `UsageError` if the log cannot be read or written."""

    def purge(self) -> None:
        """Remove what is left of deleted rows on disk. Raises `UsageError` if the log cannot be written."""


def unknown_version(version: int) -> str:
    """Return the reason why a log of a later version is left alone."""
    return f"its version is {version}, this program knows {VERSION}"
