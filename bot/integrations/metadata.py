"""What a hit tells besides its text."""

from typing import Any

from bot.answering.answer import hit_to_dict
from bot.retrieval.hit import Hit


def hit_metadata(hit: Hit) -> dict[str, Any]:
    """A hit as in the JSON of an answer's sources, without its `text`, which every framework keeps in a place of its own."""
    return {name: value for name, value in hit_to_dict(hit).items() if name != "text"}
