"""The caches of an index: text hash → vectors, and file hash → passages, so that a build does only what is new."""

import hashlib
import json
import sqlite3
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import bot.version
from bot.corpus.article import Article, article_of
from bot.corpus.refused import Refused
from bot.encoder import EncoderInput, Matrix
from bot.errors import IndexCorrupt
from bot.passages import Kind, Passage, SplitItem

_VECTORS, _WANTED, _PARTS = "vectors.sqlite", "wanted.sqlite", "parts.sqlite"
_TEXTS_PER_WRITE = 2048  # number of texts between two commits; an interrupted build loses at most these
_KEYS_PER_QUERY = 500
_BLOCK = 16_384  # number of vectors that are read at once
_KEY_BYTES = 32  # the size of a key, which is a sha256
_COUNT_BYTES, _CHECKSUM_BYTES = 4, 4  # sizes of what stands before and behind the vectors of a text


_ADD = """
INSERT OR IGNORE INTO wanted (key, text)
SELECT ?1, CASE WHEN EXISTS (SELECT 1 FROM vectors WHERE key = ?1) THEN NULL ELSE ?2 END"""
_NEXT = "SELECT number, key, text FROM wanted WHERE number > ? AND text IS NOT NULL ORDER BY number LIMIT ?"


class UncachedTexts(NamedTuple):
    """Texts without vectors in the cache, and the keys of their vectors."""

    keys: Sequence[bytes]
    texts: Sequence[str]
    """Each an input of the encoder as JSON, see `parse_input`."""


Uncached = Iterator[UncachedTexts]
Encoded = Iterator[tuple[Sequence[bytes], Sequence[NDArray[np.floating[Any]]]]]
"""Batches of keys, with the unit rows of each key."""


class Row(NamedTuple):
    """One vector in the cache: the key of its text, and its place among the vectors of the text."""

    key: bytes
    place: int


class VectorCache:
    """The vectors of one model as float16, by the hashes of their texts; an interrupted build keeps what it encoded.

    A text has one vector, or, with a context, one for each of its parts; see `EncoderInput`.

    One build at a time uses it: it adds texts to rows, encodes the missing ones, and reads the vectors. The wanted
    texts are on disk, so that memory does not grow with the corpus. An unreadable file is replaced by an empty one.
    """

    def __init__(self, folder: Path, weights: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.weights, self._folder = weights, folder
        self._connection = open_or_replace(folder / _VECTORS, _connect)

    def want(self, inputs: Iterable[EncoderInput]) -> list[bytes]:
        """Mark texts as wanted, so that those without vectors are encoded; return the keys of their vectors."""
        texts = [json.dumps((one.text, one.context, one.sentences), ensure_ascii=False) for one in inputs]
        keys = [hashlib.sha256(f"{self.weights}\0float16\0{text}".encode()).digest() for text in texts]
        self._connection.executemany(_ADD, zip(keys, texts, strict=True))
        return keys

    def missing(self) -> int:
        """Return the number of different wanted texts without vectors."""
        return int(self._connection.execute("SELECT count(*) FROM wanted WHERE text IS NOT NULL").fetchone()[0])

    def encode_missing(self, encode: Callable[[Uncached], Encoded]) -> None:
        """Encode the texts without vectors; `encode` may yield batches in any order, and each is stored at once."""
        for keys, vectors in encode(self._missing()):
            new = ((key, pack_rows(rows.astype(np.float16))) for key, rows in zip(keys, vectors, strict=True))
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", new)
            self._connection.executemany("UPDATE wanted SET text = NULL WHERE key = ?", ((key,) for key in keys))
            self._connection.commit()

    def _missing(self) -> Uncached:
        last = 0
        while rows := self._connection.execute(_NEXT, (last, _TEXTS_PER_WRITE)).fetchall():
            last = rows[-1][0]
            yield UncachedTexts([key for _, key, _ in rows], [text for _, _, text in rows])

    def vectors(self, rows: Sequence[Row]) -> Matrix:
        """Return some vectors. Removes damaged ones, to be encoded again, and raises `IndexCorrupt`."""
        keys = list(dict.fromkeys(row.key for row in rows))
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            some = keys[start : start + _KEYS_PER_QUERY]
            query = f"SELECT key, vector FROM vectors WHERE key IN ({', '.join('?' * len(some))})"
            found.update(self._connection.execute(query, some))
        end = -_CHECKSUM_BYTES
        damaged = [key for key, packed in found.items() if _checksum(packed[:end]) != packed[end:]]
        if damaged or len(found) < len(keys):
            self._connection.executemany("DELETE FROM vectors WHERE key = ?", ((key,) for key in damaged))
            self._connection.commit()
            raise IndexCorrupt(f"A vector in {self._folder} is damaged and was removed: run articlebot build.")
        own = {key: unpack_rows(packed) for key, packed in found.items()}
        return np.stack([own[row.key][row.place] for row in rows]).astype(np.float32)

    def keep_only_wanted(self) -> None:
        """Delete the vectors of texts that are not wanted, so that the cache never outgrows the corpus."""
        self._connection.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM wanted)")
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()
        (self._folder / _WANTED).unlink(missing_ok=True)


class CachedRows:
    """A sequence of vectors in the cache; they can be read once the missing texts are encoded."""

    def __init__(self, cache: VectorCache) -> None:
        self._cache, self._keys, self._places = cache, bytearray(), array("I")

    def __len__(self) -> int:
        return len(self._places)

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._keys += row.key
            self._places.append(row.place)

    def insert(self, number: int, row: Row) -> None:
        """Add a row before the one with this number."""
        start = number * _KEY_BYTES
        self._keys[start:start] = row.key
        self._places.insert(number, row.place)

    def rows(self, numbers: Iterable[int]) -> Matrix:
        """Return the vectors with these numbers. Raises `IndexCorrupt` like `VectorCache.vectors`."""
        wanted = ((number * _KEY_BYTES, self._places[number]) for number in numbers)
        return self._cache.vectors([Row(bytes(self._keys[at : at + _KEY_BYTES]), place) for at, place in wanted])

    def blocks(self, size: int = _BLOCK) -> Iterator[Matrix]:
        """Yield all vectors, `size` at a time."""
        numbers = iter(range(len(self)))
        while block := list(islice(numbers, size)):
            yield self.rows(block)


def pack_rows(rows: NDArray[np.float16]) -> bytes:
    """Return the vectors of a text with their number before them and a checksum behind them."""
    content = len(rows).to_bytes(_COUNT_BYTES, "little") + rows.tobytes()
    return content + _checksum(content)


def unpack_rows(packed: bytes) -> NDArray[np.float16]:
    """Return the vectors that `pack_rows` packed."""
    count = int.from_bytes(packed[:_COUNT_BYTES], "little")
    return np.frombuffer(packed[_COUNT_BYTES:-_CHECKSUM_BYTES], np.float16).reshape(count, -1)


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "little")


def parse_input(text: str) -> EncoderInput:
    """Return the input of the encoder that `UncachedTexts` holds as JSON."""
    content, context, sentences = json.loads(text)
    return EncoderInput(content, context, tuple((start, end) for start, end in sentences))


def open_or_replace(path: Path, connect: Callable[[Path], sqlite3.Connection]) -> sqlite3.Connection:
    """Open a database; one that is damaged is deleted first."""
    try:
        return connect(path)
    except sqlite3.OperationalError:
        raise  # such as a full disk: the file may be intact
    except sqlite3.DatabaseError:
        path.unlink()
        return connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    wanted = path.parent / _WANTED
    wanted.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")
    connection.execute("ATTACH ? AS build", (str(wanted),))
    # This file is useless once the build has ended, however it ends.
    connection.execute("PRAGMA build.journal_mode = OFF")
    connection.execute("PRAGMA build.synchronous = OFF")
    connection.execute("CREATE TABLE build.wanted (number INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, text TEXT)")
    return connection


class PartCache:
    """What each part of a corpus was read and split into.

    `setting` is all else that the passages depend on. One build at a time uses it.
    """

    def __init__(self, folder: Path, setting: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._setting, self._used = f"{_code()}\0{setting}", set[bytes]()
        self._connection = open_or_replace(folder / _PARTS, _connect_parts)

    def items(self, digest: str | None, split: Iterator[SplitItem]) -> Iterable[SplitItem]:
        """Return what a part with this hash was split into, or else what `split` yields, which is stored.

        A part without a hash is not stored.
        """
        if digest is None:
            return split
        key = hashlib.sha256(f"{self._setting}\0{digest}".encode()).digest()
        self._used.add(key)
        for packed, checksum in self._connection.execute("SELECT items, checksum FROM parts WHERE key = ?", (key,)):
            if zlib.crc32(packed) == checksum:
                return _unpack_items(packed)
        items = list(split)
        packed = _pack_items(items)
        self._connection.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", (key, packed, zlib.crc32(packed)))
        return items

    def keep_only_used(self) -> None:
        """Store what was added, and delete the parts that this build has not used."""
        self._connection.execute("CREATE TEMP TABLE used (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self._connection.executemany("INSERT INTO used VALUES (?)", ((key,) for key in self._used))
        self._connection.execute("DELETE FROM parts WHERE key NOT IN (SELECT key FROM used)")
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


def _connect_parts(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    columns = "key BLOB PRIMARY KEY, items BLOB NOT NULL, checksum INTEGER NOT NULL"
    connection.execute("PRAGMA secure_delete = ON")  # no words of removed articles stay behind
    connection.execute(f"CREATE TABLE IF NOT EXISTS parts ({columns})")
    return connection


def _pack_items(items: Iterable[SplitItem]) -> bytes:
    """Return items as JSON, without the texts of the passages, which their articles contain."""
    fields = [
        (asdict(item), [(p.id, p.kind, p.section, p.start, p.end, p.question, p.alternates, p.sentences) for p in own])
        for item, own in items
    ]
    return json.dumps(fields, ensure_ascii=False, default=date.isoformat).encode()


def _unpack_items(packed: bytes) -> Iterator[SplitItem]:
    for fields, passages in json.loads(packed):
        if "reason" in fields:
            yield Refused(**fields), ()
        else:
            article = article_of(fields)
            yield article, tuple(_passage(article, *each) for each in passages)


def _passage(
    article: Article, ident: str, kind: Kind, section: list[str], start: int, end: int, question: str | None,
    alternates: list[str], sentences: list[list[int]],
) -> Passage:  # fmt: skip
    spans, text = tuple((first, last) for first, last in sentences), article.text[start:end]
    return Passage(ident, kind, article, tuple(section), text, start, end, question, tuple(alternates), spans)


@cache
def _code() -> str:
    """Return a hash of this package: other code may read and split a file into something else."""
    package = Path(bot.version.__file__).parent
    digest = hashlib.sha256(bot.version.__version__.encode())
    for path in sorted(path for suffix in ("py", "toml") for path in package.rglob(f"*.{suffix}")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
