"""The tables of the log, and their version."""

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


def unknown_version(version: int) -> str:
    """Return the reason why a log of a later version is left alone."""
    return f"its version is {version}, this program knows {VERSION}"
