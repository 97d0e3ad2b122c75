"""A LlamaIndex retriever. Importing this raises `MissingExtra` if llama-index-core is not installed."""

from pathlib import Path
from typing import Any, Self, Unpack

from bot.errors import requires
from bot.index.filters import FilterOptions, Filters
from bot.integrations import hit_metadata
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever

with requires("llama-index-core", "llama-index"):
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

_HIDDEN = ("passage", "article", "kind", "quote", "matched", "link", "language", "probability")
"""Metadata that is not shown to a language model."""


class ArticleRetriever(BaseRetriever):
    """A retriever that returns passages as `TextNode`s, most likely to answer the question first.

    The score of a node is the hit's probability. Its metadata holds the same fields as the JSON of a source; a language
    model is shown the question, title, headings, URL, dates and category. Raises the exceptions of `Retriever.search`.
    """

    def __init__(self, retriever: Retriever, k: int = 5, **filters: Unpack[FilterOptions]) -> None:
        super().__init__()
        # An unknown filter raises `TypeError` here, not at the first question.
        Filters(**filters)
        self.retriever, self.k, self.filters = retriever, k, filters

    @classmethod
    def open(cls, index: Path | str, **options: Any) -> Self:
        """Open an index folder, with the options of the class. Raises the exceptions of `Retriever.open`."""
        return cls(Retriever.open(index), **options)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in self.retriever.search(query_bundle.query_str, self.k, **self.filters)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in await self.retriever.asearch(query_bundle.query_str, self.k, **self.filters)]


def _node(hit: Hit) -> NodeWithScore:
    metadata = hit_metadata(hit)
    hidden = [name for name, value in metadata.items() if name in _HIDDEN or value is None]
    excluded = {"excluded_llm_metadata_keys": hidden, "excluded_embed_metadata_keys": hidden}
    node = TextNode(id_=hit.passage.id, text=hit.passage.text, metadata=metadata, **excluded)
    return NodeWithScore(node=node, score=hit.probability)
