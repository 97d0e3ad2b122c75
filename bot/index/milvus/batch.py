"""Entities on their way to a server."""

from collections.abc import Iterable

from bot.index.milvus.door import Entity, Milvus

_BYTES = 8_000_000
"""Of what is sent at once: a server takes 64 MB."""
_ENTITY_BYTES = 300
"""About what an entity has besides its text and its vector."""


class Batch:
    """Entities for one collection, sent some together; `fresh` ones have not been written before."""

    def __init__(self, milvus: Milvus, collection: str, *, fresh: bool) -> None:
        self._milvus, self._collection, self._fresh = milvus, collection, fresh
        self._waiting: list[Entity] = []
        self._size = 0

    def add(self, entities: Iterable[Entity]) -> None:
        for entity in entities:
            self._waiting.append(entity)
            self._size += len(entity.get("body", "")) + 4 * len(entity.get("vector", ())) + _ENTITY_BYTES
            if self._size > _BYTES:
                self.send()

    def send(self) -> None:
        """Send what waits."""
        self._milvus.write(self._collection, self._waiting, fresh=self._fresh)
        self._waiting, self._size = [], 0
