"""LlamaIndex: an index as a retriever. Importing this raises `MissingExtra` when llama-index-core is not installed."""

from datetime import date
from pathlib import Path
from typing import Any, Self

from bot.errors import MissingExtra
from bot.integrations.metadata import hit_metadata
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever

try:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
except ModuleNotFoundError:
    raise MissingExtra("llama-index-core", "llama-index") from None

_FOR_PROGRAMS = ("passage", "article", "kind", "quote", "link", "probability")
"""Metadata that tells a language model nothing."""


class ArticleRetriever(BaseRetriever):
    """Gives the passages that most likely answer a question, best first, each as a `TextNode` with the passage's words and id.

    The score of a node is the hit's probability. `metadata` holds what the JSON of a source does; a language model is shown what tells it
    something: the question, the title, the headings, the address, the dates and the category. Raises what `Retriever.search` does.
    """

    def __init__(
        self,
        retriever: Retriever,
        k: int = 5,
        *,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
    ) -> None:
        super().__init__()
        self.retriever = retriever
        self.k = k
        self.category = category
        self.article = article
        self.since = since

    @classmethod
    def open(cls, index: Path | str, **options: Any) -> Self:
        """The retriever of an index folder, with the options of the class; raises what `Retriever.open` does."""
        return cls(Retriever.open(index), **options)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in self.retriever.search(query_bundle.query_str, **self._options())]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in await self.retriever.asearch(query_bundle.query_str, **self._options())]

    def _options(self) -> dict[str, Any]:
        return {"k": self.k, "category": self.category, "article": self.article, "since": self.since}


def _node(hit: Hit) -> NodeWithScore:
    metadata = hit_metadata(hit)
    hidden = [name for name, value in metadata.items() if name in _FOR_PROGRAMS or value is None]
    node = TextNode(
        id_=hit.passage.id,
        text=hit.passage.text,
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
    return NodeWithScore(node=node, score=hit.probability)
