"""What the REST surface takes and gives, as its description tells it."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from bot.retrieval.finder import LONGEST_QUESTION
from bot.usage.entry import LONGEST_COMMENT, Reason

LONGEST_HISTORY = 20
MOST_HITS, MOST_ARTICLES = 50, 100
_WORDS: dict[str, JsonValue] = {"minLength": 1, "maxLength": LONGEST_QUESTION, "pattern": r"\S"}
"""What a question must have: told here, and checked where every door's questions are, so that all get the same sentence."""


def _number(value: Any) -> Any:
    """JSON's 5.0 is the number 5, "5" and true are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("Input should be a number")  # noqa: TRY004 - what pydantic tells of
    return value


def _words(value: Any) -> Any:
    """A day is written out; a number is none."""
    if value is not None and not isinstance(value, str):
        raise ValueError("Input should be a day such as 2026-01-31")
    return value


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Question(_Body):
    """A visitor's question."""

    question: str = Field(json_schema_extra=_WORDS, examples=["how long is a probation period"])
    history: list[str] = Field(default=[], max_length=LONGEST_HISTORY, description="The visitor's earlier questions, oldest first.")
    category: str | None = Field(default=None, description="Only articles of this category take part.", examples=["HRM"])
    article: str | None = Field(default=None, description="Only the article with this id takes part.")
    since: Annotated[date | None, BeforeValidator(_words)] = Field(
        default=None, description="Only articles published or updated on this day or later.", examples=["2026-01-01"]
    )
    as_typed: bool = Field(default=False, strict=True, description="Whether misspelt words stay as they are.")
    conversation: str | None = Field(default=None, max_length=64, description="Any id that the questions of one conversation share, for the log.")


class Search(Question):
    """A question of which all passages are wanted that may answer it."""

    k: Annotated[int, BeforeValidator(_number)] = Field(default=5, ge=1, le=MOST_HITS, description="The most hits wanted.")


class Feedback(_Body):
    """What a visitor says of an answer."""

    answer: str = Field(description="The `id` of the answer.", max_length=64)
    helpful: bool | None = Field(strict=True, description="Whether it helped; null takes back what was said.")
    reason: Reason | None = Field(default=None, description="What was wrong with it.")
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


class ArticleWanted(_Body):
    """Which article is wanted."""

    id: str = Field(description="The id that a hit or a source names as its article.")


class Hit(_Body):
    """A passage that may answer, with the article it is from."""

    passage: str = Field(description="The id of the passage.", examples=["probation-letter#faq-how-long"])
    article: str = Field(description="The id of its article.")
    kind: Literal["faq", "section"]
    title: str
    section: list[str] = Field(description="The headings it stands under.")
    question: str | None = Field(description="Of a FAQ.")
    text: str
    quote: tuple[int, int] = Field(description="The span of `text` that is quoted, in code points.")
    url: str | None
    link: str | None = Field(description="Opens the page at the quoted words.")
    published: str | None = Field(examples=["2025-10-10"])
    updated: str | None
    category: str | None
    probability: float = Field(description="How likely it answers, 0 to 1.")


class Answer(_Body):
    """Words of the articles, where they stand, and how sure they answer; or none."""

    id: str
    status: Literal["answered", "ambiguous", "no_answer"]
    question: str
    text: str = Field(description="Verbatim words of the articles; empty when there is no answer.")
    probability: float
    sources: list[Hit]
    generation: str
    corrected: str | None = Field(description="The question with its misspelt words repaired, when it was read so.")
    topic: str | None = Field(description="The earlier question that this one was read together with.")
    did_you_mean: list[str]
    suggestions: list[str] = Field(description="Questions that the articles answer.")
    reply: str | None = Field(description="What small talk gets; not words of the articles.")
    categories: list[str]
    newer: Hit | None = Field(description="The passage of a newer article that answers the same question.")


class Hits(_Body):
    """Passages, the likeliest first."""

    hits: list[Hit]
    corrected: str | None = Field(description="The question with its misspelt words repaired, when it was read so.")
    generation: str


class Typed(_Body):
    """Questions that are answered."""

    questions: list[str]


class ArticleLine(_Body):
    """An article in a list."""

    id: str
    title: str
    url: str | None
    category: str | None
    published: str | None
    updated: str | None


class Articles(_Body):
    """A page of the list of articles."""

    articles: list[ArticleLine]
    total: int = Field(description="How many there are without a category.")


class Faq(_Body):
    """A question that an article answers."""

    question: str
    answer: str
    alternates: list[str]


class Article(ArticleLine):
    """An article as it was read."""

    text: str
    tags: list[str]
    language: str
    faqs: list[Faq]
    related: list[str] = Field(description="Ids of articles that it names as related.")


class Category(_Body):
    """A category and how many articles it has."""

    name: str
    articles: int


class Refused(_Body):
    """A generation that does not open."""

    generation: str
    reason: str


class Health(_Body):
    """That answers are given, and from what."""

    status: Literal["ok"]
    generation: str
    refused: Refused | None = Field(description="The newest generation, when that does not open and an older one goes on.")


class Version(_Body):
    """Which program answers, from which generation of which index."""

    version: str
    generation: str
    model: str
    articles: int
    passages: int
