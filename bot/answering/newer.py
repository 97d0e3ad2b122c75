"""Whether a newer article answers what an older one is quoted for."""

from collections.abc import Sequence
from datetime import date

from bot.index.filters import last_change
from bot.index.generation import Generation
from bot.retrieval.diversity import is_newer
from bot.retrieval.hit import Hit
from bot.retrieval.near_duplicates import same_question

_CLOSE = 0.15
"""Scores: a question asked in the old article's very words is that much nearer to it than to the same question in others."""


def newer_hit(generation: Generation, quoted: Hit, hits: Sequence[Hit], threshold: float) -> Hit | None:
    """The newest of the hits that would answer, too, answer the same question as the one quoted, and are of a newer article."""
    could = (
        hit
        for hit in hits
        if hit.probability >= threshold and quoted.score - hit.score <= _CLOSE and is_newer(hit.passage, quoted.passage)
    )
    same = (hit for hit in could if same_question(generation, quoted.passage, hit.passage))
    return max(same, key=lambda hit: last_change(hit.passage.article) or date.min, default=None)
