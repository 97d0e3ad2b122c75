"""The tables of `usage.sqlite3`, their version, and how those of earlier versions become these."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

VERSION = 2
_TRIES, _PAUSE = 3, 0.05
"""Seconds."""
_TABLES = """
CREATE TABLE IF NOT EXISTS questions (
    answer TEXT PRIMARY KEY, at REAL NOT NULL, question TEXT NOT NULL, status TEXT NOT NULL, probability REAL NOT NULL, passages TEXT NOT NULL,
    generation TEXT NOT NULL, milliseconds REAL NOT NULL, channel TEXT NOT NULL, conversation TEXT, corrected TEXT);
CREATE INDEX IF NOT EXISTS questions_at ON questions (at);
CREATE INDEX IF NOT EXISTS questions_question ON questions (question, at);
CREATE INDEX IF NOT EXISTS questions_conversation ON questions (conversation) WHERE conversation IS NOT NULL;
CREATE TABLE IF NOT EXISTS feedback (
    answer TEXT PRIMARY KEY REFERENCES questions ON DELETE CASCADE, at REAL NOT NULL, helpful INTEGER NOT NULL, reason TEXT, comment TEXT);
CREATE TABLE IF NOT EXISTS answered (passage TEXT PRIMARY KEY, times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_FROM_1 = (
    "ALTER TABLE feedback RENAME TO feedback_1;",
    """
INSERT INTO questions SELECT answer, CAST(strftime('%s', at) AS REAL), question, 'answered', probability, passages, generation, 0, 'chat', NULL, NULL FROM feedback_1;
INSERT INTO feedback SELECT answer, CAST(strftime('%s', at) AS REAL), helpful, reason, comment FROM feedback_1;
DROP TABLE feedback_1;
""",
)
"""Before and after this version's tables are made."""


def opened(path: Path) -> sqlite3.Connection:
    """A connection to a file of this version, made where there is none. Raises `sqlite3.Error` when it is of a later one, or cannot be opened."""
    for _ in range(_TRIES):
        # Where two processes make the file at once, sqlite turns one of them away without waiting.
        with suppress(sqlite3.OperationalError):
            return _opened(path)
        time.sleep(_PAUSE)
    return _opened(path)


def _opened(path: Path) -> sqlite3.Connection:
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
        raise sqlite3.DatabaseError(f"its version is {version}, this program knows {VERSION}")
    before, after = _FROM_1 if version == 1 and _has(connection, "feedback") else ("", "")
    connection.executescript(f"BEGIN IMMEDIATE; {before} {_TABLES} {after} PRAGMA user_version = {VERSION}; COMMIT;")


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None
