"""What is kept of a question that was asked."""

from dataclasses import dataclass
from typing import Literal, get_args

Status = Literal["answered", "ambiguous", "no_answer", "small_talk"]
Reason = Literal["wrong", "outdated", "incomplete", "unrelated"]
REASONS: tuple[Reason, ...] = get_args(Reason)
LONGEST_COMMENT = 2000
"""Characters."""


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """A question, what it got, and what its visitor said of that."""

    answer: str
    """The id of the answer."""
    at: float
    """Unix time."""
    question: str
    status: Status
    probability: float
    passages: tuple[str, ...]
    """Ids of those that were quoted."""
    generation: str
    milliseconds: float
    channel: str
    conversation: str | None = None
    corrected: str | None = None
    """The question with its misspelt words repaired, when it was read so."""
    helpful: bool | None = None
    reason: Reason | None = None
    comment: str | None = None
