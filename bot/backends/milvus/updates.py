"""Single articles written into, or taken out of, the generation that is served.

Writing an article again as it is does nothing; the next build makes what the corpus says.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain

import numpy as np

from bot.backends.milvus.batch import BatchOfWords
from bot.backends.milvus.client import Entity
from bot.backends.milvus.generation import MilvusGeneration
from bot.backends.milvus.layout import ARTICLE, FAQ, PASSAGE, SENTENCES, category_key, number_of, place_key
from bot.backends.milvus.passage_table import read_facts
from bot.backends.milvus.records import (
    Places,
    article_records,
    change_record,
    facts_record,
    newest,
    passage_records,
    row_entities,
    version_of,
)
from bot.corpus.article import Article
from bot.corpus.in_memory import ArticleInput, InMemorySource
from bot.encoder import Encoder, Matrix
from bot.errors import CorpusError
from bot.index.generation import NEWEST, sentences_to_encode, texts_to_encode
from bot.passages import Passage, split_articles

_SEEN = 1.0
"""Seconds in which all replicas have seen a change: they look twice in one."""
_READ = 0.3
"""Seconds in which what a question has found is read."""
_NO_ROWS = np.empty((0, 0), np.float32)


@dataclass(frozen=True, slots=True)
class Updated:
    """Ids of the articles that were written, were as they should be already, were taken out, and were to be taken out but are not there."""

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _There:
    """What the server has of an article."""

    category: str
    version: int
    places: Places
    passages: Mapping[int, Places]
    """By number."""
    faqs: int
    keys: frozenset[str]
    """Those of all its records."""


def update(
    generation: MilvusGeneration, articles: Iterable[ArticleInput], removed: Sequence[str], encoder: Encoder
) -> Updated:
    """Write articles into the generation that is served, in place of those with the same ids, and take out those with the ids in `removed`.

    Returns once the server shows it to whoever asks, and all replicas have had time to see it. Raises `CorpusError` when an article cannot be read,
    `IndexUnreachable` when the server does not answer: what was not acknowledged may be written again.
    """
    given = list(articles)
    reading = InMemorySource(given) if given else ()
    read = list(reading)
    if isinstance(reading, InMemorySource) and reading.refused:
        raise CorpusError(f"An article cannot be written: {reading.refused[0]}.")
    updating = _Updating(generation, encoder)
    for article in read:
        updating.put(article)
    for ident in removed:
        updating.take_out(ident)
    return updating.acknowledged()


class _Updating:
    """Writes what is new beside what is there, tells replicas, and takes out what is no longer so once they know: whatever a question meets can be read."""

    def __init__(self, generation: MilvusGeneration, encoder: Encoder) -> None:
        self._milvus, self._collections, self._encoder = generation.milvus, generation.collections, encoder
        self._tokens = min(generation.manifest.settings.passage_tokens, encoder.max_tokens)
        self._facts = read_facts(self._milvus, self._collections)
        self._done: dict[str, list[str]] = {"written": [], "unchanged": [], "removed": [], "missing": []}
        self._stale: list[str] = []
        """Keys of records that are to be taken out."""
        self._versions: dict[str, int] = {}
        """By id of a changed article, the version of its rows that stay; 0 for none."""

    def put(self, article: Article) -> None:
        version, there = version_of(article), self._there(article.id)
        if there and there.version == version:
            self._done["unchanged"].append(article.id)
            return
        passages = list(split_articles([article], self._encoder.token_starts, self._tokens))
        records = [
            *article_records(article, version, self._place(article, there), time.time_ns()),
            *self._passage_records(passages, version, there),
        ]
        rows = chain.from_iterable(
            row_entities(passage, version, vectors) for passage, vectors in self._vectors(passages)
        )
        self._milvus.write(self._collections.records, records)
        self._write_words(passages)
        self._milvus.write(self._collections.rows, list(rows))
        self._stale += sorted((there.keys if there else set()) - {record["key"] for record in records})
        self._versions[article.id] = version
        self._tell(article, there, passages)
        self._done["written"].append(article.id)

    def take_out(self, ident: str) -> None:
        there = self._there(ident) if ident not in self._done["removed"] else None
        if there is None:
            self._done["missing"].append(ident)
            return
        self._stale += sorted(there.keys)
        self._versions[ident] = 0
        self._facts = replace(
            self._facts, articles=self._facts.articles - 1, passages=self._facts.passages - len(there.passages), faqs=self._facts.faqs - there.faqs,
            newest=[each for each in self._facts.newest if each[1] != ident], categories=self._counted(there.category, None),
        )  # fmt: skip
        self._done["removed"].append(ident)

    def acknowledged(self) -> Updated:
        """Tell replicas, give them time to see it, and take out what is no longer so."""
        if self._versions:
            self._milvus.write(
                self._collections.records, [*facts_record(asdict(self._facts)), *_changes(self._versions)]
            )
            self._wait_until_shown()
            time.sleep(_SEEN)
            for ident, version in self._versions.items():
                self._remove_rows(ident, version)
            self._wait_until_shown()
            time.sleep(_READ)
            self._milvus.remove(self._collections.records, "key", self._stale)
            self._milvus.count(self._collections.records)
        return Updated(**{name: tuple(idents) for name, idents in self._done.items()})

    def _wait_until_shown(self) -> None:
        """Asked surely, the server answers only once it shows everything written before."""
        self._milvus.count(self._collections.rows)

    def _there(self, ident: str) -> _There | None:
        number = number_of(ident)
        kinds = f'kind in ["{FAQ}", "{PASSAGE}", "{SENTENCES}"] and owner == {number}'
        fields = ("key", "kind", "number", "place", "nth", "version", "category", "written")
        own = self._milvus.find(
            self._collections.records, f'{kinds} or kind == "{ARTICLE}" and number == {number}', fields, surely=True
        )
        about = next(iter(newest(each for each in own if each["kind"] == ARTICLE)), None)
        if about is None:
            return None
        passages = {
            each["number"]: each
            for each in own
            if each["kind"] in (FAQ, PASSAGE) and each["version"] == about["version"]
        }
        return _There(
            about["category"], about["version"], Places(about["place"], about["nth"]),
            {one: Places(each["place"], each["nth"]) for one, each in passages.items()}, sum(each["kind"] == FAQ for each in passages.values()),
            frozenset(str(each["key"]) for each in own),
        )  # fmt: skip

    def _remove_rows(self, ident: str, version: int) -> None:
        """Take out the vectors of an article that are of another version, and the words of passages that have none left."""
        own = self._milvus.find(
            self._collections.rows, f"article == {number_of(ident)}", ("row", "passage", "version"), surely=True
        )
        kept = {each["passage"] for each in own if each["version"] == version}
        self._milvus.remove(self._collections.rows, "row", [each["row"] for each in own if each["version"] != version])
        if self._milvus.has_bm25:
            self._milvus.remove(
                self._collections.passage_words, "number", sorted({each["passage"] for each in own} - kept)
            )
            self._milvus.remove(self._collections.article_words, "number", [] if kept else [number_of(ident)])

    def _write_words(self, passages: Sequence[Passage]) -> None:
        if self._milvus.has_bm25:
            words = BatchOfWords(self._milvus, self._collections, fresh=False)
            for passage in passages:
                words.add(passage)
            words.close()

    def _place(self, article: Article, there: _There | None) -> Places:
        if there and there.category == category_key(article):
            return there.places
        return Places(there.places.place if there else self._next(ARTICLE), self._next(place_key(article)))

    def _passage_records(self, passages: Sequence[Passage], version: int, there: _There | None) -> Iterator[Entity]:
        for passage in passages:
            known = there.passages.get(number_of(passage.id)) if there else None
            places = known or Places(self._next(PASSAGE), self._next(FAQ) if passage.kind == "faq" else 0)
            sentences = sentences_to_encode(passage)
            yield from passage_records(
                passage, version, places, self._encoder.encode_passages(sentences) if sentences else _NO_ROWS
            )

    def _vectors(self, passages: Sequence[Passage]) -> Iterator[tuple[Passage, Matrix]]:
        for passage in passages:
            yield passage, self._encoder.encode_passages([text for _, text in texts_to_encode(passage)])

    def _next(self, kind: str) -> int:
        place = self._facts.places.get(kind, 0)
        self._facts = replace(self._facts, places={**self._facts.places, kind: place + 1})
        return place

    def _tell(self, article: Article, there: _There | None, passages: Sequence[Passage]) -> None:
        """What is told of the generation as a whole."""
        newest: list[Sequence[str]] = [each for each in self._facts.newest if each[1] != article.id]
        if article.published:
            own = (article.published.isoformat(), article.id)
            newest = sorted([*newest, own], key=lambda each: each[0], reverse=True)[:NEWEST]
        faqs = sum(passage.kind == "faq" for passage in passages)
        self._facts = replace(
            self._facts, articles=self._facts.articles + (there is None), passages=self._facts.passages + len(passages) - (len(there.passages) if there else 0),
            faqs=self._facts.faqs + faqs - (there.faqs if there else 0), newest=newest,
            categories=self._counted(there.category if there else None, article.category),
        )  # fmt: skip

    def _counted(self, before: str | None, now: str | None) -> dict[str, int]:
        """How many articles each category has, most first, when one goes from one to another."""
        counts = dict(self._facts.categories)
        if old := next((name for name in counts if before and name.casefold() == before.casefold()), None):
            counts[old] -= 1
        if now:
            counts[now] = counts.get(now, 0) + 1
        return dict(
            sorted(((name, count) for name, count in counts.items() if count > 0), key=lambda item: (-item[1], item[0]))
        )


def _changes(versions: Mapping[str, int]) -> Iterator[Entity]:
    now = time.time_ns()
    for place, (ident, version) in enumerate(versions.items()):
        yield from change_record(now + place, ident, there=bool(version))
