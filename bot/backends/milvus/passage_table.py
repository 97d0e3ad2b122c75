"""Passages and articles, read from their records."""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bot.backends.milvus import layout
from bot.backends.milvus.client import MilvusClient
from bot.backends.milvus.records import join_parts, newest, parse_article, parse_passage
from bot.backends.milvus.versioned_cache import VersionedCache
from bot.corpus.article import Article
from bot.errors import IndexCorrupt
from bot.index.generation import CorpusFacts
from bot.passages import Passage

_CACHED = 4096  # passages, and articles, kept in memory
_WINDOW = 500  # records read in one query by an iteration over all of them
_TRIES, _PAUSE = 4, 0.15  # attempts to read a passage whose article is being written, and seconds between them
_FIELDS = ("number", "part", "body", "kind", "version", "place")


@dataclass(frozen=True, slots=True)
class GenerationFacts(CorpusFacts):
    """The facts of a generation on a server."""

    places: Mapping[str, int]
    """The next free place for each kind of record; for articles also by category."""
    kind: str
    """The kind of vector index, which decides how it is searched."""
    files: Mapping[str, str]
    """The sha256 of each file that every replica copies, by name."""


class MilvusPassageTable:
    """The passages and articles of a generation on a server. Safe to use from many threads."""

    def __init__(self, milvus: MilvusClient, collections: layout.Collections, facts: GenerationFacts) -> None:
        self._milvus, self._records, self.facts = milvus, collections.records, facts
        self._passages = VersionedCache[Passage](_CACHED)
        self._articles = VersionedCache[Article](_CACHED)

    def discard_other(self, passage: int, version: int) -> None:
        """Discard a passage from the cache unless it has this version."""
        self._passages.discard_other(passage, version)

    def passages(self, numbers: Iterable[int]) -> list[Passage]:
        """See `Passages.passages`. Raises `IndexCorrupt` if one was removed meanwhile."""
        wanted = [int(number) for number in numbers]
        found = self._passages.values_of(wanted)
        if missing := [number for number in dict.fromkeys(wanted) if number not in found]:
            found |= self._read(layout.any_of("number", missing))
        if len(found) < len(set(wanted)):
            raise IndexCorrupt("An article was removed from the index while it was read: ask again.")
        return [found[number] for number in wanted]

    def number(self, ident: str) -> int | None:
        number = layout.numeric_id(ident)
        found = self._passages.values_of([number]) or self._read(layout.any_of("number", [number]))
        return number if number in found and found[number].id == ident else None

    def article(self, ident: str) -> Article | None:
        found = self._read_articles(layout.any_of("number", [layout.numeric_id(ident)]))
        return next((article for article in found if article.id == ident), None)

    def listed(self, category: str | None, offset: int, limit: int) -> list[Article]:
        """See `Passages.listed`; after articles were removed, a page may have fewer than `limit`."""
        if category is None:
            return self._read_articles(layout.in_range("place", offset, limit))
        key = layout.quote(category.casefold())
        return self._read_articles(f"{layout.in_range('nth', offset, limit)} and category == {key}")

    def faqs(self, article: str) -> list[Passage]:
        found = self._read(f'kind == "{layout.FAQ}" and {layout.any_of("owner", [layout.numeric_id(article)])}')
        return sorted(found.values(), key=lambda passage: passage.start)

    def passages_in(self, article: str) -> list[Passage]:
        """Return the passages of the article with an id as it was written last, in the order of its text."""
        number = layout.numeric_id(article)
        own, fields = f'kind == "{layout.ARTICLE}" and number == {number}', ("number", "version", "written")
        records = newest(self._milvus.find(self._records, own, fields, strong=True))
        found = self._read(f"owner == {number} and version == {records[0]['version']}") if records else {}
        return sorted(found.values(), key=lambda passage: passage.start)

    def sample(self, most: int, *, faqs: bool = False) -> list[Passage]:
        field, kind = ("nth", layout.FAQ) if faqs else ("place", layout.PASSAGE)
        last = self.facts.places[kind] - 1
        places = np.unique(np.linspace(0, last, min(most, last + 1)).astype(int)).tolist()
        found = self._read(layout.any_of(field, places) + (f' and kind == "{layout.FAQ}"' if faqs else ""))
        return sorted(found.values(), key=lambda passage: passage.id)

    def all_passages(self, *, faqs: bool = False) -> Iterator[Passage]:
        field, kind = ("nth", layout.FAQ) if faqs else ("place", layout.PASSAGE)
        matching = f'kind == "{layout.FAQ}"' if faqs else layout.PASSAGE_KINDS
        for start in range(0, self.facts.places[kind], _WINDOW):
            yield from self._read(f"{matching} and {layout.in_range(field, start, _WINDOW)}").values()

    def _read(self, matching: str) -> dict[int, Passage]:
        """Return the passages that match, by number, in their order; retry while one's article is being written."""
        for _ in range(_TRIES):
            records = self._milvus.find(self._records, f"{layout.PASSAGE_KINDS} and {matching}", _FIELDS)
            articles = self._articles_of({each["version"] for each in records})
            if all(each["version"] in articles for each in records):
                break
            time.sleep(_PAUSE)
        bodies, read = join_parts(records), {}
        for each in sorted(records, key=lambda each: each["place"]):
            number, version = each["number"], each["version"]
            if version in articles and number not in read:
                read[number] = parse_passage(bodies[number], articles[version], each["kind"])
                self._passages.put(number, (version, read[number]))
        return read

    def _articles_of(self, versions: Collection[int]) -> dict[int, Article]:
        found = self._articles.values_of(versions)
        if missing := [version for version in versions if version not in found]:
            matching = f'kind == "{layout.ARTICLE}" and {layout.any_of("version", missing)}'
            records = self._milvus.find(self._records, matching, ("version", "part", "body"))
            for version, body in join_parts(records, "version").items():
                found[version] = parse_article(body)
                self._articles.put(version, (version, found[version]))
        return found

    def _read_articles(self, matching: str) -> list[Article]:
        """Return the articles that match, in corpus order."""
        fields = ("number", "part", "body", "place", "version", "written")
        records = newest(self._milvus.find(self._records, f'kind == "{layout.ARTICLE}" and {matching}', fields))
        places = {each["number"]: each["place"] for each in records}
        bodies = sorted(join_parts(records).items(), key=lambda item: places[item[0]])
        return [parse_article(body) for _, body in bodies]


def read_facts(milvus: MilvusClient, collections: layout.Collections) -> GenerationFacts:
    """Read the facts of a generation. Raises `IndexCorrupt` if there is no such record."""
    records = milvus.find(collections.records, f'kind == "{layout.FACTS}"', ("number", "part", "body"), strong=True)
    try:
        return GenerationFacts(**json.loads(join_parts(records)[0]))
    except (KeyError, ValueError, TypeError) as error:
        problem = f"The index {collections.generation} on Milvus has no readable facts ({error!r})"
        raise layout.corrupt(problem) from error
