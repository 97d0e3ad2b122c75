"""What was changed in a generation since it was built: one record for each article that was written or taken out, by which replicas follow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.backends.milvus.client import MilvusClient
from bot.backends.milvus.layout import CHANGE, Collections

_LATE = 60 * 1_000_000_000
"""Nanoseconds by which the clocks of two writers may differ."""


@dataclass(frozen=True, slots=True)
class ArticleChanges:
    """The changes of a generation that are known."""

    keys: frozenset[str] = frozenset()
    """Those of their records."""
    articles: Mapping[str, bool] = field(default_factory=dict)
    """Ids of the articles that were changed last, with whether they are there."""
    until: int = 0
    """When the last one was, in nanoseconds of Unix time."""


def read_changes(milvus: MilvusClient, collections: Collections, known: ArticleChanges) -> ArticleChanges:
    """What is known now, with the articles that were changed since."""
    records = milvus.find(
        collections.records, f'kind == "{CHANGE}" and number > {known.until - _LATE}', ("key", "number", "body")
    )
    new = [each for each in records if each["key"] not in known.keys]
    if not new:
        return known
    told = (json.loads(each["body"]) for each in sorted(new, key=lambda each: each["number"]))
    articles = {str(change["article"]): bool(change["there"]) for change in told}
    return ArticleChanges(
        known.keys | {each["key"] for each in new}, articles, max(known.until, *(each["number"] for each in new))
    )
