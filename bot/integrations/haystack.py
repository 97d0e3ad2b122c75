"""Haystack: an index as a component. Importing this raises `MissingExtra` when haystack-ai is not installed.

Haystack itself reports to its makers that a pipeline ran, with the names of its components, and writes an id for that to `~/.haystack` when it
is imported. The environment variable `HAYSTACK_TELEMETRY_ENABLED=False`, set before that, keeps it from both.
"""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any, Self

from bot.errors import MissingExtra
from bot.integrations.metadata import hit_metadata
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ModuleNotFoundError:
    raise MissingExtra("haystack-ai", "haystack") from None


@component
class ArticleRetriever:
    """Gives the passages that most likely answer a question, best first, each as a `Document` with the passage's words and id.

    The score of a document is the hit's probability, and its `meta` holds what the JSON of a source does. What `run` is given goes before what
    the constructor was given. A pipeline that is saved holds the path of the index; to load it takes `allowed_modules=["bot.integrations"]`.
    """

    def __init__(
        self,
        index: Path | str,
        top_k: int = 5,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
    ) -> None:
        self.index = index
        self.top_k = top_k
        self.category = category
        self.article = article
        self.since = since
        self._retriever: Retriever | None = None

    def warm_up(self) -> None:
        """Opens the index, unless it is open; raises what `Retriever.open` does."""
        self._open()

    async def warm_up_async(self) -> None:
        """As `warm_up`, in a thread of asyncio's, so that an event loop goes on meanwhile."""
        await asyncio.to_thread(self._open)

    @component.output_types(documents=list[Document])
    def run(
        self,
        query: str,
        top_k: int | None = None,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
    ) -> dict[str, list[Document]]:
        """The `top_k` passages that most likely answer a question, of the articles that meet the filters; raises what `Retriever.search` does."""
        hits = self._open().search(query, **self._options(top_k, category, article, since))
        return {"documents": [_document(hit) for hit in hits]}

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query: str,
        top_k: int | None = None,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
    ) -> dict[str, list[Document]]:
        """As `run`, in a thread of asyncio's, so that an event loop goes on meanwhile."""
        return await asyncio.to_thread(self.run, query, top_k, category, article, since)

    def to_dict(self) -> dict[str, Any]:
        """The constructor's arguments as Haystack writes them."""
        since = self.since.isoformat() if self.since else None
        return default_to_dict(
            self, index=str(self.index), top_k=self.top_k, category=self.category, article=self.article, since=since
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """What `to_dict` wrote, and what people write by hand, where YAML reads a day as a date."""
        arguments = dict(data.get("init_parameters", {}))
        if since := arguments.get("since"):
            arguments["since"] = date.fromisoformat(str(since))
        return default_from_dict(cls, {**data, "init_parameters": arguments})

    def _open(self) -> Retriever:
        if self._retriever is None:
            self._retriever = Retriever.open(self.index)
        return self._retriever

    def _options(
        self, top_k: int | None, category: str | None, article: str | None, since: date | None
    ) -> dict[str, Any]:
        return {
            "k": self.top_k if top_k is None else top_k,
            "category": category or self.category,
            "article": article or self.article,
            "since": since or self.since,
        }


def _document(hit: Hit) -> Document:
    return Document(id=hit.passage.id, content=hit.passage.text, meta=hit_metadata(hit), score=hit.probability)
