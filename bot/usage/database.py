"""`Database`: what the question log needs from SQLite or PostgreSQL.

Statements use the SQL that both understand, with named parameters such as `:since`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Values = Mapping[str, Any]
Row = Sequence[Any]


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

    def reading(self) -> AbstractContextManager[Transaction]:
        """Open a transaction. Raises `UsageError` if the log cannot be read."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """Open a transaction. Raises `UsageError` if the log cannot be written."""

    def purge(self) -> None:
        """Remove what is left of deleted rows on disk. Raises `UsageError` if the log cannot be written."""
