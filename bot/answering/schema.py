"""The JSON of an answer and of a hit.

`Answer.to_dict`, REST's OpenAPI description and MCP's output schema are all made from these classes. They are plain
dataclasses, so that asking a question does not import pydantic; `bot.serve` reads their types and docstrings with it.
"""

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["answered", "closest", "ambiguous", "no_answer"]
_PYDANTIC = {"extra": "forbid", "use_attribute_docstrings": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that may answer, with the facts of its article."""

    __pydantic_config__ = _PYDANTIC

    passage: str = field(metadata={"examples": ["probation-letter#faq-how-long"]})
    """The id of the passage."""
    article: str = field(metadata={"examples": ["probation-letter"]})
    """The id of its article."""
    kind: Literal["faq", "section"]
    """Whether the passage is a FAQ or a stretch of a section."""
    title: str
    """The title of the article."""
    section: list[str] = field(metadata={"examples": [["FAQs"]]})
    """The headings above the passage, outermost first."""
    question: str | None
    """The question of a FAQ; null for a section."""
    text: str
    """The words of the passage; for a FAQ, its answer."""
    quote: list[int] = field(metadata={"min_length": 2, "max_length": 2})
    """Start and end of the quoted span of `text`, in code points."""
    matched: list[int] = field(metadata={"min_length": 2, "max_length": 2})
    """Start and end, within the quoted span, of the words that match the question best."""
    url: str | None
    """The address of the article."""
    link: str | None
    """The address that opens the page at the quoted words."""
    published: str | None = field(metadata={"examples": ["2025-10-10"]})
    """The day when the article was published."""
    updated: str | None
    """The day when the article was last updated."""
    category: str | None
    """The category of the article."""
    language: str
    """The language of the article, a BCP 47 code."""
    probability: float
    """How likely the passage answers the question, from 0 to 1."""
    words: str
    """The quoted words; rows of a table below its header row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherAnswer:
    """The answer to a further question of a message."""

    __pydantic_config__ = _PYDANTIC

    asked: str
    """The part of the message that it answers."""
    status: Status
    """Whether the words answer the question, or only come closest."""
    text: str
    """Verbatim words of the articles; with status closest they may not answer, so say so."""
    probability: float
    """How likely the words answer the question, from 0 to 1."""
    sources: list[Hit]
    """The quoted passages."""
    passed: list[str]
    """Last dates and days of events in the quoted words that have passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a question: verbatim words of the articles with their sources, or none."""

    __pydantic_config__ = _PYDANTIC

    id: str
    """The id that feedback refers to."""
    status: Status
    """Whether the articles answer the question, hold words that only come closest, it is ambiguous, or they do not."""
    question: str
    """The question as it was asked."""
    text: str
    """Verbatim words of the articles; with status closest they may not answer, so say so; empty without an answer."""
    probability: float
    """How likely the articles answer the question, from 0 to 1."""
    corrected: str | None
    """The question with its spelling corrected, if that is how it was read."""
    topic: str | None
    """The earlier question that this follow-up was read together with."""
    sources: list[Hit]
    """The quoted passages, in the order of `text`: beside an answer that is only likely, another that may answer."""
    did_you_mean: list[str]
    """The possible meanings of an ambiguous question, each a question that the articles answer."""
    suggestions: list[str]
    """Questions that the articles answer: those to ask next or, without a sure answer, those that may be meant."""
    reply: str | None
    """The reply to small talk; not words of the articles."""
    categories: list[str]
    """What the articles are about, to ask next; only when they answer no similar question."""
    newer: Hit | None
    """The nearest passage of a newer article that supersedes the quoted one, or answers the same question."""
    generation: str
    """The generation of the index that answered."""
    unknown: list[str]
    """Names in the question that the articles do not contain: the words shown hold in general, if at all."""
    asked: str | None
    """The part of a message of two questions that `text` answers."""
    answers: list[FurtherAnswer]
    """The answers to the further questions of the message."""
    passed: list[str] = field(metadata={"examples": [["2026-03-12"]]})
    """Last dates and days of events in the quoted words that have passed."""
