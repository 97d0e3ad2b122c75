"""Equal questions of the log, counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionStats:
    """A question with what it got, and how often."""

    question: str
    status: str
    passages: tuple[str, ...]
    times: int
    helpful: int
    unhelpful: int
    probability: float
    """The mean."""
    corrected: int
    """How often its spelling was repaired."""
