"""`QuestionStats`: equal questions of the log, counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionStats:
    """How often a question was asked with the same answer, and how visitors voted on it."""

    question: str
    status: str
    passages: tuple[str, ...]
    times: int
    helpful: int
    unhelpful: int
    probability: float
    """Mean probability of the answer."""
    corrected: int
    """Number of times that the spelling was corrected."""
