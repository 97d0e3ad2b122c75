"""Filters in a collection: its fields, their values for an article, and the filter expression."""

from bot.backends.milvus.client import Entity, field_of
from bot.backends.milvus.layout import MAX_TEXT, category_key, numeric_id, quote
from bot.corpus.article import Article
from bot.index.filters import Filters, last_change


def filter_fields() -> list[Entity]:
    """Return the fields that every searched collection has."""
    category = field_of("category", "VARCHAR", max_length=MAX_TEXT)
    return [field_of("article", "INT64"), category, field_of("day", "INT64")]


def filter_values(article: Article) -> Entity:
    """Return an article's values of these fields."""
    day = last_change(article)
    return {"article": numeric_id(article.id), "category": category_key(article), "day": day.toordinal() if day else 0}


def filter_expression(filters: Filters) -> str:
    """Return the expression for what meets the filters; empty for no filter."""
    clauses = []
    if filters.category is not None:
        clauses.append(f"category == {quote(filters.category.casefold())}")
    if filters.article is not None:
        clauses.append(f"article == {numeric_id(filters.article)}")
    if filters.since is not None:
        clauses.append(f"day >= {filters.since.toordinal()}")
    return " and ".join(clauses)
