"""Entities on their way to a server."""

from collections.abc import Iterable

from bot.backends.milvus.client import Entity, MilvusClient
from bot.backends.milvus.layout import Collections
from bot.backends.milvus.words import article_words, passage_words
from bot.passages import Passage

_BYTES = 8_000_000
"""Of what is sent at once: a server takes 64 MB."""
_ENTITY_BYTES = 300
"""About what an entity has besides its text and its vector."""


class Batch:
    """Entities for one collection, sent some together; `fresh` ones have not been written before."""

    def __init__(self, milvus: MilvusClient, collection: str, *, fresh: bool) -> None:
        self._milvus, self._collection, self._fresh = milvus, collection, fresh
        self._waiting: list[Entity] = []
        self._size = 0

    def add(self, entities: Iterable[Entity]) -> None:
        for entity in entities:
            self._waiting.append(entity)
            self._size += (
                sum(len(value) for value in entity.values() if isinstance(value, str))
                + 4 * len(entity.get("vector", ()))
                + _ENTITY_BYTES
            )
            if self._size > _BYTES:
                self._send()

    def close(self) -> None:
        """Send what still waits."""
        self._send()

    def _send(self) -> None:
        self._milvus.write(self._collection, self._waiting, fresh=self._fresh)
        self._waiting, self._size = [], 0


class BatchOfWords:
    """The words of passages and of their articles, article by article, for a server that ranks by words itself."""

    def __init__(self, milvus: MilvusClient, collections: Collections, *, fresh: bool = True) -> None:
        self._passages, self._articles = (
            Batch(milvus, name, fresh=fresh) for name in (collections.passage_words, collections.article_words)
        )
        self._own: list[Passage] = []

    def add(self, passage: Passage) -> None:
        if self._own and self._own[0].article.id != passage.article.id:
            self._finish_article()
        self._own.append(passage)
        self._passages.add([passage_words(passage)])

    def close(self) -> None:
        """Send what still waits."""
        self._finish_article()
        self._passages.close()
        self._articles.close()

    def _finish_article(self) -> None:
        if self._own:
            self._articles.add([article_words(self._own)])
        self._own = []
