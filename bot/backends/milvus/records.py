"""Passages, articles and files as records: JSON and base64 in parts, and back."""

import base64
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.backends.milvus.client import Entity, field_of, key_field
from bot.backends.milvus.filters import filter_fields, filter_values
from bot.backends.milvus.layout import (
    ARTICLE,
    CHANGE,
    FACTS,
    FAQ,
    FILE,
    LONGEST,
    PASSAGE,
    SENTENCES,
    category_key,
    number_of,
    parts_of,
    row_number,
)
from bot.corpus.article import Article, Faq
from bot.errors import IndexCorrupt, raise_as_corrupt
from bot.index.sentences import in_eight_bits
from bot.passages import Passage

_WHERE = "A record of the index on Milvus"
_NO_VECTOR = [0.0, 0.0]
"""A collection without vectors is none to Milvus before 2.5."""
WITHOUT_VECTOR: Entity = {"name": "none", "dimension": 2}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a record comes: among all of its kind, and among the FAQs, or the articles of its category."""

    place: int
    nth: int


def record_fields() -> list[Entity]:
    """The fields of the collection of records."""
    return [
        key_field("key", "VARCHAR", max_length=200), field_of("kind", "VARCHAR", max_length=20), field_of("number", "INT64"),
        field_of("owner", "INT64"), field_of("part", "INT64"), field_of("place", "INT64"), field_of("nth", "INT64"), field_of("version", "INT64"),
        field_of("written", "INT64"), field_of("category", "VARCHAR", max_length=LONGEST), field_of("body", "VARCHAR", max_length=LONGEST),
    ]  # fmt: skip


def row_fields() -> list[Entity]:
    """The fields of the collection of vectors, but for these."""
    return [
        key_field("row", "INT64"), field_of("passage", "INT64"), field_of("place", "INT64"), field_of("version", "INT64"),
        *filter_fields(),
    ]  # fmt: skip


def version_of(article: Article) -> int:
    """A number that an article keeps as long as nothing of it has changed."""
    return number_of(json.dumps(_article_fields(article), sort_keys=True))


def passage_records(passage: Passage, version: int, places: Places, sentences: NDArray[np.float32]) -> Iterator[Entity]:
    """What is written of a passage: itself, and the vectors of its sentences in 8 bits a number."""
    number, owner = number_of(passage.id), number_of(passage.article.id)
    body = {
        "id": passage.id, "article": passage.article.id, "section": passage.section, "start": passage.start, "end": passage.end,
        "question": passage.question, "alternates": passage.alternates, "sentences": passage.sentences,
    }  # fmt: skip
    kind = FAQ if passage.kind == "faq" else PASSAGE
    yield from _records(kind, f"p{number}", number, json.dumps(body), owner=owner, places=places, version=version)
    if len(sentences):
        yield from _records(
            SENTENCES,
            f"s{number}",
            number,
            base64.b64encode(in_eight_bits(sentences).tobytes()).decode(),
            owner=owner,
            version=version,
        )


def row_entities(
    passage: Passage, version: int, vectors: Iterable[Sequence[float] | NDArray[np.float32]]
) -> Iterator[Entity]:
    """The vectors of a passage, in the order of `texts_to_encode`, with what filters ask for."""
    shared = {"passage": number_of(passage.id), "version": version, **filter_values(passage.article)}
    for place, vector in enumerate(vectors):
        yield {"row": row_number(passage.id, place), "place": place, **shared, "vector": vector}


def article_records(article: Article, version: int, places: Places, written: int = 0) -> Iterator[Entity]:
    """What is written of an article, `written` in nanoseconds of Unix time.

    One that was there before stays beside it until it is taken out: passages of either can be read.
    """
    body = json.dumps(_article_fields(article))
    number = number_of(article.id)
    for record in _records(
        ARTICLE, f"a{number}-{version}", number, body, places=places, version=version, category=category_key(article)
    ):
        yield {**record, "written": written}


def file_records(name: str, content: bytes) -> Iterator[Entity]:
    """What is written of a file."""
    packed = base64.b64encode(zlib.compress(content, 1)).decode()
    yield from _records(FILE, f"f{number_of(name)}", number_of(name), packed)


def facts_record(facts: dict[str, Any]) -> Iterator[Entity]:
    """What is told of the whole generation."""
    yield from _records(FACTS, "facts", 0, json.dumps(facts))


def change_record(when: int, article: str, *, there: bool) -> Iterator[Entity]:
    """That an article was written, or is being taken out, `when` in nanoseconds of Unix time."""
    yield from _records(CHANGE, f"c{when}-{number_of(article)}", when, json.dumps({"article": article, "there": there}))


def newest(found: Iterable[Entity]) -> list[Entity]:
    """Of records of articles those that were written last."""
    parts = list(found)
    last: dict[int, tuple[int, int]] = {}
    for each in parts:
        last[each["number"]] = max(last.get(each["number"], (0, 0)), (each["written"], each["version"]))
    return [each for each in parts if (each["written"], each["version"]) == last[each["number"]]]


def bodies(found: Iterable[Entity], by: str = "number") -> dict[int, str]:
    """By number, or by version, the bodies of records whose parts these are."""
    parts: dict[int, dict[int, str]] = defaultdict(dict)
    for each in found:
        parts[each[by]][each["part"]] = each["body"]
    return {number: "".join(own[part] for part in sorted(own)) for number, own in parts.items()}


def file_of(body: str) -> bytes:
    """The file whose record has this body. Raises `IndexCorrupt` when it is none."""
    try:
        return zlib.decompress(base64.b64decode(body, validate=True))
    except (ValueError, zlib.error) as error:
        raise IndexCorrupt(
            f"A file of the index on Milvus is damaged ({error}): run articlebot build --to again."
        ) from error


def sentences_of(body: str, dimension: int) -> NDArray[np.float32]:
    """The vectors of a passage's sentences, whose lengths do not matter."""
    with raise_as_corrupt(_WHERE):
        return np.frombuffer(base64.b64decode(body), np.int8).reshape(-1, dimension).astype(np.float32)


def article_of(body: str) -> Article:
    """The article whose record has this body. Raises `IndexCorrupt` when it is none."""
    with raise_as_corrupt(_WHERE):
        fields = json.loads(body)
        days = {name: date.fromisoformat(fields[name]) if fields[name] else None for name in ("published", "updated")}
        faqs = tuple(
            Faq(faq["question"], faq["start"], faq["end"], tuple(faq["section"]), tuple(faq["alternates"]))
            for faq in fields["faqs"]
        )
        listed = {name: tuple(fields[name]) for name in ("tags", "related", "also_at")}
        return Article(**{**fields, **days, **listed, "faqs": faqs})


def passage_of(body: str, article: Article, kind: str) -> Passage:
    """The passage whose record has this body. Raises `IndexCorrupt` when it is none."""
    with raise_as_corrupt(_WHERE):
        fields = json.loads(body)
        spans = tuple((int(start), int(end)) for start, end in fields["sentences"])
        start, end = int(fields["start"]), int(fields["end"])
        return Passage(
            fields["id"], "faq" if kind == FAQ else "section", article, tuple(fields["section"]), article.text[start:end], start, end,
            fields["question"], tuple(fields["alternates"]), spans,
        )  # fmt: skip


def _article_fields(article: Article) -> dict[str, Any]:
    days = {
        name: day.isoformat() if day else None
        for name, day in (("published", article.published), ("updated", article.updated))
    }
    return {**asdict(article), **days}


def _records(
    kind: str,
    key: str,
    number: int,
    body: str,
    *,
    owner: int = 0,
    places: Places = Places(0, 0),
    version: int = 0,
    category: str = "",
) -> Iterator[Entity]:
    for part, text in enumerate(parts_of(body)):
        yield {
            "key": f"{key}:{part}", "kind": kind, "number": number, "owner": owner, "part": part, "place": places.place, "nth": places.nth,
            "version": version, "written": 0, "category": category, "body": text, WITHOUT_VECTOR["name"]: _NO_VECTOR,
        }  # fmt: skip
