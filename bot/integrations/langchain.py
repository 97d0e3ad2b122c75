"""LangChain: an index as a retriever. Importing this raises `MissingExtra` when langchain-core is not installed."""

from datetime import date
from pathlib import Path
from typing import Any, Self

from bot.errors import MissingExtra
from bot.integrations.metadata import hit_metadata
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever

try:
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
except ModuleNotFoundError:
    raise MissingExtra("langchain-core", "langchain") from None


# LangChain passes over fields it does not know: a misspelt filter would not filter.
class ArticleRetriever(BaseRetriever, extra="forbid"):
    """Gives the passages that most likely answer a question, best first, each as a `Document` with the passage's words and id.

    `metadata` holds what the JSON of a source does, `probability` among it. The fields are the options of `Retriever.search`; each of these,
    `history` too, may also be set for one question: `retriever.invoke(question, k=3, category="HRM")`. Raises what `Retriever.search` does.
    """

    retriever: Retriever
    k: int = 5
    category: str | None = None
    article: str | None = None
    since: date | None = None

    @classmethod
    def open(cls, index: Path | str, **fields: Any) -> Self:
        """The retriever of an index folder; raises what `Retriever.open` does."""
        return cls(retriever=Retriever.open(index), **fields)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        **options: Any,
    ) -> list[Document]:
        return [_document(hit) for hit in self.retriever.search(query, **self._options(options))]

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002
        **options: Any,
    ) -> list[Document]:
        return [_document(hit) for hit in await self.retriever.asearch(query, **self._options(options))]

    def _options(self, of_this_call: dict[str, Any]) -> dict[str, Any]:
        return {"k": self.k, "category": self.category, "article": self.article, "since": self.since, **of_this_call}


def _document(hit: Hit) -> Document:
    return Document(id=hit.passage.id, page_content=hit.passage.text, metadata=hit_metadata(hit))
