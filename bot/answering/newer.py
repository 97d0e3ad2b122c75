"""Newer answers: whether a newer article answers the question for which an older one is quoted."""

from collections.abc import Sequence
from datetime import date

from bot.index.filters import last_change
from bot.index.generation import Generation
from bot.retrieval.diversity import is_newer
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import same_question

_CLOSE = 0.15
"""Maximum difference in score: a question in the very words of the old article is that much closer to it."""


def newer_hit(generation: Generation, quoted: Hit, hits: Sequence[Hit], threshold: float) -> Hit | None:
    """Return the newest hit that also answers the question of the quoted one, and is from a newer article."""
    likely = [hit for hit in hits if hit.probability >= threshold and quoted.score - hit.score <= _CLOSE]
    newer = (hit for hit in likely if is_newer(hit.passage, quoted.passage))
    same = (hit for hit in newer if same_question(generation, quoted.passage, hit.passage))
    return max(same, key=lambda hit: last_change(hit.passage.article) or date.min, default=None)
