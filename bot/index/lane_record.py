"""What the manifest tells of the second lane."""

from dataclasses import dataclass

from bot.encoder import QuestionEncoderKind
from bot.index.closeness import Closeness
from bot.index.vectors import SearchPlan


@dataclass(frozen=True, slots=True)
class LaneRecord:
    """How the vectors of a multilingual model were made and are searched."""

    weights: str
    """sha256 of the model's files."""
    dimension: int
    question_encoder: QuestionEncoderKind
    search: SearchPlan
    closeness: Closeness
    probe: tuple[float, ...]
