"""`Retriever`: finds passages in what an index folder serves."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

from bot.backends.location import store_at
from bot.corpus.in_memory import ArticleInput
from bot.encoder import Encoder, QuestionEncoder
from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.index.live_index import IndexHandle, LiveIndex, StaticIndex
from bot.index.local_generation import LocalGeneration
from bot.index.store import IndexStore
from bot.retrieval.finder import Finder
from bot.retrieval.hit import Hit
from bot.retrieval.reranker import Reranker
from bot.retrieval.topic import Turn
from bot.settings import BuildSettings


class Retriever:
    """Finds the passages of an index that answer a question, in the newest generation. Safe to call from many threads."""

    def __init__(self, served: IndexHandle, reranker: Reranker | None = None) -> None:
        self.served = served
        self._reranker = reranker
        self._finder = Finder(served.generation, reranker=reranker)

    @classmethod
    def open(
        cls, index: Path | str, reranker: Reranker | None = None, *, encoder: QuestionEncoder | None = None
    ) -> "Retriever":
        """The retriever of an index folder; loads neither torch, unless the reranker does, nor a user interface.

        What a build publishes later is served within a second, without a pause; a question is answered by one generation from beginning to end.
        `reranker` puts the first 20 hits in an order of its own; `encoder` is the one that the index was built with, where that was a program's own.
        Raises `IndexMissing` when there is no index, `IndexCorrupt` when it is not what its manifest says, `ModelError` when it needs another encoder.
        """
        return cls(LiveIndex(store_at(index), encoder), reranker)

    @classmethod
    def from_articles(
        cls,
        articles: Iterable[ArticleInput],
        settings: BuildSettings = BuildSettings(),
        reranker: Reranker | None = None,
        *,
        encoder: Encoder | None = None,
    ) -> "Retriever":
        """The retriever of a list of articles, each an `Article` or a mapping with the fields of a line of `.jsonl`; nothing of it stays on disk.

        To keep the index, give the list to `bot.build.build.build` and open that. Raises `CorpusError` when an article cannot be read, `MissingExtra` when
        what builds is not installed, `ModelError` when the model cannot be had.
        """
        from bot.build.build import build

        # Mapped files and not memory: the same index as any other, and the system may take back what it holds.
        folder = mkdtemp(prefix="articlebot-")
        try:
            build(articles, folder, settings, encoder=encoder)
            retriever = cls(StaticIndex(LocalGeneration.open(IndexStore(folder).current(), encoder=encoder)), reranker)
        except BaseException:
            rmtree(folder, ignore_errors=True)
            raise
        finalize(retriever, rmtree, folder, ignore_errors=True)
        return retriever

    @property
    def generation(self) -> Generation:
        """What is served at this moment."""
        return self.finder().generation

    def finder(self) -> Finder:
        """Finds in what is served at this moment, and stays with it."""
        finder, generation = self._finder, self.served.generation
        if finder.generation is not generation:
            # Two threads may both come by here: either one's is as good.
            self._finder = finder = Finder(generation, reranker=self._reranker)
        return finder

    def search(
        self,
        question: str,
        k: int = 5,
        *,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
        history: Sequence[Turn] = (),
    ) -> tuple[Hit, ...]:
        """The at most `k` passages that most likely answer a question, best first.

        Only articles of `category`, with the id `article`, or dated `since` that day take part. `history` holds the visitor's earlier questions,
        oldest first. Raises `QuestionError` when the question is empty or longer than `LONGEST_QUESTION`.
        """
        return self.finder().find(question, k, Filters(category, article, since), history).hits

    async def asearch(
        self,
        question: str,
        k: int = 5,
        *,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
        history: Sequence[Turn] = (),
    ) -> tuple[Hit, ...]:
        """As `search`, in a thread of asyncio's, so that an event loop goes on meanwhile."""
        import asyncio

        return await asyncio.to_thread(
            self.search, question, k, category=category, article=article, since=since, history=history
        )

    def search_many(
        self,
        questions: Iterable[str],
        k: int = 5,
        *,
        category: str | None = None,
        article: str | None = None,
        since: date | None = None,
    ) -> list[tuple[Hit, ...]]:
        """As `search`, for many questions side by side, in their order and in one generation: as many at a time as there are processors."""
        finder, filters = self.finder(), Filters(category, article, since)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return [found.hits for found in pool.map(lambda question: finder.find(question, k, filters), questions)]
