"""What was changed in a generation since it was built: one record for each article that was written or taken out, by which replicas follow."""

import json
from dataclasses import dataclass

from bot.index.milvus.door import Milvus
from bot.index.milvus.layout import CHANGE, Collections

_LATE = 60 * 1_000_000_000
"""Nanoseconds by which the clocks of two writers may differ."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a generation that are known."""

    keys: frozenset[str] = frozenset()
    """Those of their records."""
    articles: tuple[str, ...] = ()
    """Ids of the articles that were changed last."""
    until: int = 0
    """When the last one was, in nanoseconds of Unix time."""


def changes_since(milvus: Milvus, collections: Collections, known: Changes) -> Changes:
    """What is known now, with the articles that were changed since."""
    records = milvus.find(collections.records, f'kind == "{CHANGE}" and number > {known.until - _LATE}', ("key", "number", "body"))
    new = [each for each in records if each["key"] not in known.keys]
    if not new:
        return known
    articles = tuple(dict.fromkeys(str(json.loads(each["body"])["article"]) for each in new))
    return Changes(known.keys | {each["key"] for each in new}, articles, max(known.until, *(each["number"] for each in new)))
