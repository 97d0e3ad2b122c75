"""Passages and articles, read from their records."""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bot.backends.milvus.client import MilvusClient
from bot.backends.milvus.layout import ARTICLE, FACTS, FAQ, OF_PASSAGES, PASSAGE, Collections, among, number_of, quoted
from bot.backends.milvus.lru_cache import VersionedCache
from bot.backends.milvus.records import article_of, bodies, newest, passage_of
from bot.corpus.article import Article
from bot.errors import IndexCorrupt
from bot.index.generation import CorpusFacts
from bot.passages import Passage

_KEPT = 4096
_WINDOW = 500
"""Records read at once where all are."""
_TRIES, _PAUSE = 4, 0.15
"""How often a passage is read again whose article is being written, and seconds between."""
_FIELDS = ("number", "part", "body", "kind", "version", "place")


@dataclass(frozen=True, slots=True)
class GenerationFacts(CorpusFacts):
    """What a generation on a server knows about itself as a whole."""

    places: Mapping[str, int]
    """For each kind of record, the next free place; for articles also by category."""
    kind: str
    """The kind of vector index that Milvus built, which decides how it is searched."""
    files: Mapping[str, str]
    """The sha256 of each file that every replica copies, by name."""


class MilvusTable:
    """The passages and articles of a generation on a server, as `bot.index.passages.Passages`. Safe to read from many threads."""

    def __init__(self, milvus: MilvusClient, collections: Collections, facts: GenerationFacts) -> None:
        self._milvus, self._records, self._facts = milvus, collections.records, facts
        self._kept = VersionedCache[Passage](_KEPT)
        self._articles = VersionedCache[Article](_KEPT)

    @property
    def facts(self) -> GenerationFacts:
        return self._facts

    def expect(self, passage: int, version: int) -> None:
        """Forget a passage that is not of this version."""
        self._kept.expect(passage, version)

    def number(self, ident: str) -> int | None:
        """See `Passages.number`."""
        number = number_of(ident)
        found = self._kept.among([number]) or self._read(among("number", [number]))
        return number if number in found and found[number].id == ident else None

    def passages(self, numbers: Iterable[int]) -> list[Passage]:
        """Raises `IndexCorrupt` when one is not there, as when its article has been taken out this moment."""
        wanted = [int(number) for number in numbers]
        found = self._kept.among(wanted)
        missing = [number for number in dict.fromkeys(wanted) if number not in found]
        if missing:
            found |= self._read(among("number", missing))
        if len(found) < len(set(wanted)):
            raise IndexCorrupt("An article was taken out of the index while it was read: ask again.")
        return [found[number] for number in wanted]

    def _read(self, matching: str) -> dict[int, Passage]:
        """The passages that match, by number; those whose article is being written are read again until it is there."""
        for _ in range(_TRIES):
            records = self._milvus.find(self._records, f"{OF_PASSAGES} and {matching}", _FIELDS)
            about = {each["number"]: each for each in records}
            articles = self._of_versions({each["version"] for each in records})
            if all(each["version"] in articles for each in records):
                break
            time.sleep(_PAUSE)
        read = {
            number: passage_of(body, articles[about[number]["version"]], about[number]["kind"])
            for number, body in sorted(bodies(records).items(), key=lambda item: about[item[0]]["place"])
            if about[number]["version"] in articles
        }
        for number, passage in read.items():
            self._kept.put(number, about[number]["version"], passage)
        return read

    def _of_versions(self, versions: Collection[int]) -> dict[int, Article]:
        """The articles of these versions, by version."""
        found = self._articles.among(versions)
        missing = [version for version in versions if version not in found]
        records = (
            self._milvus.find(
                self._records, f'kind == "{ARTICLE}" and {among("version", missing)}', ("version", "part", "body")
            )
            if missing
            else []
        )
        for version, body in bodies(records, "version").items():
            found[version] = article_of(body)
            self._articles.put(version, version, found[version])
        return found

    def article(self, ident: str) -> Article | None:
        return next(
            (article for article in self._listed(among("number", [number_of(ident)])) if article.id == ident), None
        )

    def passages_in(self, article: str) -> list[Passage]:
        """Those of the article with an id as it was written last, in the order of its text."""
        number = number_of(article)
        records = newest(
            self._milvus.find(
                self._records,
                f'kind == "{ARTICLE}" and number == {number}',
                ("number", "version", "written"),
                surely=True,
            )
        )
        found = self._read(f"owner == {number} and version == {records[0]['version']}") if records else {}
        return sorted(found.values(), key=lambda passage: passage.start)

    def faqs(self, article: str) -> list[Passage]:
        found = self._read(f'kind == "{FAQ}" and {among("owner", [number_of(article)])}')
        return sorted(found.values(), key=lambda passage: passage.start)

    def sample(self, most: int, *, faqs: bool = False) -> list[Passage]:
        field, kind = ("nth", FAQ) if faqs else ("place", PASSAGE)
        last = self._facts.places[kind] - 1
        places = np.unique(np.linspace(0, last, min(most, last + 1)).astype(int)).tolist()
        found = self._read(f"{among(field, places)}" + (f' and kind == "{FAQ}"' if faqs else ""))
        return sorted(found.values(), key=lambda passage: passage.id)

    def all_passages(self, *, faqs: bool = False) -> Iterator[Passage]:
        """See `Passages.all_passages`."""
        field, kind, matching = ("nth", FAQ, f'kind == "{FAQ}"') if faqs else ("place", PASSAGE, OF_PASSAGES)
        for start in range(0, self._facts.places[kind], _WINDOW):
            window = f"{field} >= {start} and {field} < {start + _WINDOW}"
            yield from self._read(f"{matching} and {window}").values()

    def listed(self, category: str | None, offset: int, limit: int) -> list[Article]:
        field = "place" if category is None else "nth"
        own = "" if category is None else f" and category == {quoted(category.casefold())}"
        return self._listed(f"{field} >= {offset} and {field} < {offset + limit}{own}")

    def _listed(self, matching: str) -> list[Article]:
        """The articles that match, in the order of the corpus."""
        fields = ("number", "part", "body", "place", "version", "written")
        records = newest(self._milvus.find(self._records, f'kind == "{ARTICLE}" and {matching}', fields))
        places = {each["number"]: each["place"] for each in records}
        return [article_of(body) for _, body in sorted(bodies(records).items(), key=lambda item: places[item[0]])]


def read_facts(milvus: MilvusClient, collections: Collections) -> GenerationFacts:
    """What a generation tells of itself. Raises `IndexCorrupt` when there is no such record."""
    found = bodies(milvus.find(collections.records, f'kind == "{FACTS}"', ("number", "part", "body"), surely=True))
    try:
        return GenerationFacts(**json.loads(found[0]))
    except (KeyError, ValueError, TypeError) as error:
        raise IndexCorrupt(
            f"The index {collections.generation} on Milvus does not tell of itself ({error!r}): run articlebot build --to again."
        ) from error
