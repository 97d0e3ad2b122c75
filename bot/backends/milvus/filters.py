"""What filters ask for, in each collection that is searched: the fields, their values for an article, and what Milvus is to match."""

from bot.backends.milvus.client import Entity, field_of
from bot.backends.milvus.layout import LONGEST, category_key, number_of, quoted
from bot.corpus.article import Article
from bot.index.filters import Filters, last_change


def filter_fields() -> list[Entity]:
    """Article, category and day."""
    return [field_of("article", "INT64"), field_of("category", "VARCHAR", max_length=LONGEST), field_of("day", "INT64")]


def filter_values(article: Article) -> Entity:
    """Those of what belongs to an article."""
    day = last_change(article)
    return {"article": number_of(article.id), "category": category_key(article), "day": day.toordinal() if day else 0}


def filter_expression(filters: Filters) -> str:
    """What meets the filters."""
    clauses = []
    if filters.category is not None:
        clauses.append(f"category == {quoted(filters.category.casefold())}")
    if filters.article is not None:
        clauses.append(f"article == {number_of(filters.article)}")
    if filters.since is not None:
        clauses.append(f"day >= {filters.since.toordinal()}")
    return " and ".join(clauses)
