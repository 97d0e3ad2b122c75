"""`Bot`: answers questions from an index."""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Unpack

from bot.answering.answer import Answer
from bot.answering.answerer import Answerer
from bot.answering.suggestions import Suggestions
from bot.corpus.in_memory import ArticleInput
from bot.encoder import Encoder, QuestionEncoder
from bot.index.filters import FilterOptions, Filters
from bot.index.generation import Generation
from bot.retrieval.reranker import Reranker
from bot.retrieval.retriever import Retriever
from bot.retrieval.topic import History
from bot.settings import AnswerSettings, BuildSettings


class Bot:
    """A thread-safe chatbot that quotes the newest generation of an index, or says that it has no answer."""

    def __init__(
        self, retriever: Retriever, settings: AnswerSettings = AnswerSettings(), today: Callable[[], date] = date.today
    ) -> None:
        """`today` returns the day before which a date has passed."""
        self.retriever = retriever
        self.settings = settings
        self._today = today
        self._answerer = Answerer(retriever.finder(), settings, today)

    @classmethod
    def open(
        cls,
        index: Path | str,
        *,
        settings: AnswerSettings = AnswerSettings(),
        encoder: QuestionEncoder | None = None,
        reranker: Reranker | None = None,
    ) -> "Bot":
        """Open an index folder; see `Retriever.open`."""
        return cls(Retriever.open(index, settings=settings, encoder=encoder, reranker=reranker), settings)

    @classmethod
    def from_articles(
        cls,
        articles: Iterable[ArticleInput],
        *,
        settings: AnswerSettings = AnswerSettings(),
        encoder: Encoder | None = None,
        reranker: Reranker | None = None,
        build_settings: BuildSettings = BuildSettings(),
    ) -> "Bot":
        """Index a list of articles in a temporary folder; see `Retriever.from_articles`."""
        retriever = Retriever.from_articles(
            articles, settings=settings, encoder=encoder, reranker=reranker, build_settings=build_settings
        )
        return cls(retriever, settings)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle or copy the place of the index, which is opened anew there."""
        return type(self), (self.retriever, self.settings, self._today)

    def ask(
        self, question: str, history: History = (), *, as_typed: bool = False, **filters: Unpack[FilterOptions]
    ) -> Answer:
        """Return the words of the articles that answer a question, those that come closest, or no answer.

        `history` holds the visitor's earlier questions, oldest first; a turn may also be a {"role", "content"} message
        of the user or the assistant. A question that continues the topic is answered from the article that answered.
        `as_typed` turns spelling repair off. The filters work as in `Retriever.search`. Raises `QuestionError` if the
        question is empty or too long.
        """
        return self.answerer().ask(question, history, Filters(**filters), as_typed=as_typed)

    async def aask(
        self, question: str, history: History = (), *, as_typed: bool = False, **filters: Unpack[FilterOptions]
    ) -> Answer:
        """Run `ask` in a thread, without blocking the event loop."""
        import asyncio

        return await asyncio.to_thread(self.ask, question, history, as_typed=as_typed, **filters)

    @property
    def suggestions(self) -> Suggestions:
        """The questions that the current generation can answer."""
        return self.answerer().suggestions

    @property
    def generation(self) -> Generation:
        """The generation that answers at this moment."""
        return self.retriever.generation

    def answerer(self) -> Answerer:
        """Return the answerer of the current generation; it stays with that generation."""
        answerer, finder = self._answerer, self.retriever.finder()
        if answerer.finder is not finder:
            self._answerer = answerer = Answerer(finder, self.settings, self._today)
        return answerer
