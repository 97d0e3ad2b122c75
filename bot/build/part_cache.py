"""The part cache of an index: file hash → passages, so that a build reads and splits only what is new."""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from functools import cache
from pathlib import Path

import bot.version
from bot.build.cache import open_or_replace
from bot.corpus.article import Article, article_of
from bot.corpus.refused import Refused
from bot.passages import Kind, Passage, SplitItem

_PARTS = "parts.sqlite"


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
