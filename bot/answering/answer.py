"""What a question gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from bot.answering.link import quoting_link
from bot.answering.small_talk import Talk
from bot.languages.hindi.rewriting import Language
from bot.passages import Span
from bot.retrieval.hit import Hit

Status = Literal["answered", "ambiguous", "no_answer"]


@dataclass(frozen=True, slots=True)
class Source(Hit):
    """A hit that an answer quotes."""

    quote: Span
    """The span of `passage.text` that is quoted."""
    matched: Span
    """The span of `passage.text`, within the quote, that fits the question best."""

    @property
    def words(self) -> str:
        """What is quoted."""
        return self.passage.text[slice(*self.quote)]


@dataclass(frozen=True, slots=True)
class Answer:
    """Words of the corpus, where they stand, and how sure they answer the question; or none."""

    id: str
    status: Status
    question: str
    text: str
    """Verbatim words of the corpus; "" when there is no answer."""
    probability: float
    """How likely the corpus answers the question, also when that is too little for an answer."""
    sources: tuple[Source, ...]
    """Empty when there is no answer."""
    suggestions: tuple[str, ...]
    """Questions that the corpus answers."""
    generation: str
    corrected: str | None = None
    """The question with its misspelt words repaired, when it was read so."""
    topic: str | None = None
    """The earlier question that this one was read together with."""
    did_you_mean: tuple[str, ...] = ()
    """Of an ambiguous question: what it may mean, each a question that the corpus answers."""
    reply: str | None = None
    """What small talk gets; not words of the corpus."""
    talk: Talk | None = None
    """What kind of small talk it was."""
    categories: tuple[str, ...] = ()
    """What the articles are about, largest first: told when no question that they answer is near."""
    newer: Hit | None = None
    """The passage of a newer article that answers the same question as the source."""
    language: Language = "en"
    """What the question is asked in."""

    @property
    def is_in_another_language(self) -> bool:
        """Whether what is quoted is in another language than the question."""
        return any((source.passage.article.language == "hi") == (self.language == "en") for source in self.sources)

    def to_dict(self) -> dict[str, Any]:
        """The JSON that chat, REST, MCP, command line and Python share."""
        return {
            "id": self.id,
            "status": self.status,
            "question": self.question,
            "text": self.text,
            "probability": round(self.probability, 4),
            "corrected": self.corrected,
            "topic": self.topic,
            "sources": [hit_to_dict(hit) for hit in self.sources],
            "did_you_mean": list(self.did_you_mean),
            "suggestions": list(self.suggestions),
            "reply": self.reply,
            "categories": list(self.categories),
            "newer": hit_to_dict(self.newer) if self.newer else None,
            "generation": self.generation,
        }


def hit_to_dict(hit: Hit) -> Mapping[str, Any]:
    """A hit as JSON; `quote` is the span of its `text` that is quoted, `link` opens the page there."""
    passage, article = hit.passage, hit.passage.article
    start, end = hit.quote if isinstance(hit, Source) else (0, len(passage.text))
    return {
        "passage": passage.id,
        "article": article.id,
        "kind": passage.kind,
        "title": article.title,
        "section": list(passage.section),
        "question": passage.question,
        "text": passage.text,
        "quote": [start, end],
        "url": article.url,
        "link": quoting_link(article.url, passage.text[start:end]),
        "published": _day(article.published),
        "updated": _day(article.updated),
        "category": article.category,
        "probability": round(hit.probability, 4),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
