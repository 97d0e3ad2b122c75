"""A conversation as data: the browser stores it and sends it with each question; messages are rendered from it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import uuid4

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.answering.answer import Answer, Source, hit_to_dict
from bot.answering.schema import Status
from bot.index.filters import last_change
from bot.languages.language import Talk
from bot.passages import Span
from bot.retrieval.hit import Hit

_MAX_EXCHANGES = 20
"""Number of exchanges that the browser stores; all of them travel with each question."""


@dataclass(frozen=True, slots=True)
class ShownSource:
    """What the page shows of a quoted passage and its article."""

    text: str
    quote: Span
    """The quoted part of `text`."""
    highlight: Span | None
    """The part of `text` that matches the question best, unless that is the whole quote."""
    question: str | None
    title: str
    section: tuple[str, ...]
    language: str
    category: str | None
    published: date | None
    updated: date | None
    link: str | None
    probability: float
    kind: Literal["faq", "faq row", "section"]
    """A FAQ row is an article of its own, such as a row of a FAQ table."""

    @classmethod
    def of(cls, source: Source) -> "ShownSource":
        passage, article = source.passage, source.passage.article
        is_row = passage.text == article.text and passage.question == article.title
        return cls(
            passage.text, source.quote, _highlight(source), passage.question, article.title, passage.section,
            article.language, article.category, article.published, article.updated, hit_to_dict(source)["link"],
            source.probability, "faq row" if is_row else passage.kind,
        )  # fmt: skip


def _highlight(source: Source) -> Span | None:
    """Return the matching sentence, unless it is the whole quote or a list, which stands out by itself."""
    is_list = "\n" in source.passage.text[slice(*source.matched)]
    return None if is_list or source.matched == source.quote else source.matched


@dataclass(frozen=True, slots=True)
class NewerArticle:
    """A newer article that answers the same question."""

    title: str
    link: str | None
    changed: date | None

    @classmethod
    def of(cls, hit: Hit) -> "NewerArticle":
        return cls(hit.passage.article.title, hit_to_dict(hit)["link"], last_change(hit.passage.article))


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """What the page shows of an answer."""

    id: str
    status: Status
    language: str
    """The language of the question."""
    sources: tuple[ShownSource, ...]
    is_in_another_language: bool
    corrected: str | None
    topic: str | None
    did_you_mean: tuple[str, ...]
    suggestions: tuple[str, ...]
    reply: str | None
    talk: Talk | None
    categories: tuple[str, ...]
    newer: NewerArticle | None

    @classmethod
    def of(cls, answer: Answer) -> "ShownAnswer":
        return cls(
            answer.id, answer.status, answer.language, tuple(map(ShownSource.of, answer.sources)),
            answer.is_in_another_language, answer.corrected, answer.topic, answer.did_you_mean, answer.suggestions,
            answer.reply, answer.talk, answer.categories, NewerArticle.of(answer.newer) if answer.newer else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, how it was asked, and its answer."""

    question: str
    answer: ShownAnswer
    category: str | None = None
    as_typed: bool = False
    """Whether the spelling was left uncorrected."""
    alone: bool = False
    """Whether earlier questions were left out."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The latest exchanges of one visitor, oldest first."""

    id: str = field(default_factory=lambda: uuid4().hex)
    exchanges: tuple[Exchange, ...] = ()

    @classmethod
    def load(cls, stored: object) -> "Conversation":
        """Return the conversation that a browser stored; an empty one if that is damaged or has an older format."""
        try:
            return _ADAPTER.validate_python(stored)
        except ValidationError:
            return cls()

    def dump(self) -> JsonValue:
        """Return what the browser stores."""
        dumped: JsonValue = _ADAPTER.dump_python(self, mode="json")
        return dumped

    def questions(self) -> list[str]:
        return [exchange.question for exchange in self.exchanges]

    def with_exchange(self, exchange: Exchange) -> "Conversation":
        """Return the conversation with one more exchange, without the oldest if there are too many."""
        return Conversation(self.id, (*self.exchanges, exchange)[-_MAX_EXCHANGES:])

    def without_last(self) -> "Conversation":
        return Conversation(self.id, self.exchanges[:-1])


_ADAPTER = TypeAdapter(Conversation)
