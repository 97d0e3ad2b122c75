"""`Retriever`: searches the passages of an index."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Unpack
from weakref import finalize

from bot.backends.location import store_at
from bot.corpus.in_memory import ArticleInput
from bot.encoder import Encoder, QuestionEncoder
from bot.index.filters import FilterOptions, Filters
from bot.index.generation import Generation
from bot.index.live_index import IndexHandle, LiveIndex
from bot.index.store import LocalStore
from bot.retrieval.finder import Finder
from bot.retrieval.hit import Hit
from bot.retrieval.reranker import CrossEncoderReranker, Reranker
from bot.retrieval.topic import History
from bot.settings import AnswerSettings, BuildSettings


class Retriever:
    """A search over the newest generation of an index. Safe to call from many threads."""

    def __init__(self, index: IndexHandle, *, reranker: Reranker | None = None) -> None:
        self.index = index
        self._reranker = reranker
        self._finder = Finder(index.generation, reranker=reranker)

    @classmethod
    def open(
        cls,
        index: Path | str,
        *,
        settings: AnswerSettings = AnswerSettings(),
        encoder: QuestionEncoder | None = None,
        reranker: Reranker | None = None,
    ) -> "Retriever":
        """Open an index folder, without loading torch (unless a reranker needs it) or a user interface.

        A new generation is picked up within a second of being published; each question is answered from one generation.
        Pass `encoder` if the index was built with a custom one. `reranker`, by default the model that `settings` name,
        reorders the first 20 hits. Raises `IndexMissing` if there is no index, `IndexCorrupt` if its files do not match
        its manifest, and `ModelError` if it was built with another encoder.
        """
        return cls(LiveIndex(store_at(index), encoder), reranker=reranker or _reranker_of(settings))

    @classmethod
    def from_articles(
        cls,
        articles: Iterable[ArticleInput],
        *,
        settings: AnswerSettings = AnswerSettings(),
        encoder: Encoder | None = None,
        reranker: Reranker | None = None,
        build_settings: BuildSettings = BuildSettings(),
    ) -> "Retriever":
        """Index a list of articles in a temporary folder, deleted together with the retriever.

        Each article is an `Article` or a mapping with the fields of a `.jsonl` line. To keep the index, use
        `bot.build.build.build`. Raises `CorpusError` if an article cannot be read, `MissingExtra` if the packages that
        build an index are not installed, and `ModelError` if the model is not available.
        """
        from bot.build.build import build

        # On disk rather than in memory: the index is like any other, and the system can reclaim its mapped pages.
        folder = mkdtemp(prefix="articlebot-")
        with ExitStack() as stack:
            stack.callback(rmtree, folder, ignore_errors=True)
            build(articles, folder, build_settings, encoder=encoder)
            index = LiveIndex(LocalStore(folder), encoder, follow=False)
            retriever = cls(index, reranker=reranker or _reranker_of(settings))
            finalize(retriever, _close_in, os.getpid(), stack.pop_all().close)
        return retriever

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle or copy the place of the index, which is opened anew there."""
        return partial(type(self), reranker=self._reranker), (self.index,)

    @property
    def generation(self) -> Generation:
        """The generation that is searched at this moment."""
        return self.finder().generation

    def finder(self) -> Finder:
        """Return the finder of the current generation; it stays with that generation."""
        finder, generation = self._finder, self.index.generation
        if finder.generation is not generation:
            # Two threads may both get here; either finder will do.
            self._finder = finder = Finder(generation, reranker=self._reranker)
        return finder

    def search(
        self, question: str, k: int = 5, *, history: History = (), **filters: Unpack[FilterOptions]
    ) -> tuple[Hit, ...]:
        """Return up to `k` passages, most likely to answer the question first.

        Filters: `category`, `article` (an id) and `since` (a date of publication or update). `history` holds the
        visitor's earlier questions, oldest first. Raises `QuestionError` if the question is empty or longer than
        `LONGEST_QUESTION`.
        """
        return self.finder().find(question, k, Filters(**filters), history).hits

    async def asearch(
        self, question: str, k: int = 5, *, history: History = (), **filters: Unpack[FilterOptions]
    ) -> tuple[Hit, ...]:
        """Run `search` in a thread, without blocking the event loop."""
        import asyncio

        return await asyncio.to_thread(self.search, question, k, history=history, **filters)

    def search_many(
        self, questions: Iterable[str], k: int = 5, **filters: Unpack[FilterOptions]
    ) -> list[tuple[Hit, ...]]:
        """Search for many questions in one generation, one thread per processor; results keep the questions' order."""
        finder, chosen = self.finder(), Filters(**filters)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return [found.hits for found in pool.map(lambda question: finder.find(question, k, chosen), questions)]


def _close_in(process: int, close: Callable[[], None]) -> None:
    """Call `close` in this process only, and not in those forked from it."""
    if os.getpid() == process:
        close()


def _reranker_of(settings: AnswerSettings) -> Reranker | None:
    return CrossEncoderReranker(settings.reranker) if settings.reranker else None
