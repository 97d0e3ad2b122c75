"""`ChatService`: answers the questions of all channels, with rate limits, metrics, votes and the question log."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import BoundedSemaphore
from time import perf_counter, time
from typing import Unpack

from bot.answering.answer import Answer
from bot.answering.bot import Bot
from bot.encoder.question import OnnxQuestionEncoder
from bot.errors import TooManyQuestions, UsageError
from bot.index.filters import FilterOptions, Filters
from bot.lru_cache import LruCache
from bot.retrieval.search_result import SearchResult
from bot.retrieval.topic import Turn
from bot.serve.api.rate_limiter import RateLimiter
from bot.serve.metrics import Metrics
from bot.serve.starters import Starters
from bot.serve.visitor import Visitor
from bot.settings import ChatSettings
from bot.usage.logged_question import LoggedQuestion, Reason, Status
from bot.usage.store import UsageStore

_MAX_ANSWERS = 20_000  # number of latest answers whose questions are remembered for votes: a few MB
_AT_ONCE = 3
"""Number of questions that are answered at the same time. More would wait for the interpreter's lock, and passing it on
takes time: see `benchmarks/speed/visitors.py`."""
_SUGGESTIONS_PER_QUESTION = 10
"""How many times as often as questions a visitor may request suggestions while typing."""


class ChatService:
    """Answers visitors' questions and stores their votes. Safe to call from many threads."""

    def __init__(self, bot: Bot, settings: ChatSettings, usage: UsageStore | None, corpus: Path | None = None) -> None:
        """`corpus` is the folder in which editors chose the questions that an empty chat offers."""
        self.bot, self.settings = bot, settings
        self._usage, self.starters = usage, Starters(bot, usage, corpus)
        self.metrics = Metrics(bot)
        self._limiter, self._at_once = RateLimiter(), BoundedSemaphore(_AT_ONCE)
        self._answered = LruCache[str, LoggedQuestion](_MAX_ANSWERS)

    def ask(
        self, question: str, history: Sequence[Turn], visitor: Visitor, *, as_typed: bool = False,
        **filters: Unpack[FilterOptions],
    ) -> Answer:  # fmt: skip
        """Return the answer of `Bot.ask` and log it. Raises `TooManyQuestions` as well."""
        self._check_rate(visitor)
        start = perf_counter()
        with self._turn():
            answer = self.bot.ask(question, history, as_typed=as_typed, **filters)
        seconds = perf_counter() - start
        status: Status = "small_talk" if answer.talk else answer.status
        self.metrics.questions.labels(visitor.channel, status).inc()
        self.metrics.seconds.labels(visitor.channel).observe(seconds)
        passages = tuple(source.passage.id for source in answer.sources)
        logged = LoggedQuestion(
            answer.id, time(), answer.question, status, answer.probability, passages, answer.generation, 1000 * seconds,
            visitor.channel, visitor.conversation, answer.corrected,
        )  # fmt: skip
        self._answered.put(answer.id, logged)
        if self._usage:
            self._usage.add(logged)
        return answer

    def search(
        self, question: str, k: int, history: Sequence[Turn], visitor: Visitor, *, as_typed: bool = False,
        **filters: Unpack[FilterOptions],
    ) -> SearchResult:  # fmt: skip
        """Return the hits of `Retriever.search` and how the question was read. Raises `TooManyQuestions` as well."""
        self._check_rate(visitor)
        with self._turn():
            return self.bot.retriever.finder().find(question, k, Filters(**filters), history, as_typed=as_typed)

    def suggest(self, words: str, visitor: Visitor, category: str | None = None) -> tuple[str, ...]:
        """Return questions that begin with, or mean, the words typed so far. Raises `TooManyQuestions`."""
        self._check_rate(visitor, "suggestions", _SUGGESTIONS_PER_QUESTION)
        return self.bot.suggestions.complete(words, category)

    def vote(self, answer: str, *, helpful: bool | None, reason: Reason | None = None, comment: str = "") -> None:
        """Store a vote; None withdraws it.

        Raises `UsageError` if there is no such answer to vote on, or it cannot be stored.
        """
        if self._usage is None or not self.settings.feedback:
            raise UsageError("Votes on answers are not stored here.")
        logged = self._answered.get(answer)
        if helpful is None:
            self._usage.withdraw_vote(answer)
        else:
            # An answer of another process, or from before a restart, is known to the log only.
            self._usage.vote(logged or answer, helpful=helpful, reason=reason, comment=comment)
            self.metrics.votes.labels("yes" if helpful else "no").inc()

    @property
    def accepts_votes(self) -> bool:
        return self._usage is not None and self.settings.feedback

    def _turn(self) -> AbstractContextManager[object]:
        """Return what a question waits for; nothing where answering it mostly waits for another machine."""
        generation = self.bot.retriever.generation
        is_here = generation.is_fixed and isinstance(generation.encoder, OnnxQuestionEncoder)
        return self._at_once if is_here else nullcontext()

    def _check_rate(self, visitor: Visitor, asked: str = "questions", factor: int = 1) -> None:
        """Count one question, or another kind of request, of an API key or of an address without one."""
        limits = self.settings.limits if visitor.key is None else self.settings.keys[visitor.key]
        who = ("address", visitor.address) if visitor.key is None else ("key", visitor.key)
        seconds = self._limiter.acquire(factor * limits.questions_per_minute, asked, *who)
        if seconds:
            self.metrics.rate_limited.labels(visitor.channel).inc()
            raise TooManyQuestions(seconds)
