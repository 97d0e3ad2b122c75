"""A Haystack component. Importing this raises `MissingExtra` if haystack-ai is not installed.

Haystack sends telemetry about pipelines and their components, and writes an id to `~/.haystack` when it is imported.
Set the environment variable `HAYSTACK_TELEMETRY_ENABLED=False` before the import to prevent both.
"""

import asyncio
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from bot.errors import requires
from bot.integrations import hit_metadata
from bot.retrieval.hit import Hit
from bot.retrieval.retriever import Retriever

with requires("haystack-ai", "haystack"):
    from haystack import Document, component, default_from_dict, default_to_dict

_Text = str | None
_Day = date | None


@component
class ArticleRetriever:
    """A component that returns passages as `Document`s, most likely to answer the question first.

    The score of a document is the hit's probability, and its `meta` holds the same fields as the JSON of a source. The
    arguments of `run` override those of the constructor. A saved pipeline contains the path of the index; loading it
    needs `allowed_modules=["bot.integrations"]`.
    """

    def __init__(
        self, index: Path | str, top_k: int = 5, category: _Text = None, article: _Text = None, since: _Day = None
    ) -> None:
        self.index, self.top_k = index, top_k
        self.category, self.article, self.since = category, article, since

    def warm_up(self) -> None:
        """Open the index unless it is open. Raises the exceptions of `Retriever.open`."""
        _ = self._retriever

    async def warm_up_async(self) -> None:
        """Run `warm_up` in a thread, without blocking the event loop."""
        await asyncio.to_thread(self.warm_up)

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, top_k: int | None = None, category: _Text = None, article: _Text = None, since: _Day = None
    ) -> dict[str, list[Document]]:
        """Return up to `top_k` passages of the articles that match the filters; see `Retriever.search`."""
        k = self.top_k if top_k is None else top_k
        category, article, since = category or self.category, article or self.article, since or self.since
        hits = self._retriever.search(query, k, category=category, article=article, since=since)
        return {"documents": [_document(hit) for hit in hits]}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, top_k: int | None = None, category: _Text = None, article: _Text = None, since: _Day = None
    ) -> dict[str, list[Document]]:
        """Run `run` in a thread, without blocking the event loop."""
        return await asyncio.to_thread(self.run, query, top_k, category, article, since)

    def to_dict(self) -> dict[str, Any]:
        """Return the constructor's arguments in Haystack's format."""
        filters = {"category": self.category, "article": self.article}
        since = self.since.isoformat() if self.since else None
        return default_to_dict(self, index=str(self.index), top_k=self.top_k, **filters, since=since)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Create a component from `to_dict`'s output, or from handwritten YAML, in which a day is a date."""
        arguments = dict(data.get("init_parameters", {}))
        if since := arguments.get("since"):
            arguments["since"] = date.fromisoformat(str(since))
        return default_from_dict(cls, {**data, "init_parameters": arguments})

    @cached_property
    def _retriever(self) -> Retriever:
        return Retriever.open(self.index)


def _document(hit: Hit) -> Document:
    return Document(id=hit.passage.id, content=hit.passage.text, meta=hit_metadata(hit), score=hit.probability)
