"""`cache/`: text hash → vector, so that only what changed is encoded again."""

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from bot.encoder import Matrix


class VectorCache:
    """Vectors of one model by the hash of their texts; a build that is broken off leaves what it had encoded.

    A file that cannot be read is begun anew: it holds nothing that cannot be made again.
    """

    def __init__(self, folder: Path, weights: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._weights = weights
        path = folder / "vectors.sqlite"
        try:
            self._connection = _connect(path)
        except sqlite3.DatabaseError:
            path.unlink()
            self._connection = _connect(path)

    def known(self, texts: Sequence[str]) -> dict[str, Matrix]:
        """The vectors, of shape (dimension,), of those texts that have one."""
        found = {}
        for text in texts:
            row = self._connection.execute("SELECT vector FROM vectors WHERE key = ?", (self._key(text),)).fetchone()
            if row is not None:
                found[text] = np.frombuffer(row[0], np.float32)
        return found

    def add(self, texts: Sequence[str], vectors: Matrix) -> None:
        """Keep the vectors of texts, row by row."""
        rows = ((self._key(text), vector.tobytes()) for text, vector in zip(texts, vectors, strict=True))
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def keep_only(self, texts: Iterable[str]) -> None:
        """Forget all other vectors: the cache never outgrows the corpus."""
        with self._connection:
            self._connection.execute("CREATE TEMP TABLE used (key BLOB PRIMARY KEY)")
            self._connection.executemany("INSERT OR IGNORE INTO used VALUES (?)", ((self._key(text),) for text in texts))
            self._connection.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM used)")

    def close(self) -> None:
        self._connection.close()

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._weights}\0{text}".encode()).digest()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")
    return connection
