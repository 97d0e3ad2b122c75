"""The article, the one result of reading files of any format.

An article's `text` has the same plain form for all formats, which is valid Markdown: paragraphs, `#` headings, `- ` and
`1. ` lists, `| a | b |` tables and `> ` quotations, with a blank line between blocks and no bold, links or HTML.
Passages and quotes are literal spans of it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Faq:
    """A question, its answer `article.text[start:end]`, the headings above it and other wordings of the question."""

    question: str
    start: int
    end: int
    section: tuple[str, ...] = ()
    alternates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The text below one heading, `article.text[start:end]`, without its subsections."""

    path: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """A published article, or one row of a FAQ table."""

    id: str
    source: str
    """Path of its file, relative to the corpus, with forward slashes."""
    title: str
    text: str
    url: str | None = None
    published: date | None = None
    updated: date | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    language: str = "en"
    faqs: tuple[Faq, ...] = ()
    related: tuple[str, ...] = ()
    """Ids of related articles."""
    also_at: tuple[str, ...] = ()
    """Other URLs of the same text."""
    supersedes: tuple[str, ...] = ()
    """Ids of the articles that this one replaces."""


def article_of(fields: Mapping[str, Any]) -> Article:
    """Return the article whose fields were written as JSON, with its days in ISO 8601."""
    tuples = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    days = {name: date.fromisoformat(fields[name]) for name in ("published", "updated") if fields[name]}
    faqs = (
        Faq(**{**faq, "section": tuple(faq["section"]), "alternates": tuple(faq["alternates"])})
        for faq in tuples["faqs"]
    )
    return Article(**{**fields, **tuples, **days, "faqs": tuple(faqs)})


def slug(text: str) -> str:
    """Return `text` in lower case, with single hyphens between its runs of letters and digits of any script."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in re.sub("['’]", "", folded))
    return "-".join(words.split())
