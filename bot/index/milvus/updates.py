"""Single articles written into, or taken out of, the generation that is served.

Writing an article again as it is does nothing; the next build makes what the corpus says.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain

import numpy as np

from bot.corpus.article import Article
from bot.corpus.given import GivenArticle, GivenReading
from bot.encoder import Encoder, Matrix
from bot.errors import CorpusError
from bot.index.milvus.batch import BatchOfWords
from bot.index.milvus.door import Entity
from bot.index.milvus.layout import ARTICLE, FAQ, PASSAGE, SENTENCES, number_of
from bot.index.milvus.records import Places, article_records, change_record, facts_record, passage_records, row_entities, version_of
from bot.index.milvus.remote_generation import MilvusGeneration
from bot.index.milvus.table import Facts, read_facts
from bot.index.passage_table import sentences_to_encode, texts_to_encode
from bot.passages import Passage, split_articles

_SEEN = 1.0
"""Seconds in which all replicas have seen a change: they look twice in one."""
_NEWEST = 50
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
    passages: dict[int, Places]


def update(generation: MilvusGeneration, articles: Iterable[GivenArticle], removed: Sequence[str], encoder: Encoder) -> Updated:
    """Write articles into the generation that is served, in place of those with the same ids, and take out those with the ids in `removed`.

    Returns once the server shows it to whoever asks, and all replicas have had time to see it. Raises `CorpusError` when an article cannot be read,
    `IndexUnreachable` when the server does not answer: what was not acknowledged may be written again.
    """
    given = list(articles)
    reading = GivenReading(given) if given else ()
    read = list(reading)
    if isinstance(reading, GivenReading) and reading.refused:
        raise CorpusError(f"An article cannot be written: {reading.refused[0]}.")
    updating = _Updating(generation, encoder)
    for article in read:
        updating.put(article)
    for ident in removed:
        updating.take_out(ident)
    return updating.acknowledged()


class _Updating:
    """Writes passages before the vectors by which they are found, and takes out vectors before the passages."""

    def __init__(self, generation: MilvusGeneration, encoder: Encoder) -> None:
        self._milvus, self._collections, self._encoder = generation.milvus, generation.collections, encoder
        self._tokens = min(generation.manifest.settings.passage_tokens, encoder.max_tokens)
        self._facts = read_facts(self._milvus, self._collections)
        self._done: dict[str, list[str]] = {"written": [], "unchanged": [], "removed": [], "missing": []}
        self._stale: list[str] = []
        """Keys of records that nothing leads to any more."""

    def put(self, article: Article) -> None:
        version, there = version_of(article), self._there(article.id)
        if there and there.version == version:
            self._done["unchanged"].append(article.id)
            return
        passages = list(split_articles([article], self._encoder.token_starts, self._tokens))
        records = [*article_records(article, version, self._place(article, there)), *self._passage_records(passages, version, there)]
        rows = chain.from_iterable(row_entities(passage, version, vectors) for passage, vectors in self._vectors(passages))
        before = self._keys(article.id)
        self._milvus.write(self._collections.records, records)
        self._write_words(passages)
        self._milvus.write(self._collections.rows, list(rows))
        self._remove_rows(article.id, f" and version != {version}")
        self._remove_words(article.id, [number_of(passage.id) for passage in passages])
        self._stale += sorted(before - {record["key"] for record in records})
        self._tell(article, there)
        self._done["written"].append(article.id)

    def take_out(self, ident: str) -> None:
        there = self._there(ident)
        if there is None:
            self._done["missing"].append(ident)
            return
        self._remove_rows(ident, "")
        self._remove_words(ident, [])
        self._stale += sorted(self._keys(ident))
        self._facts = replace(self._facts, newest=[each for each in self._facts.newest if each[1] != ident])
        self._done["removed"].append(ident)

    def acknowledged(self) -> Updated:
        """Tell replicas, give them time to see it, and take out what nothing leads to any more."""
        changed = [*self._done["written"], *self._done["removed"]]
        if changed:
            self._milvus.write(self._collections.records, [*self._changes(changed)])
            # Asked surely, the server answers only once it shows everything written before.
            self._milvus.count(self._collections.rows)
            time.sleep(_SEEN)
            self._milvus.remove(self._collections.records, "key", self._stale)
            self._milvus.write(self._collections.records, [*facts_record(asdict(self._counted()))])
        return Updated(**{name: tuple(idents) for name, idents in self._done.items()})

    def _there(self, ident: str) -> _There | None:
        number = number_of(ident)
        own = self._milvus.find(
            self._collections.records, f'(kind == "{ARTICLE}" and number == {number} or kind in ["{FAQ}", "{PASSAGE}"] and owner == {number}) and part == 0',
            ("kind", "number", "place", "nth", "version", "category"), surely=True,
        )  # fmt: skip
        about = [each for each in own if each["kind"] == ARTICLE]
        passages = {each["number"]: Places(each["place"], each["nth"]) for each in own if each["kind"] != ARTICLE}
        return _There(about[0]["category"], about[0]["version"], Places(about[0]["place"], about[0]["nth"]), passages) if about else None

    def _keys(self, ident: str) -> set[str]:
        """Those of all records of an article and its passages."""
        number = number_of(ident)
        kinds = f'kind in ["{FAQ}", "{PASSAGE}", "{SENTENCES}"] and owner == {number}'
        found = self._milvus.find(self._collections.records, f'{kinds} or kind == "{ARTICLE}" and number == {number}', ("key",), surely=True)
        return {str(each["key"]) for each in found}

    def _remove_rows(self, ident: str, more: str) -> None:
        found = self._milvus.find(self._collections.rows, f"article == {number_of(ident)}{more}", ("row",), surely=True)
        self._milvus.remove(self._collections.rows, "row", [each["row"] for each in found])

    def _write_words(self, passages: Sequence[Passage]) -> None:
        if self._milvus.has_bm25:
            words = BatchOfWords(self._milvus, self._collections, fresh=False)
            for passage in passages:
                words.add(passage)
            words.close()

    def _remove_words(self, ident: str, kept: Sequence[int]) -> None:
        """Take out the words of an article's passages but for those kept; without any of them, its own too."""
        if not self._milvus.has_bm25:
            return
        number = number_of(ident)
        found = self._milvus.find(self._collections.passage_words, f"article == {number}", ("number",), surely=True)
        self._milvus.remove(self._collections.passage_words, "number", [each["number"] for each in found if each["number"] not in kept])
        if not kept:
            self._milvus.remove(self._collections.article_words, "number", [number])

    def _place(self, article: Article, there: _There | None) -> Places:
        key = f"{ARTICLE} {(article.category or '').casefold()}"
        if there and there.category == (article.category or "").casefold():
            return there.places
        return Places(there.places.place if there else self._next(ARTICLE), self._next(key))

    def _passage_records(self, passages: Sequence[Passage], version: int, there: _There | None) -> Iterator[Entity]:
        for passage in passages:
            known = there.passages.get(number_of(passage.id)) if there else None
            places = known or Places(self._next(PASSAGE), self._next(FAQ) if passage.kind == "faq" else 0)
            sentences = sentences_to_encode(passage)
            yield from passage_records(passage, version, places, self._encoder.encode_passages(sentences) if sentences else _NO_ROWS)

    def _vectors(self, passages: Sequence[Passage]) -> Iterator[tuple[Passage, Matrix]]:
        for passage in passages:
            yield passage, self._encoder.encode_passages([text for _, text in texts_to_encode(passage)])

    def _next(self, kind: str) -> int:
        place = self._facts.places.get(kind, 0)
        self._facts = replace(self._facts, places={**self._facts.places, kind: place + 1})
        return place

    def _tell(self, article: Article, there: _There | None) -> None:
        """What pages begin with."""
        newest: list[Sequence[str]] = [each for each in self._facts.newest if each[1] != article.id]
        if article.published:
            own = (article.published.isoformat(), article.id)
            newest = sorted([*newest, own], key=lambda each: each[0], reverse=True)[:_NEWEST]
        categories = dict(self._facts.categories)
        if there is None and article.category:
            categories[article.category] = categories.get(article.category, 0) + 1
        self._facts = replace(self._facts, newest=newest, categories=categories)

    def _changes(self, changed: Sequence[str]) -> Iterator[Entity]:
        now = time.time_ns()
        yield from facts_record(asdict(self._facts))
        for place, ident in enumerate(changed):
            yield from change_record(now + place, ident)

    def _counted(self) -> Facts:
        articles, faqs, others = (
            self._milvus.count(self._collections.records, f'kind == "{kind}" and part == 0') for kind in (ARTICLE, FAQ, PASSAGE)
        )
        return replace(self._facts, articles=articles, faqs=faqs, passages=faqs + others)
