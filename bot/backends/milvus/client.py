"""The one door to pymilvus: a connection that waits no longer than it should, and tells in one sentence what went wrong."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from bot.backends.milvus.address import KINDS, MilvusAddress
from bot.backends.milvus.layout import LONGEST
from bot.encoder import Matrix
from bot.errors import IndexCorrupt, IndexUnreachable, MissingExtra

_WAIT = 15.0
"""Seconds that a call may take, with the client's own retries."""
_LONG_WAIT = 600.0
"""Seconds that loading and indexing a collection may take."""
_BM25_SINCE = (2, 5)
NO_BM25 = "Milvus has BM25 from 2.5 on"
BM25 = "SPARSE_INVERTED_INDEX"
_BM25 = {"bm25_k1": 1.2, "bm25_b": 0.75}
"""As tantivy has them."""
_KEYS = 1000
"""Entities taken out at once."""
_AWAY = ("fail connecting", "unavailable", "deadline", "timeout", "timed out", "connection", "retry run out")
"""What pymilvus says when nobody answers."""
_MOST = 16_000
"""Entities of one query: Milvus gives no more than 16,384."""

Entity = dict[str, Any]


class MilvusClient:
    """A connection to a server. Raises `IndexUnreachable` when it does not answer, `MissingExtra` without pymilvus. Safe to use from many threads."""

    def __init__(self, address: MilvusAddress) -> None:
        try:
            from pymilvus import MilvusClient
        except ModuleNotFoundError:
            raise MissingExtra("pymilvus", "milvus") from None
        self.address = address
        # It logs with a traceback what is told here in a sentence, or is no fault at all.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
        scheme = "https" if address.secure else "http"
        secret = {"token": address.secret} if not address.user else {"user": address.user, "password": address.secret}
        ca = {"server_pem_path": address.ca} if address.ca else {}
        with self._told():
            self._client = MilvusClient(f"{scheme}://{address.server}", timeout=_WAIT, **secret, **ca)

    @cached_property
    def version(self) -> str:
        with self._told():
            return str(self._client.get_server_version())

    @property
    def has_bm25(self) -> bool:
        """Whether the server ranks by words itself, as Milvus does from 2.5 on."""
        found = re.search(r"(\d+)\.(\d+)", self.version)
        return found is not None and (int(found[1]), int(found[2])) >= _BM25_SINCE

    def collections(self) -> list[str]:
        with self._told():
            return [str(name) for name in self._client.list_collections()]

    def create(self, name: str, fields: Sequence[Entity], vector: Entity) -> None:
        """A new collection with these fields and one of vectors."""
        with self._told():
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            for field in (
                *fields,
                {"field_name": vector["name"], "datatype": _type("FLOAT_VECTOR"), "dim": vector["dimension"]},
            ):
                schema.add_field(**field)
            self._client.create_collection(name, schema=schema, consistency_level="Bounded")

    def create_words(self, name: str, fields: Sequence[Entity], texts: Sequence[str]) -> None:
        """A new collection of which the server ranks the `texts` by BM25."""
        from pymilvus import Function, FunctionType

        with self._told():
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            for field in fields:
                schema.add_field(**field)
            for text in texts:
                schema.add_field(
                    text,
                    _type("VARCHAR"),
                    max_length=LONGEST,
                    enable_analyzer=True,
                    enable_match=True,
                    analyzer_params={"tokenizer": "standard"},
                )
                schema.add_field(f"{text}_bm25", _type("SPARSE_FLOAT_VECTOR"))
                schema.add_function(Function(f"{text}_by_bm25", FunctionType.BM25, [text], [f"{text}_bm25"]))
            self._client.create_collection(name, schema=schema, consistency_level="Bounded")

    def finish(self, name: str, vectors: Mapping[str, str], found_by: Sequence[str]) -> None:
        """Have all that was written to a collection on disk, indexed and ready to be asked.

        `vectors` are its fields of vectors, with how each is indexed; numbers in `found_by` are found by value.
        """
        with self._told():
            self._client.flush(name, timeout=_LONG_WAIT)
            indexes = self._client.prepare_index_params()
            for field, kind in vectors.items():
                metric, build = ("BM25", _BM25) if kind == BM25 else ("IP", KINDS[kind][0] if kind in KINDS else {})
                indexes.add_index(field, index_type=kind, metric_type=metric, params=build)
            for field in found_by:
                indexes.add_index(field, index_type="INVERTED" if self.has_bm25 else "STL_SORT")
            self._client.create_index(name, indexes, timeout=_LONG_WAIT)
            self._client.load_collection(name, timeout=_LONG_WAIT)

    def by_words(self, name: str, text: str, words: str, limit: int, matching: str) -> list[tuple[int, float]]:
        """The numbers and scores of what shares the most telling words, best first."""
        with self._told():
            found = self._client.search(
                name, data=[words], anns_field=f"{text}_bm25", limit=limit, filter=matching, output_fields=["number"]
            )
            # Milvus Lite gives them as distances, below zero.
            return [(int(hit["entity"]["number"]), abs(float(hit["distance"]))) for hit in found[0]]

    def drop(self, name: str) -> None:
        with self._told():
            self._client.drop_collection(name)

    def load(self, name: str) -> None:
        """Have a collection ready to be asked."""
        with self._told():
            self._client.load_collection(name, timeout=_LONG_WAIT)

    def alias(self, alias: str) -> str | None:
        """The collection that an alias names; None when there is no such alias."""
        from pymilvus.exceptions import MilvusException

        with self._told():
            try:
                return str(self._client.describe_alias(alias)["collection_name"])
            except MilvusException as error:
                if "not found" in str(error).lower() or "not exist" in str(error).lower():
                    return None
                raise

    def point(self, alias: str, name: str) -> None:
        """Have an alias name a collection, from one moment to the next."""
        known = self.alias(alias)
        with self._told():
            (self._client.create_alias if known is None else self._client.alter_alias)(name, alias)

    def write(self, name: str, entities: Sequence[Entity], *, fresh: bool = False) -> None:
        """Write entities, in place of those with the same keys; `fresh` ones are the first with theirs."""
        if entities:
            with self._told():
                (self._client.insert if fresh else self._client.upsert)(name, list(entities))

    def remove(self, name: str, field: str, keys: Sequence[str | int]) -> None:
        """Take out the entities with these primary keys, which are in that field."""
        for start in range(0, len(keys), _KEYS):
            with self._told():
                self._client.delete(name, filter=f"{field} in {list(keys[start : start + _KEYS])}")

    def find(self, name: str, matching: str, fields: Sequence[str], *, surely: bool = False) -> list[Entity]:
        """The fields of all entities that match; `surely` everything written before, at the price of a fifth of a second.

        Raises `IndexCorrupt` when there are more than Milvus gives: none is left out in silence.
        """
        with self._told():
            found = self._client.query(
                name,
                filter=matching,
                output_fields=list(fields),
                limit=_MOST,
                consistency_level="Strong" if surely else "Bounded",
            )
        if len(found) == _MOST:
            raise IndexCorrupt(
                f"Milvus at {self.address.server} holds more changes, or a larger article, than are read at once: run articlebot build --to again."
            )
        return [dict(each) for each in found]

    def count(self, name: str, matching: str = "", *, surely: bool = True) -> int:
        """How many entities match; `surely` of everything written before."""
        with self._told():
            found = self._client.query(
                name, filter=matching, output_fields=["count(*)"], consistency_level="Strong" if surely else "Bounded"
            )
            return int(found[0]["count(*)"])

    def nearest(
        self, name: str, vector: Matrix, limit: int, matching: str, fields: Sequence[str], kind: str
    ) -> list[Entity]:
        """The fields of the at most `limit` rows nearest to one vector, nearest first."""
        _, search = KINDS[kind]
        # Graphs and lists are searched at least as wide as what is wanted of them.
        wide = {
            parameter: max(value, limit) if parameter in ("ef", "search_list") else value
            for parameter, value in search.items()
        }
        with self._told():
            found = self._client.search(
                name,
                data=np.ascontiguousarray(vector, np.float32),
                limit=limit,
                filter=matching,
                output_fields=list(fields),
                search_params={"params": wide},
            )
            return [dict(hit["entity"]) for hit in found[0]]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what goes wrong between here and the server in one sentence."""
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, RpcError) as error:
            reason = getattr(error, "message", "") or str(error) or type(error).__name__
            raise _meaning(self.address.server, reason, getattr(error, "code", None)) from error


def _meaning(server: str, reason: str, code: object) -> IndexUnreachable | IndexCorrupt:
    first = reason.strip().splitlines()[0][:300] if reason.strip() else "no reason given"
    told = first.lower()
    if "auth" in told or "permission" in told:
        return IndexUnreachable(
            f"Milvus at {server} does not let us in ({first}): set MILVUS_TOKEN, or MILVUS_USER and MILVUS_PASSWORD."
        )
    if code in (100, 4) or "collection not found" in told or "not loaded" in told:
        return IndexCorrupt(
            f"Milvus at {server} does not hold what this index names ({first}): run articlebot build --to again, or articlebot rollback."
        )
    if any(sign in told for sign in _AWAY) or not isinstance(code, int):
        return IndexUnreachable(
            f"Milvus at {server} does not answer ({first}): is it running, and is the address right?"
        )
    return IndexUnreachable(f"Milvus at {server} cannot do what is asked of it now ({first}): its log tells more.")


def _type(name: str) -> Any:
    from pymilvus import DataType

    return DataType[name]


def key_field(name: str, kind: str, **more: object) -> Entity:
    """The primary key of a collection."""
    return {**field_of(name, kind, **more), "is_primary": True}


def field_of(name: str, kind: str, **more: object) -> Entity:
    """A field of a collection, of a kind that Milvus knows."""
    return {"field_name": name, "datatype": _type(kind), **more}
