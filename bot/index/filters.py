"""Which passages a question is asked of."""

from dataclasses import dataclass
from datetime import date

from bot.corpus.article import Article


@dataclass(frozen=True, slots=True)
class Filters:
    """Only passages of articles that meet all that is set; applied before anything is ranked."""

    category: str | None = None
    """Compared without regard to case."""
    article: str | None = None
    since: date | None = None
    """Published or updated on this day or later; an article without a date does not meet it."""


def last_change(article: Article) -> date | None:
    """The later of an article's two dates."""
    return max((day for day in (article.published, article.updated) if day), default=None)
