"""Retrievers for other frameworks; each module needs its own extra."""

from typing import Any

from bot.answering.answer import hit_to_dict
from bot.retrieval.hit import Hit


def hit_metadata(hit: Hit) -> dict[str, Any]:
    """Return the JSON of a hit without its texts, for which every framework has its own field."""
    return {name: value for name, value in hit_to_dict(hit).items() if name not in ("text", "words")}
