"""`ChatService`: where visitors' questions arrive, whichever door they come through: it keeps their pace and remembers what they were answered."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import islice
from threading import Lock
from time import perf_counter, time

from bot.answering.answer import Answer
from bot.answering.bot import Bot
from bot.errors import TooManyQuestions, UsageError
from bot.index.filters import Filters
from bot.index.generation import passage_by_id
from bot.retrieval.finder import Found
from bot.retrieval.topic import Turn
from bot.serve.api.rate_limiter import RateLimiter
from bot.serve.metrics import Metrics
from bot.serve.visitor import Visitor
from bot.settings import ChatSettings
from bot.usage.logged_question import LoggedQuestion, Reason
from bot.usage.store import UsageStore

_REMEMBERED = 20_000
"""Answers that can be voted on: a few MB."""
_TYPING = 10
"""So many times as often as asking may suggestions be looked for while typing."""
_OFTEN = 3
"""Answers from which on a FAQ is often asked."""
_EXAMPLES = 6


class ChatService:
    """Takes visitors' questions and what they say of the answers. Safe to call from many threads."""

    def __init__(self, bot: Bot, settings: ChatSettings, usage: UsageStore | None) -> None:
        self.bot, self.settings = bot, settings
        self._usage = usage
        self.metrics = Metrics(bot)
        self._asking = _paces(settings, 1)
        self._typing = _paces(settings, _TYPING)
        self._given: OrderedDict[str, LoggedQuestion] = OrderedDict()
        self._lock = Lock()

    def ask(
        self, question: str, history: Sequence[Turn], visitor: Visitor, *, category: str | None = None, article: str | None = None,
        since: date | None = None, as_typed: bool = False,
    ) -> Answer:  # fmt: skip
        """As `Bot.ask`, for a visitor. Raises `TooManyQuestions` as well."""
        self._keep_pace(self._asking, visitor)
        start = perf_counter()
        answer = self.bot.ask(question, history, category=category, article=article, since=since, as_typed=as_typed)
        seconds = perf_counter() - start
        self.metrics.answered(visitor.channel, answer, seconds)
        self._remember(_entry(answer, visitor, seconds))
        return answer

    def search(
        self, question: str, k: int, history: Sequence[Turn], visitor: Visitor, *, category: str | None = None, article: str | None = None,
        since: date | None = None, as_typed: bool = False,
    ) -> Found:  # fmt: skip
        """As `Retriever.search`, with what the question was taken to mean. Raises `TooManyQuestions` as well."""
        self._keep_pace(self._asking, visitor)
        return self.bot.retriever.finder().find(
            question, k, Filters(category, article, since), history, as_typed=as_typed
        )

    def typed(self, words: str, visitor: Visitor, category: str | None = None) -> tuple[str, ...]:
        """Questions of the corpus that begin, or mean, what is typed so far. Raises `TooManyQuestions`."""
        self._keep_pace(self._typing, visitor)
        return self.bot.suggestions.typed(words, category)

    def vote(self, answer: str, *, helpful: bool | None, reason: Reason | None = None, comment: str = "") -> None:
        """Store what a visitor says of an answer; None takes it back. Raises `UsageError` when that answer was not given, or it cannot be stored."""
        if self._usage is None or not self.settings.feedback:
            raise UsageError("What visitors say of answers is not stored here.")
        with self._lock:
            given = self._given.get(answer)
        if helpful is None:
            self._usage.take_back(answer)
        else:
            # One given by another process, or before this one began, is known to the log alone.
            self._usage.vote(given or answer, helpful=helpful, reason=reason, comment=comment)
            self.metrics.voted(helpful=helpful)

    @property
    def takes_votes(self) -> bool:
        """Whether what visitors say of answers is stored anywhere."""
        return self._usage is not None and self.settings.feedback

    def often_asked(self) -> tuple[str, ...]:
        """The questions of the FAQs that answered most often; none until there are some."""
        known = self._usage.most_answered(_OFTEN, _EXAMPLES) if self._usage else []
        return tuple(islice(self._questions(known), _EXAMPLES))

    def _questions(self, passages: Iterable[str]) -> Iterable[str]:
        for ident in passages:
            passage = passage_by_id(self.bot.generation.table, ident)
            if passage is not None and passage.question:
                yield passage.question

    def _remember(self, entry: LoggedQuestion) -> None:
        with self._lock:
            self._given[entry.answer] = entry
            while len(self._given) > _REMEMBERED:
                self._given.popitem(last=False)
        if self._usage:
            self._usage.add(entry)

    def _keep_pace(self, paces: Mapping[str | None, RateLimiter], visitor: Visitor) -> None:
        seconds = paces[visitor.key].acquire(visitor.key or visitor.address)
        if seconds:
            self.metrics.turned_away(visitor.channel)
            raise TooManyQuestions(seconds)


def _entry(answer: Answer, visitor: Visitor, seconds: float) -> LoggedQuestion:
    """What is kept of a question and its answer."""
    return LoggedQuestion(
        answer.id, time(), answer.question, "small_talk" if answer.talk else answer.status, answer.probability,
        tuple(source.passage.id for source in answer.sources), answer.generation, 1000 * seconds, visitor.channel, visitor.conversation, answer.corrected,
    )  # fmt: skip


def _paces(settings: ChatSettings, times: int) -> Mapping[str | None, RateLimiter]:
    """By the name of a key, how much its holder may ask; None stands for an address without one."""
    most: dict[str | None, int] = {
        None: settings.limits.questions_per_minute,
        **{name: key.questions_per_minute for name, key in settings.keys.items()},
    }
    return {name: RateLimiter(times * per_minute) for name, per_minute in most.items()}
