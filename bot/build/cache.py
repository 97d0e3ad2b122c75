"""`cache/`: text hash → vector, so that only what changed is encoded again."""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.encoder import Matrix
from bot.errors import IndexCorrupt

_VECTORS, _WANTED = "vectors.sqlite", "wanted.sqlite"
_STRIDE = 2048
"""Texts encoded between two writes: what a build that is broken off can lose."""
_ASKED = 500
"""Vectors read by one statement."""
_KEY, _CHECK = 32, 4
"""Bytes of a sha256, and of the checksum behind each vector."""


@dataclass(frozen=True, slots=True)
class UncachedTexts:
    """Texts that have no vector yet, each with the key of the one it will have."""

    keys: Sequence[bytes]
    texts: Sequence[str]


Encoded = tuple[Sequence[bytes], NDArray[np.floating[Any]]]
"""Keys, and a unit row for each."""


class VectorCache:
    """Vectors of one model by the hash of their texts, kept with 16 bits a number; a build that is broken off leaves what it had encoded.

    One build at a time uses it: it adds texts to rows one by one, has those encoded that have no vector yet, and reads the rows. What is wanted lies on
    disk, so that the memory does not grow with the corpus. A file that cannot be read is begun anew: it holds nothing that cannot
    be made again.
    """

    def __init__(self, folder: Path, weights: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._weights = weights
        self._folder = folder
        try:
            self._connection = _connect(folder)
        except sqlite3.DatabaseError:
            (folder / _VECTORS).unlink()
            self._connection = _connect(folder)

    def rows(self) -> "CachedRows":
        """A new sequence of rows, without any."""
        return CachedRows(self)

    def want(self, texts: Sequence[str]) -> list[bytes]:
        """Have texts encoded with the next ones that are missing, unless their vectors are there; returns the keys of their vectors."""
        keys = [hashlib.sha256(f"{self._weights}\0float16\0{text}".encode()).digest() for text in texts]
        self._connection.executemany(
            "INSERT OR IGNORE INTO wanted (key, text) SELECT ?1, CASE WHEN EXISTS (SELECT 1 FROM vectors WHERE key = ?1) THEN NULL ELSE ?2 END",
            zip(keys, texts, strict=True),
        )
        return keys

    def missing(self) -> int:
        """How many different texts have no vector yet."""
        return int(self._connection.execute("SELECT count(*) FROM wanted WHERE text IS NOT NULL").fetchone()[0])

    def encode_missing(self, encode: Callable[[Iterator[UncachedTexts]], Iterable[Encoded]]) -> None:
        """Have the texts without a vector encoded; what comes back, in whatever order, is kept at once."""
        for keys, vectors in encode(self._missing()):
            new = ((key, _packed(vector)) for key, vector in zip(keys, vectors.astype(np.float16), strict=True))
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", new)
            self._connection.executemany("UPDATE wanted SET text = NULL WHERE key = ?", ((key,) for key in keys))
            self._connection.commit()

    def _missing(self) -> Iterator[UncachedTexts]:
        last = 0
        while rows := self._connection.execute(
            "SELECT number, key, text FROM wanted WHERE number > ? AND text IS NOT NULL ORDER BY number LIMIT ?",
            (last, _STRIDE),
        ).fetchall():
            last = rows[-1][0]
            yield UncachedTexts([key for _, key, _ in rows], [text for _, _, text in rows])

    def vectors(self, keys: Sequence[bytes]) -> Matrix:
        """The vectors with these keys. Raises `IndexCorrupt` when one is damaged; the next build makes it anew."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _ASKED):
            some = list(dict.fromkeys(keys[start : start + _ASKED]))
            found.update(
                self._connection.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({', '.join('?' * len(some))})", some
                )
            )
        damaged = [key for key, packed in found.items() if packed != _packed(packed[:-_CHECK])]
        if damaged or len(found) < len(set(keys)):
            self._connection.executemany("DELETE FROM vectors WHERE key = ?", ((key,) for key in damaged))
            self._connection.commit()
            raise IndexCorrupt(f"A vector in {self._folder} is damaged and was taken out: run articlebot build.")
        return np.stack([np.frombuffer(found[key][:-_CHECK], np.float16) for key in keys]).astype(np.float32)

    def keep_only_wanted(self) -> None:
        """Forget the vectors of texts that no row has: the cache never outgrows the corpus."""
        self._connection.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM wanted)")
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()
        (self._folder / _WANTED).unlink(missing_ok=True)


class CachedRows:
    """Texts in a row, whose vectors the cache has, or will have once the missing ones are encoded."""

    def __init__(self, cache: VectorCache) -> None:
        self._cache = cache
        self._keys = bytearray()

    def __len__(self) -> int:
        return len(self._keys) // _KEY

    def add(self, texts: Sequence[str]) -> None:
        self._keys += b"".join(self._cache.want(texts))

    def rows(self, numbers: Iterable[int]) -> Matrix:
        """The vectors of the texts with these numbers. Raises `IndexCorrupt` as `VectorCache.vectors` does."""
        return self._cache.vectors([bytes(self._keys[number * _KEY : (number + 1) * _KEY]) for number in numbers])

    def blocks(self, size: int) -> Iterator[Matrix]:
        """All vectors, so many at a time."""
        numbers = iter(range(len(self)))
        while block := list(islice(numbers, size)):
            yield self.rows(block)


def _packed(vector: bytes | NDArray[np.float16]) -> bytes:
    """A vector with its checksum."""
    held = bytes(vector)
    return held + zlib.crc32(held).to_bytes(_CHECK, "little")


def _connect(folder: Path) -> sqlite3.Connection:
    (folder / _WANTED).unlink(missing_ok=True)
    connection = sqlite3.connect(folder / _VECTORS)
    connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")
    connection.execute("ATTACH ? AS build", (str(folder / _WANTED),))
    # Needed by no one once the build has ended, however it ends.
    connection.execute("PRAGMA build.journal_mode = OFF")
    connection.execute("PRAGMA build.synchronous = OFF")
    connection.execute("CREATE TABLE build.wanted (number INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, text TEXT)")
    return connection
