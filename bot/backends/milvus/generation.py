"""A generation on a Milvus server, as `bot.index.generation.Generation`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.backends.milvus.client import Entity, MilvusClient
from bot.backends.milvus.filters import filter_expression
from bot.backends.milvus.layout import SENTENCES, Collections, among, number_of
from bot.backends.milvus.lru_cache import VersionedCache
from bot.backends.milvus.passage_table import MilvusTable
from bot.backends.milvus.records import bodies, sentences_of
from bot.backends.milvus.words import FollowingWords
from bot.encoder import Matrix, QuestionEncoder
from bot.errors import IndexCorrupt
from bot.index.filters import Filters
from bot.index.generation import LexicalSearch, Numbers, PassageVectors
from bot.index.manifest import Manifest
from bot.index.sentences import cosines
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage

_ROWS_EACH = 3
"""Vector rows searched for each passage that is wanted: a passage has about three."""
HELD = 8192
"""Passages whose vectors are kept, some 40 MB: those of what is asked often need not come over the network."""
_ASKED = 1000
"""Passages whose vectors are read at once."""


@dataclass(frozen=True, slots=True)
class Held:
    """The vectors of a passage, and the number of its article."""

    article: int
    rows: Matrix


@dataclass(frozen=True, slots=True)
class MilvusGeneration:
    """A generation whose passages and vectors are on a server, and whose small files are copied to this machine. Safe to ask from many threads."""

    name: str
    manifest: Manifest
    milvus: MilvusClient
    collections: Collections
    table: MilvusTable
    words: FollowingWords
    lexical: LexicalSearch
    vocabulary: Vocabulary
    encoder: QuestionEncoder
    held: VersionedCache[Held]
    kind: str
    """Of the index of the vectors, as it was built."""

    def nearest(self, vector: Matrix, k: int, filters: Filters) -> Numbers:
        """As `Generation.nearest`."""
        found = self.milvus.nearest(
            self.collections.rows, vector, k * _ROWS_EACH, filter_expression(filters), ("passage",), self.kind
        )
        return np.array(list(dict.fromkeys(each["passage"] for each in found))[:k], np.int64)

    def vectors_of(self, numbers: Numbers, *, fresh: bool = False) -> PassageVectors:
        """See `VectorSearch.vectors_of`."""
        wanted = self._existing(numbers.tolist()) if fresh else numbers.tolist()
        found = self._held(wanted)
        there = [number for number in wanted if number in found]
        rows = [np.empty((0, self.manifest.dimension), np.float32), *(found[number].rows for number in there)]
        starts = np.cumsum([len(each) for each in rows]).astype(np.int64)
        articles = np.array([found[number].article for number in there], np.int64)
        return PassageVectors(np.array(there, np.int64), articles, np.vstack(rows), starts)

    @property
    def multilingual(self) -> None:
        """None: multilingual vectors are not published to a server."""

    def sentence_cosines(self, passage: Passage, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `Generation.sentence_cosines`."""
        number = number_of(passage.id)
        records = self.milvus.find(
            self.collections.records, f'kind == "{SENTENCES}" and number == {number}', ("number", "part", "body")
        )
        rows = sentences_of(bodies(records).get(number, ""), self.manifest.dimension)
        if len(rows) != len(passage.sentences):
            raise IndexCorrupt("An article was changed while it was read: ask again.")
        return cosines(rows, vector)

    def _existing(self, numbers: list[int]) -> list[int]:
        """Those that are there at this moment; what is kept of others, and of what has changed, is forgotten.

        So nothing that was taken out is answered from, however late this replica hears of it.
        """
        found = (
            self.milvus.find(
                self.collections.rows, f"{among('passage', numbers)} and place == 0", ("passage", "version")
            )
            if numbers
            else []
        )
        for each in found:
            self.held.expect(each["passage"], each["version"])
            self.table.expect(each["passage"], each["version"])
        return [each["passage"] for each in found]

    def _held(self, numbers: list[int]) -> dict[int, Held]:
        """The vectors of the passages that are there, by number."""
        held = self.held.among(numbers)
        missing = [number for number in dict.fromkeys(numbers) if number not in held]
        for start in range(0, len(missing), _ASKED):
            fields = ("passage", "place", "article", "version", "vector")
            held |= self._gathered(
                self.milvus.find(self.collections.rows, among("passage", missing[start : start + _ASKED]), fields)
            )
        return held

    def _gathered(self, rows: list[Entity]) -> dict[int, Held]:
        """Rows by passage. Of one that is being written anew those count that are of its first row's version."""
        by_passage: dict[int, dict[int, Entity]] = {}
        for row in rows:
            by_passage.setdefault(row["passage"], {})[row["place"]] = row
        gathered = {}
        for number, own in by_passage.items():
            if 0 in own:
                version = own[0]["version"]
                current = [own[place]["vector"] for place in sorted(own) if own[place]["version"] == version]
                gathered[number] = Held(own[0]["article"], np.array(current, np.float32))
                self.held.put(number, version, gathered[number])
        return gathered
