"""Requests and responses of REST and MCP, described by their docstrings; answers are in `bot.answering.schema`."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from bot.answering.schema import Hit
from bot.errors import QuestionError
from bot.retrieval.finder import LONGEST_QUESTION, checked_text
from bot.usage.logged_question import MAX_COMMENT_LENGTH, Reason

LONGEST_HISTORY, MOST_HITS = 20, 50
_QUESTION: dict[str, JsonValue] = {"minLength": 1, "maxLength": LONGEST_QUESTION, "pattern": r"\S"}
"""Described here but checked by `Bot.ask`, so that every API reports the same error."""


def _check_number(value: Any) -> Any:
    """Refuse "5" and true, which pydantic reads as numbers; accept 5.0, the same number as 5 in JSON."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("Input should be a number")  # noqa: TRY004 - pydantic reports only ValueError
    return value


def _check_date_string(value: Any) -> Any:
    """Refuse numbers, which pydantic reads as Unix timestamps."""
    if value is not None and not isinstance(value, str):
        raise ValueError("Input should be a date such as 2026-01-31")
    return value


_IsoDate = Annotated[str | None, BeforeValidator(lambda day: day.isoformat() if isinstance(day, date) else day)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class WholeText(BaseModel):
    """A request whose texts are read by `checked_text`: JSON can spell half an emoji, which no response can repeat."""

    @model_validator(mode="before")
    @classmethod
    def _check_text(cls, data: Any) -> Any:
        try:
            return _checked(data)
        except QuestionError as error:
            raise ValueError(str(error).rstrip(".")) from None
        except RecursionError:
            raise ValueError("The request is nested too deeply: send it as the documentation describes it") from None


def _checked(data: Any) -> Any:
    """Return what JSON spelled, with each of its texts as `checked_text` returns it."""
    if isinstance(data, str):
        return checked_text(data)
    if isinstance(data, dict):
        return {checked_text(name): _checked(value) for name, value in data.items()}
    return [_checked(each) for each in data] if isinstance(data, list) else data


class Message(_Model):
    """A question or an answer of the conversation so far."""

    role: Literal["user", "assistant"]
    """Who wrote it: "user" of a question, "assistant" of an answer."""
    content: str
    """The question, or the `text` of its answer."""


class Question(WholeText, _Model):
    """A visitor's question."""

    question: str = Field(json_schema_extra=_QUESTION, examples=["how long is a probation period"])
    """The question in the visitor's words."""
    history: list[str | Message] = Field(
        default=[], max_length=LONGEST_HISTORY, examples=[["what is a probation letter"]]
    )
    """The visitor's earlier questions, oldest first. An item may be a message, so that answers are known as well."""
    category: str | None = Field(default=None, examples=["HRM"])
    """Search only the articles of this category."""
    article: str | None = Field(default=None, examples=["probation-letter"])
    """Search only the article with this id."""
    since: Annotated[date | None, BeforeValidator(_check_date_string)] = Field(default=None, examples=["2026-01-01"])
    """Search only articles published or updated on or after this date."""
    as_typed: bool = Field(default=False, strict=True)
    """Whether to leave the spelling as it is."""
    conversation: str | None = Field(default=None, max_length=64, examples=["3f9a"])
    """An id that all questions of one conversation share, for the question log."""


class Search(Question):
    """A question to search passages for."""

    k: Annotated[int, BeforeValidator(_check_number)] = Field(default=5, ge=1, le=MOST_HITS)
    """The maximum number of hits."""


class Feedback(WholeText, _Model):
    """A visitor's feedback on an answer."""

    answer: str = Field(max_length=64)
    """The `id` of the answer."""
    helpful: bool | None = Field(strict=True)
    """Whether the answer helped; null withdraws earlier feedback."""
    reason: Reason | None = None
    """What was wrong with the answer."""
    comment: str = Field(default="", max_length=MAX_COMMENT_LENGTH)
    """The visitor's comment."""


class ArticleRequest(WholeText, _Model):
    """A request for one article."""

    id: str
    """The id that a hit or a source names as its `article`."""


class Hits(_Model):
    """Passages, most likely first."""

    hits: list[Hit]
    """At most `k` hits."""
    corrected: str | None
    """The question with its spelling corrected, if that is how it was read."""
    generation: str
    """The generation of the index that was searched."""


class Suggestions(_Model):
    """Questions that the articles answer."""

    questions: list[str]
    """The questions, most likely first."""


class Category(_Model):
    """A category and its number of articles."""

    name: str
    """The name of the category."""
    articles: int
    """The number of its articles."""


class Start(_Model):
    """What visitors may begin with."""

    questions: list[str]
    """Questions that the articles answer, those that were asked often first."""
    often_asked: bool
    """Whether the first of these questions were asked often."""
    categories: list[Category]
    """The categories, largest first."""


class ArticleSummary(_Model):
    """An article in a list."""

    id: str = Field(examples=["probation-letter"])
    """The id of the article."""
    title: str
    """The title of the article."""
    url: str | None
    """The address of the article."""
    category: str | None
    """The category of the article."""
    published: _IsoDate
    """The day when the article was published."""
    updated: _IsoDate
    """The day when the article was last updated."""


class Articles(_Model):
    """A page of the list of articles."""

    articles: list[ArticleSummary]
    """The articles in the order of the corpus."""
    total: int
    """The number of articles in all categories."""


class Faq(_Model):
    """A question that an article answers."""

    question: str
    """The question as the article asks it."""
    answer: str
    """The answer in the article's words."""
    alternates: list[str]
    """Other ways to ask the question."""


class Article(ArticleSummary):
    """A whole article."""

    text: str
    """The whole text as Markdown."""
    tags: list[str]
    """The tags of the article."""
    language: str
    """The language of the article, a BCP 47 code."""
    faqs: list[Faq]
    """The questions that the article answers."""
    related: list[str]
    """The ids of related articles."""
    supersedes: list[str]
    """The ids of the articles that this one replaces."""


class RejectedGeneration(_Model):
    """A generation that cannot be opened."""

    generation: str
    """The name of the generation."""
    reason: str
    """Why it cannot be opened."""


class Health(_Model):
    """The state of the server."""

    status: Literal["ok"]
    """The server answers questions."""
    generation: str
    """The generation of the index that answers."""
    refused: RejectedGeneration | None
    """The newest generation, if it cannot be opened and an older one still answers."""


class Version(_Model):
    """The version of the program and of the index."""

    version: str
    """The version of articlebot."""
    generation: str
    """The generation of the index that answers."""
    model: str
    """The embedding model of the index."""
    articles: int
    """The number of articles."""
    passages: int
    """The number of passages."""
