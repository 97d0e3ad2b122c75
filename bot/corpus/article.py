"""The article: what every reader makes, whatever the file was.

An article's `text` is one plain form for all formats, readable as it stands and valid Markdown: paragraphs, `#` headings,
`- ` and `1. ` lists, `| a | b |` tables and `> ` quotations, a blank line between blocks; words only, with no bold, links or HTML.
Passages, quotes and links are literal spans of it.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Faq:
    """A question with its answer, `article.text[start:end]`, the headings it stands under and other ways to ask it."""

    question: str
    start: int
    end: int
    section: tuple[str, ...] = ()
    alternates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of an article under one heading path, `article.text[start:end]`, without its subsections."""

    path: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """One published article, or one row of a FAQ table."""

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
    """Further addresses of the same text."""


def slug(text: str) -> str:
    """`text` in lower case, its letters and digits (of any script) joined by single hyphens."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in re.sub("['’]", "", folded))
    return "-".join(kept.split())
