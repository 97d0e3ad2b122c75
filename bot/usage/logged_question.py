"""`LoggedQuestion`: a question in the log; `QuestionStats`: equal questions, counted."""

from dataclasses import dataclass
from typing import Literal, get_args

Status = Literal["answered", "closest", "ambiguous", "no_answer", "small_talk"]
Reason = Literal["wrong", "outdated", "incomplete", "unrelated"]
REASONS: tuple[Reason, ...] = get_args(Reason)
MAX_COMMENT_LENGTH = 2000
"""Characters; the rest of a comment is cut off."""


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """A question with its answer and the visitor's vote on it."""

    answer: str
    """The id of the answer."""
    at: float
    """Unix time."""
    question: str
    status: Status
    probability: float
    passages: tuple[str, ...]
    """Ids of the passages that the answer quotes."""
    generation: str
    milliseconds: float
    channel: str
    conversation: str | None = None
    corrected: str | None = None
    """The question with its spelling corrected, if it was."""
    helpful: bool | None = None
    reason: Reason | None = None
    comment: str | None = None


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
