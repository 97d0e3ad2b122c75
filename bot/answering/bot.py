"""`Bot`: answers from what an index folder serves."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from bot.answering.answer import Answer
from bot.answering.answerer import Answerer
from bot.answering.suggestions import Suggestions
from bot.corpus.in_memory import ArticleInput
from bot.encoder import Encoder
from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.retrieval.reranker import CrossEncoderReranker
from bot.retrieval.retriever import Retriever
from bot.retrieval.topic import Turn
from bot.settings import AnswerSettings


class Bot:
    """Answers questions with the words of an index, in the newest generation, or says that it does not hold the answer. Safe to call from many threads."""

    def __init__(self, retriever: Retriever, settings: AnswerSettings = AnswerSettings()) -> None:
        self.retriever = retriever
        self.settings = settings
        self._answerer = Answerer(retriever.finder(), settings)

    @classmethod
    def open(cls, index: Path | str, settings: AnswerSettings = AnswerSettings()) -> "Bot":
        """The bot of an index folder; loads neither torch, unless a reranker is set, nor a user interface.

        What a build publishes later is served within a second, without a pause; a question is answered by one generation from beginning to end.
        Raises `IndexMissing` when there is no index, `IndexCorrupt` when it is not what its manifest says.
        """
        return cls(
            Retriever.open(index, CrossEncoderReranker(settings.reranker) if settings.reranker else None), settings
        )

    @classmethod
    def from_articles(
        cls,
        articles: Iterable[ArticleInput],
        settings: AnswerSettings = AnswerSettings(),
        *,
        encoder: Encoder | None = None,
    ) -> "Bot":
        """The bot of a list of articles; all as `Retriever.from_articles`."""
        reranker = CrossEncoderReranker(settings.reranker) if settings.reranker else None
        return cls(Retriever.from_articles(articles, reranker=reranker, encoder=encoder), settings)

    def ask(
        self, question: str, history: Sequence[Turn] = (), *, category: str | None = None, article: str | None = None, since: date | None = None,
        as_typed: bool = False,
    ) -> Answer:  # fmt: skip
        """The answer to a question: the whole answer of a FAQ, or the best one to three sentences of a section.

        `history` holds the visitor's earlier questions, oldest first; a turn may also be a message {"role", "content"}. The filters are those of
        `Retriever.search`; `as_typed` repairs no spelling. Raises `QuestionError` when the question is empty or too long.
        """
        return self.answerer().ask(question, history, Filters(category, article, since), as_typed=as_typed)

    async def aask(
        self, question: str, history: Sequence[Turn] = (), *, category: str | None = None, article: str | None = None, since: date | None = None,
        as_typed: bool = False,
    ) -> Answer:  # fmt: skip
        """As `ask`, in a thread of asyncio's, so that an event loop goes on meanwhile."""
        import asyncio

        return await asyncio.to_thread(
            self.ask, question, history, category=category, article=article, since=since, as_typed=as_typed
        )

    @property
    def suggestions(self) -> Suggestions:
        """The questions that what is served at this moment can answer."""
        return self.answerer().suggestions

    @property
    def generation(self) -> Generation:
        """What is served at this moment."""
        return self.retriever.generation

    def answerer(self) -> Answerer:
        """Answers from what is served at this moment, and stays with it."""
        answerer, finder = self._answerer, self.retriever.finder()
        if answerer.finder is not finder:
            self._answerer = answerer = Answerer(finder, self.settings)
        return answerer
