"""A visitor's conversation as data: the browser stores it and sends it with each question; messages are rendered from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.answering.answer import Answer, Source, hit_to_dict
from bot.answering.schema import Status
from bot.answering.small_talk import Talk
from bot.index.filters import last_change
from bot.passages import Span
from bot.retrieval.hit import Hit

_MAX_EXCHANGES = 20
"""Number of exchanges that the browser stores; a whole long conversation would be sent with every question."""


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A quoted passage, with what the page shows of its article."""

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
    is_faq: bool
    is_faq_row: bool
    """Whether the article is a single FAQ, such as a row of a FAQ table: its title is its question."""

    @classmethod
    def of(cls, source: Source) -> "ShownSource":
        passage, article = source.passage, source.passage.article
        return cls(
            text=passage.text, quote=source.quote, highlight=_highlight(source), question=passage.question,
            title=article.title, section=passage.section, language=article.language, category=article.category,
            published=article.published, updated=article.updated, link=hit_to_dict(source)["link"],
            probability=source.probability, is_faq=passage.kind == "faq", is_faq_row=_is_faq_row(source),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewerArticle:
    """A newer article that answers the same question."""

    title: str
    link: str | None
    changed: date | None

    @classmethod
    def of(cls, hit: Hit) -> "NewerArticle":
        article = hit.passage.article
        return cls(article.title, hit_to_dict(hit)["link"], last_change(article))


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
        """Return the conversation that a browser stored, or an empty one if that is damaged or has an older format."""
        try:
            return _ADAPTER.validate_python(stored)
        except ValidationError:
            return cls()

    def dump(self) -> JsonValue:
        """Return what the browser stores."""
        dumped: JsonValue = _ADAPTER.dump_python(self, mode="json")
        return dumped

    def questions(self) -> Sequence[str]:
        return [exchange.question for exchange in self.exchanges]

    def with_exchange(self, exchange: Exchange) -> "Conversation":
        """Return the conversation with one more exchange, without the oldest ones if there are too many."""
        return Conversation(self.id, (*self.exchanges, exchange)[-_MAX_EXCHANGES:])

    def without_last(self) -> "Conversation":
        return Conversation(self.id, self.exchanges[:-1])


_ADAPTER = TypeAdapter(Conversation)


def _highlight(source: Source) -> Span | None:
    """Return the matching sentence, unless it is the whole quote or a list, which stands out by itself."""
    if source.matched == source.quote or "\n" in source.passage.text[slice(*source.matched)]:
        return None
    return source.matched


def _is_faq_row(hit: Hit) -> bool:
    return hit.passage.text == hit.passage.article.text and hit.passage.question == hit.passage.article.title
