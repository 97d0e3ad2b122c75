"""A LangChain retriever. Importing this raises `MissingExtra` if langchain-core is not installed."""

from datetime import date
from pathlib import Path
from typing import Any, Self

from bot.errors import requires
from bot.integrations import hit_metadata
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever

with requires("langchain-core", "langchain"):
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun as AsyncManager
    from langchain_core.callbacks import CallbackManagerForRetrieverRun as Manager
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever


# LangChain ignores unknown fields: a misspelled filter would have no effect.
class ArticleRetriever(BaseRetriever, extra="forbid"):
    """A retriever that returns passages as `Document`s, most likely to answer the question first.

    The metadata of a document holds the same fields as the JSON of a source, such as `probability`. The fields of the
    retriever are the options of `Retriever.search`; each of them, and `history`, can be set for a single question:
    `retriever.invoke(question, k=3, category="HRM")`. Raises the exceptions of `Retriever.search`.
    """

    retriever: Retriever
    k: int = 5
    category: str | None = None
    article: str | None = None
    since: date | None = None

    @classmethod
    def open(cls, index: Path | str, **fields: Any) -> Self:
        """Open an index folder. Raises the exceptions of `Retriever.open`."""
        return cls(retriever=Retriever.open(index), **fields)

    def _get_relevant_documents(self, query: str, *, run_manager: Manager, **options: Any) -> list[Document]:
        del run_manager
        return [_document(hit) for hit in self.retriever.search(query, **self._options(options))]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncManager, **options: Any
    ) -> list[Document]:
        del run_manager
        return [_document(hit) for hit in await self.retriever.asearch(query, **self._options(options))]

    def _options(self, overrides: dict[str, Any]) -> dict[str, Any]:
        return {"k": self.k, "category": self.category, "article": self.article, "since": self.since, **overrides}


def _document(hit: Hit) -> Document:
    return Document(id=hit.passage.id, page_content=hit.passage.text, metadata=hit_metadata(hit))
