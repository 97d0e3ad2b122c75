"""Filters: which articles a question is restricted to."""

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from bot.corpus.article import Article


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that a passage's article must all meet, applied before ranking."""

    category: str | None = None
    """Compared case-insensitively."""
    article: str | None = None
    """The id of an article."""
    since: date | None = None
    """First day of publication or update; articles without a date never match."""


class FilterOptions(TypedDict, total=False):
    """The fields of `Filters`, as keyword arguments of public methods."""

    category: str | None
    article: str | None
    since: date | None


def last_change(article: Article) -> date | None:
    """Return the later of an article's two dates."""
    return max((day for day in (article.published, article.updated) if day), default=None)
