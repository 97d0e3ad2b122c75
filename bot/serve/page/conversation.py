"""A conversation as data: the browser stores it and sends it with each question; messages are rendered from it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Self
from uuid import uuid4

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.answering import schema
from bot.answering.answer import Answer, Source
from bot.corpus.outline import table_head
from bot.languages.language import Talk
from bot.retrieval.topic import Turn

_MAX_EXCHANGES = 20  # number of exchanges that the browser stores; all of them travel with each question


@dataclass(frozen=True, slots=True)
class SourceDetails:
    """What the page needs of a source besides the schema."""

    is_faq_row: bool
    """Whether the article is a single FAQ, such as a row of a FAQ table."""
    rows_left_out: tuple[bool, bool] = (False, False)
    """Whether the table of quoted rows has others between its header and them, and below them."""

    @classmethod
    def of(cls, source: Source) -> "SourceDetails":
        passage, article = source.passage, source.passage.article
        is_faq_row = passage.text == article.text and passage.question == article.title
        text, (start, end) = article.text, (passage.start + edge for edge in source.quote)
        head, last = table_head(text, start), text[start:end].rpartition("\n")[2]
        has_more_above = bool(head) and not text[:start].rstrip().endswith(head)
        left_out = has_more_above, last.startswith("|") and text.startswith("\n|", end)
        return cls(is_faq_row, left_out)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, how it was asked, and its answer."""

    answer: schema.Answer
    sources: tuple[SourceDetails, ...]
    """The details of each of the answer's sources."""
    language: str
    """The language of the question."""
    is_in_another_language: bool
    """Whether a source is in another language than the question."""
    talk: Talk | None
    category: str | None
    as_typed: bool
    """Whether the spelling was left uncorrected."""
    alone: bool
    """Whether earlier questions were left out."""
    further: tuple[tuple[SourceDetails, ...], ...] = ()
    """The details of the sources of each further answer."""

    def __post_init__(self) -> None:
        """Raise `ValueError` if a date of the answer is malformed."""
        parts: list[schema.Answer | schema.FurtherAnswer] = [self.answer, *self.answer.answers]
        hits = [*(hit for part in parts for hit in part.sources), *filter(None, [self.answer.newer])]
        days = [day for hit in hits for day in (hit.published, hit.updated) if day]
        for day in days + [day for part in parts for day in part.passed]:
            date.fromisoformat(day)

    @classmethod
    def of(cls, answer: Answer, category: str | None = None, *, as_typed: bool = False, alone: bool = False) -> Self:
        details, *further = (tuple(map(SourceDetails.of, each.sources)) for each in (answer, *answer.answers))
        return cls(
            answer.to_schema(), details, answer.language, answer.is_in_another_language, answer.talk, category,
            as_typed, alone, tuple(further),
        )  # fmt: skip

    @property
    def question(self) -> str:
        """The question on one line."""
        return " ".join(self.answer.question.split())

    @property
    def words(self) -> str:
        """All words that were shown."""
        return "\n\n".join([self.answer.text, *(each.text for each in self.answer.answers)])


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

    def messages(self, most: int) -> list[Turn]:
        """Return the questions and answers of the last `most` exchanges as messages."""
        spoken = ((("user", one.question), ("assistant", one.words)) for one in self.exchanges[-most:])
        return [{"role": role, "content": content} for pair in spoken for role, content in pair]

    def with_exchange(self, exchange: Exchange) -> "Conversation":
        """Return the conversation with one more exchange, without the oldest if there are too many."""
        return Conversation(self.id, (*self.exchanges, exchange)[-_MAX_EXCHANGES:])


_ADAPTER = TypeAdapter(Conversation)
