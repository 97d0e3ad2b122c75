"""What the REST surface takes and gives, as its description tells it."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from bot.retrieval.finder import LONGEST_QUESTION
from bot.usage.logged_question import LONGEST_COMMENT, Reason

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
    """The docstrings of fields are what the description of the interface says of them."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Question(_Body):
    """A visitor's question."""

    question: str = Field(json_schema_extra=_WORDS, examples=["how long is a probation period"])
    """What is asked, in the visitor's words."""
    history: list[str] = Field(default=[], max_length=LONGEST_HISTORY, examples=[["what is a probation letter"]])
    """The visitor's earlier questions, oldest first."""
    category: str | None = Field(default=None, examples=["HRM"])
    """Only articles of this category take part."""
    article: str | None = Field(default=None, examples=["probation-letter"])
    """Only the article with this id takes part."""
    since: Annotated[date | None, BeforeValidator(_words)] = Field(default=None, examples=["2026-01-01"])
    """Only articles published or updated on this day or later."""
    as_typed: bool = Field(default=False, strict=True)
    """Whether misspelt words stay as they are."""
    conversation: str | None = Field(default=None, max_length=64, examples=["3f9a"])
    """Any id that the questions of one conversation share, for the log."""


class Search(Question):
    """A question of which all passages are wanted that may answer it."""

    k: Annotated[int, BeforeValidator(_number)] = Field(default=5, ge=1, le=MOST_HITS)
    """The most hits wanted."""


class Feedback(_Body):
    """What a visitor says of an answer."""

    answer: str = Field(max_length=64)
    """The `id` of the answer."""
    helpful: bool | None = Field(strict=True)
    """Whether it helped; null takes back what was said."""
    reason: Reason | None = None
    """What was wrong with it."""
    comment: str = Field(default="", max_length=LONGEST_COMMENT)
    """What else the visitor says of it."""


class ArticleWanted(_Body):
    """Which article is wanted."""

    id: str
    """The id that a hit or a source names as its article."""


class Hit(_Body):
    """A passage that may answer, with the article it is from."""

    passage: str = Field(examples=["probation-letter#faq-how-long"])
    """The id of the passage."""
    article: str = Field(examples=["probation-letter"])
    """The id of its article."""
    kind: Literal["faq", "section"]
    """Whether it is a FAQ or a stretch of a section."""
    title: str
    """The article's title."""
    section: list[str] = Field(examples=[["FAQs"]])
    """The headings it stands under."""
    question: str | None
    """Of a FAQ."""
    text: str
    """Its words; of a FAQ the answer."""
    quote: tuple[int, int]
    """The span of `text` that is quoted, in code points."""
    url: str | None
    """The article's address."""
    link: str | None
    """Opens the page at the quoted words."""
    published: str | None = Field(examples=["2025-10-10"])
    """The day of the article's publication."""
    updated: str | None
    """The day of its last change."""
    category: str | None
    """The article's category."""
    probability: float
    """How likely it answers, 0 to 1."""


class Answer(_Body):
    """Words of the articles, where they stand, and how sure they answer; or none."""

    id: str
    """What feedback names it by."""
    status: Literal["answered", "ambiguous", "no_answer"]
    """Whether the articles answer, may mean several things, or do not hold it."""
    question: str
    """What was asked."""
    text: str
    """Verbatim words of the articles; empty when there is no answer."""
    probability: float
    """How likely the articles answer the question, 0 to 1."""
    sources: list[Hit]
    """The passages that are quoted; none when there is no answer."""
    generation: str
    """The state of the index that answered."""
    corrected: str | None
    """The question with its misspelt words repaired, when it was read so."""
    topic: str | None
    """The earlier question that this one was read together with."""
    did_you_mean: list[str]
    """What an ambiguous question may mean, each a question that the articles answer."""
    suggestions: list[str]
    """Questions that the articles answer."""
    reply: str | None
    """What small talk gets; not words of the articles."""
    categories: list[str]
    """What the articles are about, told where no question that they answer is near."""
    newer: Hit | None
    """The passage of a newer article that answers the same question."""


class Hits(_Body):
    """Passages, the likeliest first."""

    hits: list[Hit]
    """At most `k` of them."""
    corrected: str | None
    """The question with its misspelt words repaired, when it was read so."""
    generation: str
    """The state of the index that answered."""


class Typed(_Body):
    """Questions that are answered."""

    questions: list[str]
    """The likeliest first."""


class ArticleLine(_Body):
    """An article in a list."""

    id: str = Field(examples=["probation-letter"])
    """By which it is asked for."""
    title: str
    """Its title."""
    url: str | None
    """Its address."""
    category: str | None
    """Its category."""
    published: str | None
    """The day of its publication."""
    updated: str | None
    """The day of its last change."""


class Articles(_Body):
    """A page of the list of articles."""

    articles: list[ArticleLine]
    """In the order of the corpus."""
    total: int
    """How many there are without a category."""


class Faq(_Body):
    """A question that an article answers."""

    question: str
    """As the article asks it."""
    answer: str
    """The article's words."""
    alternates: list[str]
    """Other ways to ask it."""


class Article(ArticleLine):
    """An article as it was read."""

    text: str
    """All of it, in plain form: valid Markdown."""
    tags: list[str]
    """Its tags."""
    language: str
    """The code of its language (BCP 47)."""
    faqs: list[Faq]
    """The questions that it answers."""
    related: list[str]
    """Ids of articles that it names as related."""


class Category(_Body):
    """A category and how many articles it has."""

    name: str
    """As the articles name it."""
    articles: int
    """How many articles it has."""


class Refused(_Body):
    """A generation that does not open."""

    generation: str
    """Its name."""
    reason: str
    """Why it does not."""


class Health(_Body):
    """That answers are given, and from what."""

    status: Literal["ok"]
    """That questions are answered."""
    generation: str
    """The state of the index that answers."""
    refused: Refused | None
    """The newest generation, when that does not open and an older one goes on."""


class Version(_Body):
    """Which program answers, from which generation of which index."""

    version: str
    """That of articlebot."""
    generation: str
    """The state of the index that answers."""
    model: str
    """The embedding model that it was built with."""
    articles: int
    """How many it holds."""
    passages: int
    """How many it holds."""
