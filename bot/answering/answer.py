"""`Answer`: what `Bot.ask` returns."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from bot.answering import schema
from bot.answering.link import quoting_link
from bot.corpus.outline import table_head
from bot.languages.dates import announced_date
from bot.languages.language import Talk
from bot.languages.registry import ENGLISH, language_of
from bot.passages import Span
from bot.retrieval.hit import Hit

SURE = 0.7  # minimum probability of an answer that is not only a likely one, beside which another may be shown


@dataclass(frozen=True, slots=True)
class Source(Hit):
    """A hit that an answer quotes."""

    quote: Span
    """The span of `passage.text` that is quoted."""
    matched: Span
    """The span of `passage.text`, within the quote, that matches the question best."""

    def passed(self, today: date, *, is_superseded: bool) -> tuple[date, ...]:
        """Return the last dates and days of events before today in the quoted words, in rising order.

        If the sentence that answers has such a date, passed or not, only that counts; likewise if there is a newer
        article, which may have moved the other ones.
        """
        passage = self.passage
        parts = [(start - passage.start, end - passage.start) for start, end in passage.sentences] or [self.quote]
        for first, last in (self.matched,) if is_superseded else (self.matched, self.quote):
            texts = (passage.text[start:end] for start, end in parts if first <= start < last)
            days = {announced_date(text, passage.question or "") for text in texts} - {None}
            if days:
                return tuple(sorted(day for day in days if day and day < today))
        return ()

    @property
    def words(self) -> str:
        """The quoted words; rows of a table below its header row."""
        head = table_head(self.passage.article.text, self.passage.start + self.quote[0])
        return f"{head}\n{self.passage.text[slice(*self.quote)]}".lstrip("\n")


@dataclass(frozen=True, slots=True)
class Answer:
    """Verbatim words of the corpus, their sources and their probability; or no answer."""

    id: str
    status: schema.Status
    question: str
    text: str
    """Verbatim words of the corpus; of status "closest" they may not answer, so say so; "" when there is no answer."""
    probability: float
    """How likely the corpus answers the question, also when that is too unlikely for an answer."""
    sources: tuple[Source, ...]
    """The quoted passages: none without an answer, two if the first is only likely and another may answer instead."""
    suggestions: tuple[str, ...]
    """Questions that the corpus answers: those to ask next or, without a sure answer, those that may be meant."""
    generation: str
    corrected: str | None = None
    """The question with its spelling corrected, if that is how it was read."""
    topic: str | None = None
    """The earlier question that this follow-up was read together with."""
    did_you_mean: tuple[str, ...] = ()
    """The possible meanings of an ambiguous question, each a question that the corpus answers."""
    reply: str | None = None
    """The reply to small talk; not words of the corpus."""
    talk: Talk | None = None
    """The kind of small talk."""
    categories: tuple[str, ...] = ()
    """What the articles are about, largest category first; only when they answer no similar question."""
    newer: Hit | None = None
    """The nearest passage of a newer article that supersedes the source, or answers the same question."""
    passed: tuple[date, ...] = ()
    """Last dates and days of events in the quoted words that have passed."""
    unknown: tuple[str, ...] = ()
    """Names in the question that the articles do not contain: the words shown hold in general, if at all."""
    asked: str | None = None
    """The part of a message of two questions that this answers."""
    answers: tuple["Answer", ...] = ()
    """The answers to the further questions of the same message."""
    language: str = ENGLISH.code
    """Variant of the language that the question is in: "en", "hi" or "hinglish"."""

    @property
    def is_in_another_language(self) -> bool:
        """Whether a source is in another language than the question."""
        own = language_of(self.language)
        return any(language_of(source.passage.article.language) is not own for source in self.sources)

    def to_schema(self) -> schema.Answer:
        """Return the fields of the JSON."""
        return schema.Answer(
            id=self.id, status=self.status, question=self.question, text=self.text,
            probability=round(self.probability, 4), corrected=self.corrected, topic=self.topic,
            sources=[hit_to_schema(hit) for hit in self.sources], did_you_mean=list(self.did_you_mean),
            suggestions=list(self.suggestions), reply=self.reply, categories=list(self.categories),
            newer=hit_to_schema(self.newer) if self.newer else None, generation=self.generation,
            unknown=list(self.unknown), asked=self.asked, answers=[other.to_further() for other in self.answers],
            passed=[*map(date.isoformat, self.passed)],
        )  # fmt: skip

    def to_further(self) -> schema.FurtherAnswer:
        """Return the fields of the JSON of an answer to a further question."""
        return schema.FurtherAnswer(
            asked=self.asked or self.question, status=self.status, text=self.text,
            probability=round(self.probability, 4), sources=[hit_to_schema(hit) for hit in self.sources],
            passed=[*map(date.isoformat, self.passed)],
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON that the chat, REST, MCP, command line and Python share; `schema.Answer` describes it."""
        return asdict(self.to_schema())


def hit_to_schema(hit: Hit) -> schema.Hit:
    """Return the fields of the JSON of a hit; of one that is no source, the whole text is quoted."""
    passage, article = hit.passage, hit.passage.article
    whole = 0, len(passage.text)
    shown = (hit.quote, hit.matched, hit.words) if isinstance(hit, Source) else (whole, whole, passage.text)
    (start, end), matched, words = shown
    return schema.Hit(
        passage=passage.id, article=article.id, kind=passage.kind, title=article.title, section=list(passage.section),
        question=passage.question, text=passage.text, quote=[start, end], matched=list(matched), url=article.url,
        link=quoting_link(article.url, passage.text[start:end]), published=_isoformat(article.published),
        updated=_isoformat(article.updated), category=article.category, language=article.language,
        probability=round(hit.probability, 4), words=words,
    )  # fmt: skip


def hit_to_dict(hit: Hit) -> dict[str, Any]:
    """Return a hit as JSON; `schema.Hit` describes it."""
    return asdict(hit_to_schema(hit))


def _isoformat(day: date | None) -> str | None:
    return day.isoformat() if day else None
