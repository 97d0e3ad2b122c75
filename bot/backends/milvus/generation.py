"""A generation on a Milvus server: `bot.index.generation.Generation`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bot.backends.milvus.client import Entity, MilvusClient
from bot.backends.milvus.filters import filter_expression
from bot.backends.milvus.layout import SENTENCES, Collections, any_of, numeric_id
from bot.backends.milvus.passage_table import MilvusPassageTable
from bot.backends.milvus.records import join_parts, parse_sentence_vectors
from bot.backends.milvus.versioned_cache import VersionedCache
from bot.backends.milvus.words import ReplicaLexicalIndex, ServerLexicalIndex
from bot.encoder import Matrix, QuestionEncoder
from bot.encoder.tokens import TokenVectors
from bot.errors import IndexCorrupt
from bot.index.filters import Filters
from bot.index.generation import LexicalSearch, Numbers, PassageVectors, Role, SentenceVectors, sentence_spans
from bot.index.manifest import Manifest
from bot.index.passage_rows import ROWS_PER_PASSAGE
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage

_CACHED = 8192
"""Passages whose vectors are kept in memory, some 40 MB, so that frequent ones are not fetched again."""
_CACHED_SENTENCES = 2048
"""Passages whose sentences and tokens are kept in memory, some 25 MB."""
_FETCHED = 1000  # passages whose vectors are fetched in one query


SentenceRows = tuple[Matrix, TokenVectors]
"""The vectors of a passage's sentences and tokens."""


@dataclass(frozen=True, slots=True)
class CachedVectors:
    """The vectors of a passage, and the number of its article."""

    article: int
    rows: Matrix


@dataclass(frozen=True, slots=True)
class MilvusGeneration:
    """A generation on a server, with copies of its small files on this machine. Safe to read from many threads."""

    name: str
    manifest: Manifest
    milvus: MilvusClient
    collections: Collections
    table: MilvusPassageTable
    words: ReplicaLexicalIndex | ServerLexicalIndex
    lexical: LexicalSearch
    vocabulary: Vocabulary
    synonyms: Mapping[str, str]
    unanswered: Matrix
    encoder: QuestionEncoder
    cache: VersionedCache[CachedVectors] = field(default_factory=lambda: VersionedCache(_CACHED))
    sentences: VersionedCache[SentenceRows] = field(default_factory=lambda: VersionedCache(_CACHED_SENTENCES))

    is_fixed = False
    multilingual = None
    """Multilingual vectors are not published to a server."""

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        limit, kind = k * ROWS_PER_PASSAGE, self.table.facts.kind
        found = self.milvus.search_vectors(self.collections.rows, vector, limit, filter_expression(filters), kind)
        return np.array(list(dict.fromkeys(found))[:k], np.int64)

    def vectors_of(self, numbers: Numbers, *, fresh: bool = False) -> PassageVectors:
        wanted = self._existing(numbers.tolist()) if fresh else numbers.tolist()
        found = self._vectors(wanted)
        there = [number for number in wanted if number in found]
        rows = [np.empty((0, self.manifest.dimension), np.float32), *(found[number].rows for number in there)]
        starts = np.cumsum([len(each) for each in rows]).astype(np.int64)
        articles = np.array([found[number].article for number in there], np.int64)
        return PassageVectors(np.array(there, np.int64), articles, np.vstack(rows), starts)

    def role_vectors(self, numbers: Numbers, role: Role) -> Matrix:
        found = self.vectors_of(numbers)
        if len(found.numbers) < len(numbers):
            raise IndexCorrupt("An article was removed from the index while it was read: ask again.")
        return found.rows[found.places(role)]

    def sentence_vectors(self, passages: Sequence[Passage]) -> SentenceVectors:
        numbers, dimension = [numeric_id(passage.id) for passage in passages], self.manifest.dimension
        found = self._read_sentences(numbers)
        own = [found.get(number, (np.empty((0, dimension), np.float32), TokenVectors.none())) for number in numbers]
        rows, tokens = [each[0] for each in own], [each[1] for each in own]
        counts = [len(sentence_spans(passage)) for passage in passages]
        if [len(each) for each in rows] != counts:
            raise IndexCorrupt("An article was changed while it was read: ask again.")
        return SentenceVectors.join(rows, tokens, dimension)

    def _read_sentences(self, numbers: list[int]) -> dict[int, SentenceRows]:
        found = self.sentences.values_of(numbers)
        missing = [number for number in dict.fromkeys(numbers) if number not in found]
        for start in range(0, len(missing), _FETCHED):
            matching = f'kind == "{SENTENCES}" and {any_of("number", missing[start : start + _FETCHED])}'
            records = self.milvus.find(self.collections.records, matching, ("number", "part", "version", "body"))
            versions = {each["number"]: each["version"] for each in records}
            for number, body in join_parts(records).items():
                found[number] = parse_sentence_vectors(body, self.manifest.dimension)
                self.sentences.put(number, (versions[number], found[number]))
        return found

    def _existing(self, numbers: list[int]) -> list[int]:
        """Return the passages that exist now, and discard outdated ones from the caches.

        So a removed article is not quoted, even if this replica has not noticed the change yet.
        """
        if not numbers:
            return []
        matching = f"{any_of('passage', numbers)} and place == 0"
        found = self.milvus.find(self.collections.rows, matching, ("passage", "version"))
        for each in found:
            for cache in (self.cache, self.sentences):
                cache.discard_other(each["passage"], each["version"])
            self.table.discard_other(each["passage"], each["version"])
        there = {each["passage"] for each in found}
        return [number for number in numbers if number in there]

    def _vectors(self, numbers: list[int]) -> dict[int, CachedVectors]:
        found = self.cache.values_of(numbers)
        missing = [number for number in dict.fromkeys(numbers) if number not in found]
        for start in range(0, len(missing), _FETCHED):
            matching = any_of("passage", missing[start : start + _FETCHED])
            fields = ("passage", "place", "article", "version", "vector")
            found |= self._grouped(self.milvus.find(self.collections.rows, matching, fields))
        return found

    def _grouped(self, rows: list[Entity]) -> dict[int, CachedVectors]:
        """Group rows by passage; of one that is being rewritten, only those with the version of its first row."""
        by_passage: dict[int, dict[int, Entity]] = {}
        for row in rows:
            by_passage.setdefault(row["passage"], {})[row["place"]] = row
        grouped = {}
        for number, own in by_passage.items():
            if 0 in own:
                version = own[0]["version"]
                vectors = [own[place]["vector"] for place in sorted(own) if own[place]["version"] == version]
                grouped[number] = CachedVectors(own[0]["article"], np.array(vectors, np.float32))
                self.cache.put(number, (version, grouped[number]))
        return grouped
