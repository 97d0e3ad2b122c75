"""`Database`: what the log needs of where it lies. Statements are of the SQL that SQLite and PostgreSQL both read, with values named as `:since` is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Values = Mapping[str, Any]
Row = Sequence[Any]


class Transaction(Protocol):
    """Statements that are kept together, or not at all."""

    def read(self, statement: str, values: Values) -> Sequence[Row]:
        """All rows."""

    def stream(self, statement: str, values: Values) -> Iterator[Row]:
        """The rows one after the other, for more of them than should be held at once."""

    def write(self, statement: str, values: Sequence[Values]) -> int:
        """The statement with each of the values; returns how many rows it changed."""

    def alone(self) -> bool:
        """Whether nobody else, in another process, does at this time what one should do."""


class Database(Protocol):
    """Where the log lies; its tables are made by whoever writes first. Safe to use from many threads."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """Raises `UsageError` when it cannot be read."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """Raises `UsageError` when it cannot be written."""

    def sweep_up(self) -> None:
        """Leave nothing of what was deleted, as far as that is in this program's hands. Raises `UsageError` when it cannot be written."""
