"""The one door to pymilvus: a client with short timeouts, whose errors are one sentence each."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from bot.backends.milvus.address import KINDS, MilvusAddress
from bot.backends.milvus.layout import MAX_TEXT, corrupt
from bot.encoder import Matrix
from bot.errors import IndexCorrupt, IndexUnreachable, requires

_TIMEOUT = 15.0  # seconds that a call may take, pymilvus's own retries included
_LONG_TIMEOUT = 600.0  # seconds that indexing and loading a collection may take
_BM25_SINCE = (2, 5)
NO_BM25 = "Milvus has BM25 from 2.5 on"
BM25 = "SPARSE_INVERTED_INDEX"
_BM25_PARAMETERS = {"bm25_k1": 1.2, "bm25_b": 0.75}  # as in tantivy
_MAX_KEYS = 1000  # maximum number of entities deleted in one call
_MAX_FOUND = 16_000  # maximum number of entities read in one query; Milvus returns at most 16,384
_MAX_BYTES = 8_000_000  # bytes sent at once; a server accepts 64 MB
_ENTITY_BYTES = 300  # approximate size of an entity without its text and its vector
_NOT_LOADED = 101  # the code of Milvus for a collection that is not in memory
_NO_CONNECTION = ("fail connecting", "unavailable", "deadline", "timeout", "timed out", "connection", "retry run out")
"""Signs in pymilvus's messages that the server does not answer."""

Entity = dict[str, Any]


class MilvusClient:
    """A connection to a server. Safe to use from many threads.

    Every method raises `IndexUnreachable` if the server does not answer. Raises `MissingExtra` without pymilvus.
    """

    def __init__(self, address: MilvusAddress) -> None:
        with requires("pymilvus", "milvus"):
            from pymilvus import MilvusClient as Client
        self.address, self._process, self._indexing = address, os.getpid(), Lock()
        scheme = "https" if address.secure else "http"
        secret = {"user": address.user, "password": address.secret} if address.user else {"token": address.secret}
        ca = {"server_pem_path": address.ca} if address.ca else {}
        with self._translate_errors():
            self._client = Client(f"{scheme}://{address.server}", timeout=_TIMEOUT, **secret, **ca)

    @cached_property
    def version(self) -> str:
        with self._translate_errors():
            return str(self._client.get_server_version())

    @property
    def has_bm25(self) -> bool:
        """Whether the server ranks texts by BM25, as Milvus does from 2.5 on."""
        found = re.search(r"(\d+)\.(\d+)", self.version)
        return found is not None and (int(found[1]), int(found[2])) >= _BM25_SINCE

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle or copy the address, which is connected anew there."""
        return type(self), (self.address,)

    def list_collections(self) -> list[str]:
        with self._translate_errors():
            return [str(name) for name in self._client.list_collections()]

    def create(self, name: str, fields: Sequence[Entity], texts: Sequence[str] = ()) -> None:
        """Create a collection with these fields; the server ranks those in `texts` by BM25."""
        from pymilvus import Function, FunctionType

        with self._translate_errors():
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            analyzer = {"enable_analyzer": True, "enable_match": True, "analyzer_params": {"tokenizer": "standard"}}
            ranked = [field_of(text, "VARCHAR", max_length=MAX_TEXT, **analyzer) for text in texts]
            vectors = [field_of(f"{text}_bm25", "SPARSE_FLOAT_VECTOR") for text in texts]
            for field in (*fields, *ranked, *vectors):
                schema.add_field(**field)
            for text in texts:
                schema.add_function(Function(f"{text}_by_bm25", FunctionType.BM25, [text], [f"{text}_bm25"]))
            self._client.create_collection(name, schema=schema, consistency_level="Bounded")

    def build_indexes(self, name: str, vectors: Mapping[str, str], scalars: Sequence[str]) -> None:
        """Flush a collection, index it and load it into memory.

        `vectors` maps its vector fields to the kind of index; `scalars` are the numeric fields that are indexed.
        """
        with self._translate_errors():
            self._client.flush(name, timeout=_LONG_TIMEOUT)
            indexes = self._client.prepare_index_params()
            for field, kind in vectors.items():
                parameters = _BM25_PARAMETERS if kind == BM25 else KINDS[kind][0] if kind in KINDS else {}
                metric = "BM25" if kind == BM25 else "IP"
                indexes.add_index(field, index_type=kind, metric_type=metric, params=parameters)
            for field in scalars:
                indexes.add_index(field, index_type="INVERTED" if self.has_bm25 else "STL_SORT")
            # Milvus 2.3 may miss one of two requests at the same time, and finds it a minute later.
            with self._indexing:
                self._client.create_index(name, indexes, timeout=_LONG_TIMEOUT)
        self.load(name)

    def load(self, name: str) -> None:
        """Load a collection into the server's memory."""
        with self._translate_errors():
            self._client.load_collection(name, timeout=_LONG_TIMEOUT)

    def drop(self, name: str) -> None:
        with self._translate_errors():
            self._client.drop_collection(name)

    def resolve_alias(self, alias: str) -> str | None:
        """Return the collection that an alias names; None if there is no such alias."""
        from pymilvus.exceptions import MilvusException

        with self._translate_errors():
            try:
                return str(self._client.describe_alias(alias)["collection_name"])
            except MilvusException as error:
                if "not found" in str(error).lower() or "not exist" in str(error).lower():
                    return None
                raise

    def set_alias(self, alias: str, name: str) -> None:
        """Have an alias name a collection, in one step."""
        exists = self.resolve_alias(alias) is not None
        with self._translate_errors():
            (self._client.alter_alias if exists else self._client.create_alias)(name, alias)

    def write(self, name: str, entities: Sequence[Entity], *, fresh: bool = False) -> None:
        """Write entities, replacing those with the same keys; `fresh` ones have new keys, which is faster."""
        if entities:
            with self._translate_errors():
                (self._client.insert if fresh else self._client.upsert)(name, list(entities))

    def delete(self, name: str, field: str, keys: Sequence[str | int]) -> None:
        """Delete the entities with these primary keys, which are in `field`."""
        for start in range(0, len(keys), _MAX_KEYS):
            with self._translate_errors():
                self._client.delete(name, filter=f"{field} in {list(keys[start : start + _MAX_KEYS])}")

    def find(self, name: str, matching: str, fields: Sequence[str], *, strong: bool = False) -> list[Entity]:
        """Return the fields of all entities that match; with `strong`, also of those written just now, in 0.2 s more.

        Raises `IndexCorrupt` if there are more than Milvus returns, so that none is left out silently.
        """
        found = self._query(name, matching, fields, strong=strong, limit=_MAX_FOUND)
        if len(found) == _MAX_FOUND:
            limit = "more changes, or a larger article, than are read at once"
            raise corrupt(f"Milvus at {self.address.server} holds {limit}")
        return [dict(each) for each in found]

    def count(self, name: str, matching: str = "", *, strong: bool = True) -> int:
        """Return how many entities match; with `strong`, including those written just now."""
        return int(self._query(name, matching, ["count(*)"], strong=strong)[0]["count(*)"])

    def _query(self, name: str, matching: str, fields: Sequence[str], *, strong: bool, **limit: int) -> list[Any]:
        options = {"output_fields": list(fields), "consistency_level": "Strong" if strong else "Bounded", **limit}
        with self._translate_errors():
            found: list[Any] = self._client.query(name, filter=matching, **options)
            return found

    def search_text(self, name: str, text: str, words: str, limit: int, matching: str) -> list[tuple[int, float]]:
        """Return the numbers and BM25 scores of the best `limit` entities, best first."""
        found = self._search(name, [words], limit, matching, ["number"], anns_field=f"{text}_bm25")
        # Milvus Lite returns distances, which are negative.
        return [(int(hit["entity"]["number"]), abs(float(hit["distance"]))) for hit in found]

    def search_vectors(self, name: str, vector: Matrix, limit: int, matching: str, kind: str) -> list[int]:
        """Return the passages of the at most `limit` rows nearest to one vector, nearest first."""
        parameters = dict(KINDS[kind][1])
        # Milvus wants these to be no smaller than the limit.
        for name_ in parameters.keys() & {"ef", "search_list"}:
            parameters[name_] = max(parameters[name_], limit)
        data = np.ascontiguousarray(vector, np.float32)
        found = self._search(name, data, limit, matching, ["passage"], search_params={"params": parameters})
        return [int(hit["entity"]["passage"]) for hit in found]

    def _search(
        self, name: str, data: Any, limit: int, matching: str, fields: Sequence[str], **options: Any
    ) -> list[Any]:
        options |= {"limit": limit, "filter": matching, "output_fields": list(fields)}
        with self._translate_errors():
            found: list[Any] = self._client.search(name, data=data, **options)[0]
            return found

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException

        if self._process != os.getpid():
            reason = f"The connection to Milvus at {self.address.server} does not survive a fork of its process"
            raise IndexUnreachable(f"{reason}: open the index after the fork, in each process.")
        try:
            yield
        except (MilvusException, RpcError) as error:
            reason = getattr(error, "message", "") or str(error) or type(error).__name__
            raise _translated(self.address.server, reason, getattr(error, "code", None)) from error


class BatchWriter:
    """Writes entities to one collection. `fresh` ones have new keys."""

    def __init__(self, milvus: MilvusClient, collection: str, *, fresh: bool) -> None:
        self._milvus, self._collection, self._fresh = milvus, collection, fresh
        self._pending: list[Entity] = []
        self._size = 0

    def add(self, entities: Iterable[Entity]) -> None:
        for entity in entities:
            self._pending.append(entity)
            text = sum(len(value) for value in entity.values() if isinstance(value, str))
            self._size += text + 4 * len(entity.get("vector", ())) + _ENTITY_BYTES
            if self._size > _MAX_BYTES:
                self.close()

    def close(self) -> None:
        """Write what is pending."""
        self._milvus.write(self._collection, self._pending, fresh=self._fresh)
        self._pending, self._size = [], 0


def _translated(server: str, reason: str, code: object) -> IndexUnreachable | IndexCorrupt:
    first = reason.strip().splitlines()[0][:300] if reason.strip() else "no reason given"
    at, lower = f"Milvus at {server}", first.lower()
    if "auth" in lower or "permission" in lower:
        advice = "set MILVUS_TOKEN, or MILVUS_USER and MILVUS_PASSWORD"
        return IndexUnreachable(f"{at} denies access ({first}): {advice}.")
    if code == _NOT_LOADED or "not loaded" in lower:
        return IndexUnreachable(f"{at} has not loaded the index yet ({first}): wait for it.")
    if code in (100, 4) or "collection not found" in lower:
        advice = "run articlebot build --to again, or articlebot rollback"
        return IndexCorrupt(f"{at} lacks a collection of this index ({first}): {advice}.")
    if any(sign in lower for sign in _NO_CONNECTION) or not isinstance(code, int):
        return IndexUnreachable(f"{at} does not answer ({first}): is it running, and is the address right?")
    return IndexUnreachable(f"{at} reports an error ({first}): see its log.")


def field_of(name: str, kind: str, **more: object) -> Entity:
    """Return the description of a field; `kind` is the name of a Milvus data type."""
    from pymilvus import DataType

    return {"field_name": name, "datatype": DataType[kind], **more}
