"""Passages, articles and files as records, and back: JSON or base64, in parts."""

import base64
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from bot.backends.milvus import layout
from bot.backends.milvus.client import Entity, field_of
from bot.backends.milvus.filters import filter_fields, filter_values
from bot.corpus.article import Article, article_of
from bot.encoder import Matrix
from bot.encoder.tokens import TokenVectors, pack_tokens, parse_tokens, to_int8
from bot.errors import raise_as_corrupt
from bot.passages import Passage

_WHERE = "A record of the index on Milvus"
NO_VECTOR = "none"
"""The vector field of records: Milvus before 2.5 has no collection without one."""
_ZERO = [0.0, 0.0]
_ASCII_SIZE, _UNICODE_SIZE = 60_000, 15_000
"""Characters of one part of a longer body: of ASCII, and of text that may take four bytes a character."""


@dataclass(frozen=True, slots=True)
class Places:
    """A record's place in the order of its kind, and among the FAQs, or the articles of its category."""

    place: int
    nth: int


def record_fields() -> list[Entity]:
    """Return the fields of the collection of records."""
    numbers = (field_of(name, "INT64") for name in ("number", "owner", "part", "place", "nth", "version", "written"))
    key, kind = field_of("key", "VARCHAR", max_length=200, is_primary=True), field_of("kind", "VARCHAR", max_length=20)
    texts = (field_of(name, "VARCHAR", max_length=layout.MAX_TEXT) for name in ("category", "body"))
    return [key, kind, *numbers, *texts, field_of(NO_VECTOR, "FLOAT_VECTOR", dim=len(_ZERO))]


def row_fields(dimension: int) -> list[Entity]:
    """Return the fields of the collection of vectors."""
    row, vector = field_of("row", "INT64", is_primary=True), field_of("vector", "FLOAT_VECTOR", dim=dimension)
    return [row, *(field_of(name, "INT64") for name in ("passage", "place", "version")), *filter_fields(), vector]


def content_hash(article: Article) -> int:
    """Return a hash of everything in an article."""
    return layout.numeric_id(json.dumps(asdict(article), sort_keys=True, default=date.isoformat))


def passage_records(
    passage: Passage, version: int, places: Places, sentences: Matrix, tokens: TokenVectors
) -> Iterator[Entity]:
    """Yield the records of a passage, and of the vectors of its sentences and tokens, which take 8 bits a number."""
    number, owner = layout.numeric_id(passage.id), layout.numeric_id(passage.article.id)
    names = ("id", "section", "start", "end", "question", "alternates", "sentences")
    body = json.dumps({"article": passage.article.id, **{name: getattr(passage, name) for name in names}})
    kind = layout.FAQ if passage.kind == "faq" else layout.PASSAGE
    yield from _records(kind, f"p{number}", number, body, owner=owner, places=places, version=version)
    packed = " ".join(base64.b64encode(each).decode() for each in (to_int8(sentences).tobytes(), pack_tokens(tokens)))
    yield from _records(layout.SENTENCES, f"s{number}", number, packed, owner=owner, version=version)


def row_entities(passage: Passage, version: int, vectors: Matrix) -> Iterator[Entity]:
    """Yield the rows of a passage's vectors, in the order of `roles_of`."""
    shared = {"passage": layout.numeric_id(passage.id), "version": version, **filter_values(passage.article)}
    for place, vector in enumerate(vectors):
        yield {"row": layout.numeric_id(f"{passage.id}\0{place}"), "place": place, **shared, "vector": vector}


def article_records(article: Article, version: int, places: Places, written: int = 0) -> Iterator[Entity]:
    """Yield the records of an article, `written` in nanoseconds of Unix time.

    An earlier version of it stays until it is removed, so that passages of either can be read.
    """
    number, body = layout.numeric_id(article.id), json.dumps(asdict(article), default=date.isoformat)
    category = layout.category_key(article)
    key = f"a{number}-{version}"
    for record in _records(layout.ARTICLE, key, number, body, places=places, version=version, category=category):
        yield {**record, "written": written}


def file_records(name: str, content: bytes) -> Iterator[Entity]:
    packed = base64.b64encode(zlib.compress(content, 1)).decode()
    yield from _records(layout.FILE, f"f{layout.numeric_id(name)}", layout.numeric_id(name), packed)


def facts_record(facts: dict[str, Any]) -> Iterator[Entity]:
    yield from _records(layout.FACTS, "facts", 0, json.dumps(facts))


def change_record(when: int, article: str, *, there: bool) -> Iterator[Entity]:
    """Yield the record that an article was written, or removed, at `when` in nanoseconds of Unix time."""
    body = json.dumps({"article": article, "there": there})
    yield from _records(layout.CHANGE, f"c{when}-{layout.numeric_id(article)}", when, body)


def newest(found: Iterable[Entity]) -> list[Entity]:
    """Return the records of the newest version of each article."""
    records = list(found)
    last: dict[int, tuple[int, int]] = {}
    for each in records:
        last[each["number"]] = max(last.get(each["number"], (0, 0)), (each["written"], each["version"]))
    return [each for each in records if (each["written"], each["version"]) == last[each["number"]]]


def join_parts(found: Iterable[Entity], by: str = "number") -> dict[int, str]:
    """Return the whole body of each record, by number or by version."""
    parts: dict[int, dict[int, str]] = defaultdict(dict)
    for each in found:
        parts[each[by]][each["part"]] = each["body"]
    return {number: "".join(own[part] for part in sorted(own)) for number, own in parts.items()}


def parse_file(body: str) -> bytes:
    """Return the content of a file's record. Raises `IndexCorrupt` if it is damaged."""
    try:
        return zlib.decompress(base64.b64decode(body, validate=True))
    except (ValueError, zlib.error) as error:
        raise layout.corrupt(f"A file of the index on Milvus is damaged ({error})") from error


def parse_sentence_vectors(body: str, dimension: int) -> tuple[Matrix, TokenVectors]:
    """Return the vectors of a passage's sentences, which are not unit vectors, and of its tokens."""
    with raise_as_corrupt(_WHERE):
        rows, tokens = map(base64.b64decode, body.split(" "))
        return np.frombuffer(rows, np.int8).reshape(-1, dimension).astype(np.float32), parse_tokens(tokens)


def parse_article(body: str) -> Article:
    """Return the article of a record. Raises `IndexCorrupt` if it is none."""
    with raise_as_corrupt(_WHERE):
        return article_of(json.loads(body))


def parse_passage(body: str, article: Article, kind: str) -> Passage:
    """Return the passage of a record. Raises `IndexCorrupt` if it is none."""
    with raise_as_corrupt(_WHERE):
        fields = json.loads(body)
        span = {name: int(fields[name]) for name in ("start", "end")}
        lists = {name: tuple(fields[name]) for name in ("section", "alternates")}
        sentences = tuple((int(start), int(end)) for start, end in fields["sentences"])
        text = article.text[span["start"] : span["end"]]
        fields |= {"article": article, "kind": "faq" if kind == layout.FAQ else "section", "text": text}
        return Passage(**{**fields, **span, **lists, "sentences": sentences})


def _records(
    kind: str, key: str, number: int, body: str, *, owner: int = 0, places: Places = Places(0, 0), version: int = 0,
    category: str = "",
) -> Iterator[Entity]:  # fmt: skip
    size = _ASCII_SIZE if body.isascii() else _UNICODE_SIZE
    for part, start in enumerate(range(0, max(1, len(body)), size)):  # an empty body has one part
        yield {
            "key": f"{key}:{part}", "kind": kind, "number": number, "owner": owner, "part": part,
            "place": places.place, "nth": places.nth, "version": version, "written": 0, "category": category,
            "body": body[start : start + size], NO_VECTOR: _ZERO,
        }  # fmt: skip
