"""The vector cache of an index: text hash → vectors, so that a build encodes only what is new."""

import hashlib
import json
import sqlite3
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.encoder import EncoderInput, Matrix, QuestionEncoder
from bot.encoder.encoder_input import BOTH, TextVectors
from bot.encoder.tokens import TokenVectors, pack_tokens, parse_tokens
from bot.errors import IndexCorrupt
from bot.version import __version__

_VECTORS, _WANTED, _QUESTIONS = "vectors.sqlite", "wanted.sqlite", "questions"
_TEXTS_PER_WRITE = 2048  # number of texts between two commits; an interrupted build loses at most these
_KEYS_PER_QUERY = 500
_BLOCK = 16_384  # number of vectors that are read at once
_KEY_BYTES = 32  # the size of a key, which is a sha256
_TABLES: tuple[Literal["vectors", "tokens"], ...] = ("vectors", "tokens")
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
Encoded = Iterator[tuple[Sequence[bytes], Sequence[TextVectors]]]
"""Batches of keys, with the vectors of each key."""


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
        keys = [hashlib.sha256(f"{self.weights}\0tokens\0{text}".encode()).digest() for text in texts]
        self._connection.executemany(_ADD, zip(keys, texts, strict=True))
        return keys

    def missing(self) -> int:
        """Return the number of different wanted texts without vectors."""
        return int(self._connection.execute("SELECT count(*) FROM wanted WHERE text IS NOT NULL").fetchone()[0])

    def encode_missing(self, encode: Callable[[Uncached], Encoded]) -> None:
        """Encode the texts without vectors; `encode` may yield batches in any order, and each is stored at once."""
        for keys, vectors in encode(self._missing()):
            rows = ((key, pack_rows(own.rows)) for key, own in zip(keys, vectors, strict=True))
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            tokens = ((key, _sealed(pack_tokens(own.tokens))) for key, own in zip(keys, vectors, strict=True))
            self._connection.executemany("INSERT OR REPLACE INTO tokens VALUES (?, ?)", tokens)
            self._connection.executemany("UPDATE wanted SET text = NULL WHERE key = ?", ((key,) for key in keys))
            self._connection.commit()

    def _missing(self) -> Uncached:
        last = 0
        while rows := self._connection.execute(_NEXT, (last, _TEXTS_PER_WRITE)).fetchall():
            last = rows[-1][0]
            yield UncachedTexts([key for _, key, _ in rows], [text for _, _, text in rows])

    def vectors(self, rows: Sequence[Row]) -> Matrix:
        """Return some vectors. Removes damaged ones, to be encoded again, and raises `IndexCorrupt`."""
        own = {key: unpack_rows(packed) for key, packed in self._read("vectors", (row.key for row in rows)).items()}
        return np.stack([own[row.key][row.place] for row in rows]).astype(np.float32)

    def tokens(self, keys: Sequence[bytes]) -> list[TokenVectors]:
        """Return the tokens of some texts. Raises `IndexCorrupt` like `vectors`."""
        found = self._read("tokens", keys)
        return [parse_tokens(found[key][:-_CHECKSUM_BYTES]) for key in keys]

    def _read(self, table: Literal["vectors", "tokens"], wanted: Iterable[bytes]) -> dict[bytes, bytes]:
        keys, found = list(dict.fromkeys(wanted)), dict[bytes, bytes]()
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            some = keys[start : start + _KEYS_PER_QUERY]
            query = f"SELECT key, vector FROM {table} WHERE key IN ({', '.join('?' * len(some))})"
            found.update(self._connection.execute(query, some))
        end = -_CHECKSUM_BYTES
        damaged = [key for key, packed in found.items() if _checksum(packed[:end]) != packed[end:]]
        if damaged or len(found) < len(keys):
            self._connection.executemany("DELETE FROM vectors WHERE key = ?", ((key,) for key in damaged))
            self._connection.commit()
            raise IndexCorrupt(f"A vector in {self._folder} is damaged and was removed: run articlebot build.")
        return found

    def keep_only_wanted(self) -> None:
        """Delete the vectors of texts that are not wanted, so that the cache never outgrows the corpus."""
        for table in _TABLES:
            self._connection.execute(f"DELETE FROM {table} WHERE key NOT IN (SELECT key FROM wanted)")
        self._connection.commit()

    def of_questions(self, encoder: QuestionEncoder, kind: str, questions: Iterable[str]) -> Matrix:
        """Return the vectors that a question encoder of this kind gives, rounded to float16.

        They have a cache of their own, so that a build encodes only the questions that the last one did not ask.
        """

        def encode(missing: Uncached) -> Encoded:
            for some in missing:
                asked = [parse_input(text).text for text in some.texts]
                rows = encoder.encode_questions(asked)[:, None]
                yield some.keys, [TextVectors(own, TokenVectors.none()) for own in rows]

        with closing(VectorCache(self._folder / _QUESTIONS / kind, f"{self.weights}\0{__version__}")) as cache:
            keys = cache.want(map(EncoderInput, questions))
            cache.encode_missing(encode)
            cache.keep_only_wanted()
            return cache.vectors([Row(key, 0) for key in keys])

    def close(self) -> None:
        self._connection.close()
        (self._folder / _WANTED).unlink(missing_ok=True)


class CachedRows:
    """A sequence of vectors in the cache; they can be read once the missing texts are encoded."""

    def __init__(self, cache: VectorCache) -> None:
        self.cache, self._keys, self._places = cache, bytearray(), array("I")

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
        return self.cache.vectors([Row(bytes(self._keys[at : at + _KEY_BYTES]), place) for at, place in wanted])

    def blocks(self, size: int = _BLOCK) -> Iterator[Matrix]:
        """Yield all vectors, `size` at a time."""
        numbers = iter(range(len(self)))
        while block := list(islice(numbers, size)):
            yield self.rows(block)

    def tokens(self, size: int = _TEXTS_PER_WRITE) -> Iterator[list[TokenVectors]]:
        """Yield the tokens of each text that has a row for it with its context, `size` texts at a time."""
        starts = (number * _KEY_BYTES for number, place in enumerate(self._places) if place == BOTH)
        while some := list(islice(starts, size)):
            yield self.cache.tokens([bytes(self._keys[start : start + _KEY_BYTES]) for start in some])


def pack_rows(rows: Matrix) -> bytes:
    """Return the vectors of a text as float16, with their number before them and a checksum behind them."""
    return _sealed(len(rows).to_bytes(_COUNT_BYTES, "little") + rows.astype(np.float16).tobytes())


def unpack_rows(packed: bytes) -> NDArray[np.float16]:
    """Return the vectors that `pack_rows` packed."""
    count = int.from_bytes(packed[:_COUNT_BYTES], "little")
    return np.frombuffer(packed[_COUNT_BYTES:-_CHECKSUM_BYTES], np.float16).reshape(count, -1)


def _sealed(content: bytes) -> bytes:
    """Return content with its checksum behind it."""
    return content + _checksum(content)


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
    for table in _TABLES:
        columns = "key BLOB PRIMARY KEY, vector BLOB NOT NULL"
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) WITHOUT ROWID")
    connection.execute("ATTACH ? AS build", (str(wanted),))
    # This file is useless once the build has ended, however it ends.
    connection.execute("PRAGMA build.journal_mode = OFF")
    connection.execute("PRAGMA build.synchronous = OFF")
    connection.execute("CREATE TABLE build.wanted (number INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, text TEXT)")
    return connection
