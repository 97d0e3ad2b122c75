"""`PostgresDatabase`: the log in a PostgreSQL database that several servers share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bot.errors import LogUnavailable, SettingsError, requires
from bot.usage.database import TABLES, VERSION, Action, Row, Transaction, Values, unknown_version

if TYPE_CHECKING:
    from psycopg import Connection as DriverConnection
    from sqlalchemy import Connection

_CONNECT_TIMEOUT = 3  # seconds to wait for a connection
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_CONNECTION_OPTIONS = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": "articlebot", **_KEEPALIVE}
"""libpq's defaults here, so that it notices when the other machine is gone; the address may override them."""
_LOCK = 0x61727469636C65
"""Key of the advisory lock for making the tables; the next number is the one for deleting old questions."""
# A hash index: a long question in a script of three bytes a letter does not fit into a row of a B-tree.
_TABLES = f"""
CREATE TABLE articlebot_log (version INTEGER NOT NULL);
{TABLES}
CREATE INDEX questions_question ON questions USING hash (question);"""
_REMEDY = "see that the server runs and lets this user in, or take [log] database out of the settings"


class PostgresDatabase:
    """A `Database` on a server; the first connection makes its tables, and none is made before it is needed.

    `address` is a libpq connection string. libpq finds what it leaves out, as the password should be, in `PGPASSWORD`,
    `~/.pgpass` and the like. Raises `MissingExtra` if SQLAlchemy or psycopg is not installed and `SettingsError` if the
    address cannot be read.
    """

    def __init__(self, address: str) -> None:
        with requires(None, "postgresql"):
            import psycopg
            from sqlalchemy import create_engine
        try:
            parts = psycopg.conninfo.conninfo_to_dict(address)
        except psycopg.ProgrammingError:
            # libpq's own message may contain the password.
            raise SettingsError("[log] database cannot be read: it must be like postgresql://user@host/name.") from None
        self._options: dict[str, Any] = {**_CONNECTION_OPTIONS, **parts}
        host = ":".join(str(self._options[part]) for part in ("host", "port") if part in self._options)
        self._name = f"postgresql://{host}/{self._options.get('dbname', '')}"
        pool: dict[str, Any] = {"pool_size": 2, "max_overflow": 4, "pool_timeout": _CONNECT_TIMEOUT}
        self._engine = create_engine("postgresql+psycopg://", creator=self._connect, pool_pre_ping=True, **pool)

    @contextmanager
    def transaction(self, action: Action) -> Iterator[Transaction]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.begin() as connection:
                yield _Transaction(connection)
        except SQLAlchemyError as error:
            # The server's or libpq's message, without the statement and its values: visitors' words.
            lines = str(getattr(error, "orig", None) or error).strip().splitlines() or ["no reason given"]
            raise LogUnavailable(f"{self._name} cannot be {action} ({lines[0]}): {_REMEDY}.") from error

    def purge(self) -> None:
        """Do nothing: the server's own vacuum overwrites deleted rows."""

    def _connect(self) -> "DriverConnection[Any]":
        import psycopg

        connection = psycopg.connect(**self._options)
        try:
            with connection.transaction():
                self._make_tables(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_tables(self, connection: "DriverConnection[Any]") -> None:
        """Make the tables if they do not exist. Raises `LogUnavailable` if they cannot be used."""
        if _version(connection) is None:
            # Of several processes one makes the tables; the others wait here and find them.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        version = _version(connection)
        if version is None and _has_table(connection, "questions"):
            reason = "its table questions is another program's"
            raise LogUnavailable(f"{self._name} cannot be used ({reason}): give the log a database of its own.")
        if version is None:
            connection.execute(_TABLES)
            connection.execute("INSERT INTO articlebot_log VALUES (%s)", (VERSION,))
        elif version > VERSION:
            reason = unknown_version(version)
            raise LogUnavailable(f"{self._name} cannot be used ({reason}): install a newer articlebot.")


class _Transaction:
    def __init__(self, connection: "Connection") -> None:
        from sqlalchemy import text

        self._connection, self._text = connection, text

    def read(self, statement: str, values: Values) -> Sequence[Row]:
        return self._connection.execute(self._text(statement), values).all()

    def stream(self, statement: str, values: Values) -> Iterator[Row]:
        return iter(self._connection.execute(self._text(statement), values, execution_options={"yield_per": 1000}))

    def write(self, statement: str, values: Sequence[Values]) -> int:
        # SQLAlchemy would run a statement without values once.
        return self._connection.execute(self._text(statement), values).rowcount if values else 0

    def try_lock(self) -> bool:
        """Take an advisory lock until the transaction ends."""
        return bool(self.read("SELECT pg_try_advisory_xact_lock(:lock)", {"lock": _LOCK + 1})[0][0])


def _version(connection: "DriverConnection[Any]") -> int | None:
    """Return the version of the tables, None if there are none."""
    if not _has_table(connection, "articlebot_log"):
        return None
    row = connection.execute("SELECT version FROM articlebot_log").fetchone()
    return row[0] if row else None


def _has_table(connection: "DriverConnection[Any]", table: str) -> bool:
    # Not by to_regclass, which remembers until the transaction ends that a table was not there.
    statement = "SELECT 1 FROM pg_tables WHERE tablename = %s AND schemaname = ANY(current_schemas(false))"
    return connection.execute(statement, (table,)).fetchone() is not None
