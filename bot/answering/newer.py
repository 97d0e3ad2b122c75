"""Whether a newer article answers what an older one is quoted for."""

from collections.abc import Sequence

from bot.index.generation import Generation
from bot.retrieval.diversity import is_newer
from bot.retrieval.hit import Hit
from bot.retrieval.likeness import same_question

_CLOSE = 0.15
"""Scores: a question asked in the old article's very words is that much nearer to it than to the same question in others."""


def newer_hit(generation: Generation, quoted: Hit, hits: Sequence[Hit], threshold: float) -> Hit | None:
    """The best of the hits that would answer, too, answers the same question as the one quoted, and is of a newer article."""
    could = (hit for hit in hits if hit.probability >= threshold and quoted.score - hit.score <= _CLOSE)
    return next((hit for hit in could if is_newer(hit.passage, quoted.passage) and same_question(generation, quoted.passage, hit.passage)), None)
