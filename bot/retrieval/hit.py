"""`Hit`: what a search finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.passages import Passage


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with the probability that it answers the question."""

    passage: Passage
    probability: float
    """0 to 1, calibrated: of the hits given 0.8, eight in ten are right."""
    score: float
    """For ranking only: comparable between the hits of one question."""
    signals: Mapping[str, float]
    """The features that score and probability are computed from, by name; see `bot.retrieval.features`."""
