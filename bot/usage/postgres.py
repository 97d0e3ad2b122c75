"""`PostgresDatabase`: the log in a PostgreSQL database, which servers on several machines share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bot.errors import MissingExtra, SettingsError, UsageError
from bot.usage.database import Row, Transaction, Values
from bot.usage.schema import TABLES, VERSION, unknown_version

if TYPE_CHECKING:
    from psycopg import Connection as Wire
    from sqlalchemy import Connection

_PATIENCE = 3
"""Seconds in which a connection stands, or is told not to."""
_MANNERS: dict[str, str | int] = {
    "connect_timeout": _PATIENCE, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000,
    "application_name": "articlebot",
}  # fmt: skip
"""How libpq notices that the other machine is gone; the address may say otherwise."""
_LOCK = 0x61727469636C65
"""Advisory locks are numbers: this one stands for making the tables, the next for deleting what is old."""
# One hash an equal question: a long one in a script of three bytes a letter is more than a row of an ordinary index may have.
_TABLES = f"CREATE TABLE articlebot_log (version INTEGER NOT NULL); {TABLES} CREATE INDEX questions_question ON questions USING hash (question);"
_REMEDY = "see that the server runs and lets this user in, or take [log] database out of the settings"


class PostgresDatabase:
    """A `Database` on a server; the tables are made by whoever connects first.

    `address` is what libpq takes; what it leaves out, as a password should be, libpq finds in `PGPASSWORD`, `~/.pgpass` and the like. Connecting is left for
    later. Raises `MissingExtra` when SQLAlchemy or psycopg is not installed, `SettingsError` when this is no address.
    """

    def __init__(self, address: str) -> None:
        try:
            import psycopg
            from sqlalchemy import create_engine
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "sqlalchemy", "postgresql") from None
        try:
            self._given: dict[str, Any] = {**_MANNERS, **psycopg.conninfo.conninfo_to_dict(address)}
        except psycopg.ProgrammingError:
            # What libpq says of it may hold the password.
            raise SettingsError("[log] database cannot be read: it must be like postgresql://user@host/name.") from None
        host = ":".join(str(self._given[part]) for part in ("host", "port") if part in self._given)
        self._name = f"postgresql://{host}/{self._given.get('dbname', '')}"
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connected,
            pool_pre_ping=True,
            pool_size=2,
            max_overflow=4,
            pool_timeout=_PATIENCE,
        )

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Raises `UsageError` when it cannot be read."""
        with self._told("read"), self._engine.connect() as connection:
            yield _Transaction(connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Raises `UsageError` when it cannot be written."""
        with self._told("written"), self._engine.begin() as connection:
            yield _Transaction(connection)

    def sweep_up(self) -> None:
        """Deleted rows are overwritten by the server's own vacuum."""

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            raise UsageError(f"{self._name} cannot be {done} ({_reason(error)}): {_REMEDY}.") from error

    def _connected(self) -> "Wire[Any]":
        import psycopg

        connection = psycopg.connect(**self._given)
        try:
            with connection.transaction():
                self._bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: "Wire[Any]") -> None:
        """Make the tables, unless they are there."""
        if _version(connection) is None:
            # Of several processes the others wait here, and find them made.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        version = _version(connection)
        if version is None and _has(connection, "questions"):
            raise UsageError(
                f"{self._name} cannot be used (its table questions is another program's): give the log a database of its own."
            )
        if version is None:
            connection.execute(_TABLES)
            connection.execute("INSERT INTO articlebot_log VALUES (%s)", (VERSION,))
        elif version > VERSION:
            raise UsageError(f"{self._name} cannot be used ({unknown_version(version)}): install a newer articlebot.")


class _Transaction:
    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def read(self, statement: str, values: Values) -> Sequence[Row]:
        from sqlalchemy import text

        return self._connection.execute(text(statement), values).all()

    def stream(self, statement: str, values: Values) -> Iterator[Row]:
        from sqlalchemy import text

        return iter(self._connection.execute(text(statement), values, execution_options={"yield_per": 1000}))

    def write(self, statement: str, values: Sequence[Values]) -> int:
        from sqlalchemy import text

        # Without values it would be run once.
        return self._connection.execute(text(statement), values).rowcount if values else 0

    def alone(self) -> bool:
        """Until the transaction ends."""
        return bool(self.read("SELECT pg_try_advisory_xact_lock(:lock)", {"lock": _LOCK + 1})[0][0])


def _version(connection: "Wire[Any]") -> int | None:
    """None where there are no tables yet."""
    row = (
        connection.execute("SELECT version FROM articlebot_log").fetchone()
        if _has(connection, "articlebot_log")
        else None
    )
    return row[0] if row else None


def _has(connection: "Wire[Any]", table: str) -> bool:
    # In the catalogue itself: to_regclass remembers, until the transaction ends, that a table was not there.
    found = connection.execute(
        "SELECT 1 FROM pg_tables WHERE tablename = %s AND schemaname = ANY(current_schemas(false))", (table,)
    )
    return found.fetchone() is not None


def _reason(error: Exception) -> str:
    """What the server or libpq says, on one line: neither the statement nor its values, which are visitors' words."""
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or ["no reason given"])[0]
