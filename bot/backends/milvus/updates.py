"""Updates: single articles written to, or removed from, the current generation.

Writing an article that has not changed does nothing; the next build replaces all updates.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from bot.backends.milvus import records
from bot.backends.milvus.client import Entity
from bot.backends.milvus.generation import MilvusGeneration
from bot.backends.milvus.layout import ARTICLE, FAQ, PASSAGE, SENTENCES, category_counter_key, category_key, numeric_id
from bot.backends.milvus.passage_table import read_facts
from bot.backends.milvus.words import WordsBatchWriter
from bot.corpus.article import Article
from bot.corpus.in_memory import ArticleInput, InMemorySource
from bot.encoder import Encoder, Matrix
from bot.encoder.encoder_input import FIRST_SENTENCE, TextVectors, encode_inputs
from bot.errors import CorpusError
from bot.index.generation import NEWEST, encoder_inputs
from bot.passages import Passage, split_articles

_REPLICA_DELAY = 1.0  # seconds after which every replica has noticed a change; each looks twice a second
_READ_DELAY = 0.3  # seconds after which a question that has found a passage has read it


@dataclass(frozen=True, slots=True)
class Updated:
    """Ids of the articles that were written, had not changed, were removed, and were to be removed but do not exist."""

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stored:
    """An article as the server has it."""

    category: str
    version: int
    places: records.Places
    passages: Mapping[int, records.Places]
    """By number."""
    faqs: int
    keys: frozenset[str]
    """The keys of all its records."""


def update(
    generation: MilvusGeneration, articles: Iterable[ArticleInput], removed: Sequence[str], encoder: Encoder
) -> Updated:
    """Write articles to the current generation, replacing those with the same ids, and remove those in `removed`.

    Returns when the server shows the changes and every replica has had time to notice them. Raises `CorpusError` if an
    article cannot be read, `IndexUnreachable` if the server does not answer; then the same call may be repeated.
    """
    inputs = list(articles)
    source = InMemorySource(inputs) if inputs else None
    read = list(source or ())
    if source and source.refused:
        raise CorpusError(f"An article cannot be written: {source.refused[0]}.")
    updater = _Updater(generation, encoder)
    for article in read:
        updater.put(article)
    for ident in removed:
        updater.remove(ident)
    return updater.finish()


class _Updater:
    """Writes new records beside the old ones, announces the change, and deletes the old ones once replicas know it.

    So a question can always read whatever it has found.
    """

    def __init__(self, generation: MilvusGeneration, encoder: Encoder) -> None:
        self._milvus, self._collections, self._encoder = generation.milvus, generation.collections, encoder
        self._tokens = min(generation.manifest.settings.passage_tokens, encoder.max_tokens)
        self._facts = read_facts(self._milvus, self._collections)
        self._done: dict[str, list[str]] = {"written": [], "unchanged": [], "removed": [], "missing": []}
        self._outdated: list[str] = []
        """Keys of the records to delete."""
        self._versions: dict[str, int] = {}
        """The current version of each changed article, by id; 0 for a removed one."""

    def put(self, article: Article) -> None:
        version, stored = records.content_hash(article), self._find(article.id)
        if stored and stored.version == version:
            self._done["unchanged"].append(article.id)
            return
        passages = list(split_articles([article], self._encoder.token_starts, self._tokens))
        new = list(records.article_records(article, version, self._place(article, stored), time.time_ns()))
        vectors, wholes = self._encode(passages)
        new += self._passage_records(passages, wholes, version, stored)
        pairs = zip(passages, vectors, strict=True)
        rows = [row for passage, own in pairs for row in records.row_entities(passage, version, own)]
        self._milvus.write(self._collections.records, new)
        if self._milvus.has_bm25:
            words = WordsBatchWriter(self._milvus, self._collections, fresh=False)
            for passage in passages:
                words.add(passage)
            words.close()
        self._milvus.write(self._collections.rows, rows)
        self._outdated += sorted((stored.keys if stored else set()) - {record["key"] for record in new})
        self._versions[article.id] = version
        self._count(article.id, stored, article, passages)
        self._done["written"].append(article.id)

    def remove(self, ident: str) -> None:
        stored = self._find(ident) if ident not in self._done["removed"] else None
        if stored is None:
            self._done["missing"].append(ident)
            return
        self._outdated += sorted(stored.keys)
        self._versions[ident] = 0
        self._count(ident, stored, None, ())
        self._done["removed"].append(ident)

    def finish(self) -> Updated:
        """Announce the changes, give replicas time to notice them, and delete what is outdated."""
        if self._versions:
            announced = [*records.facts_record(asdict(self._facts))]
            for when, (ident, version) in enumerate(self._versions.items(), time.time_ns()):
                announced += records.change_record(when, ident, there=bool(version))
            self._milvus.write(self._collections.records, announced)
            self._wait_until_visible()
            time.sleep(_REPLICA_DELAY)
            for ident, version in self._versions.items():
                self._delete_outdated_rows(ident, version)
            self._wait_until_visible()
            time.sleep(_READ_DELAY)
            self._milvus.delete(self._collections.records, "key", self._outdated)
            self._milvus.count(self._collections.records)
        return Updated(**{name: tuple(idents) for name, idents in self._done.items()})

    def _wait_until_visible(self) -> None:
        """Wait until the server shows everything written: it answers a strongly consistent query only then."""
        self._milvus.count(self._collections.rows)

    def _find(self, ident: str) -> _Stored | None:
        number = numeric_id(ident)
        parts = f'kind in ["{FAQ}", "{PASSAGE}", "{SENTENCES}"] and owner == {number}'
        matching = f'{parts} or kind == "{ARTICLE}" and number == {number}'
        fields = ("key", "kind", "number", "place", "nth", "version", "category", "written")
        own = self._milvus.find(self._collections.records, matching, fields, strong=True)
        article = next(iter(records.newest(each for each in own if each["kind"] == ARTICLE)), None)
        if article is None:
            return None
        version = article["version"]
        passages = [each for each in own if each["kind"] in (FAQ, PASSAGE) and each["version"] == version]
        places = {each["number"]: records.Places(each["place"], each["nth"]) for each in passages}
        faqs = len({each["number"] for each in passages if each["kind"] == FAQ})
        keys = frozenset(str(each["key"]) for each in own)
        place = records.Places(article["place"], article["nth"])
        return _Stored(article["category"], version, place, places, faqs, keys)

    def _delete_outdated_rows(self, ident: str, version: int) -> None:
        """Delete an article's vectors of other versions, and the words of passages that have none left."""
        number, fields = numeric_id(ident), ("row", "passage", "version")
        own = self._milvus.find(self._collections.rows, f"article == {number}", fields, strong=True)
        kept = {each["passage"] for each in own if each["version"] == version}
        outdated = [each["row"] for each in own if each["version"] != version]
        self._milvus.delete(self._collections.rows, "row", outdated)
        if self._milvus.has_bm25:
            gone = sorted({each["passage"] for each in own} - kept)
            self._milvus.delete(self._collections.passage_words, "number", gone)
            self._milvus.delete(self._collections.article_words, "number", [] if kept else [number])

    def _place(self, article: Article, stored: _Stored | None) -> records.Places:
        if stored and stored.category == category_key(article):
            return stored.places
        place = stored.places.place if stored else self._next(ARTICLE)
        return records.Places(place, self._next(category_counter_key(article)))

    def _encode(self, passages: Sequence[Passage]) -> tuple[list[Matrix], list[TextVectors]]:
        """Return the vectors of each passage in the order of the index, and the ones of its parts and tokens."""
        inputs = [encoder_inputs(passage) for passage in passages]
        rows = iter(encode_inputs(self._encoder, [each for own in inputs for each in own]))
        by_passage = [[next(rows) for _ in own] for own in inputs]
        vectors = [np.concatenate([one.rows[:FIRST_SENTENCE] for one in own]) for own in by_passage]
        return vectors, [whole for *_, whole in by_passage]

    def _passage_records(
        self, passages: Sequence[Passage], wholes: Sequence[TextVectors], version: int, stored: _Stored | None
    ) -> Iterator[Entity]:
        for passage, own in zip(passages, wholes, strict=True):
            places = stored.passages.get(numeric_id(passage.id)) if stored else None
            if places is None:
                places = records.Places(self._next(PASSAGE), self._next(FAQ) if passage.kind == "faq" else 0)
            yield from records.passage_records(passage, version, places, own.rows[FIRST_SENTENCE:], own.tokens)

    def _next(self, kind: str) -> int:
        place = self._facts.places.get(kind, 0)
        self._facts = replace(self._facts, places={**self._facts.places, kind: place + 1})
        return place

    def _count(self, ident: str, stored: _Stored | None, article: Article | None, passages: Sequence[Passage]) -> None:
        """Update the generation's facts after an article was written, or removed if it is None."""
        facts = self._facts
        latest: list[Sequence[str]] = [each for each in facts.newest if each[1] != ident]
        if article and article.published:
            latest.append((article.published.isoformat(), ident))
            latest = sorted(latest, key=lambda each: each[0], reverse=True)[:NEWEST]
        faqs = sum(passage.kind == "faq" for passage in passages)
        supersedes = {name: older for name, older in facts.supersedes.items() if name != ident}
        if article and article.supersedes:
            supersedes[ident] = article.supersedes
        before, now = stored.category if stored else None, article.category if article else None
        self._facts = replace(
            facts, articles=facts.articles + (article is not None) - (stored is not None),
            passages=facts.passages + len(passages) - (len(stored.passages) if stored else 0),
            faqs=facts.faqs + faqs - (stored.faqs if stored else 0), newest=latest,
            categories=_moved(facts.categories, before, now), supersedes=supersedes,
        )  # fmt: skip


def _moved(categories: Mapping[str, int], before: str | None, now: str | None) -> dict[str, int]:
    """Return the number of articles in each category, largest first, after one has moved between categories."""
    counts = dict(categories)
    if old := next((name for name in counts if before and name.casefold() == before.casefold()), None):
        counts[old] -= 1
    if now:
        counts[now] = counts.get(now, 0) + 1
    left = ((name, count) for name, count in counts.items() if count > 0)
    return dict(sorted(left, key=lambda item: (-item[1], item[0])))
