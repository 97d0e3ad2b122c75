"""What building and asking need of an encoder."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
"""Shape (texts, dimension), each row of length 1."""

OnBatch = Callable[[int], None]
"""Hears the number of texts of each finished batch."""


def no_progress(_count: int) -> None:
    """Tell nobody."""


class QuestionEncoder(Protocol):
    """What asking needs of an encoder."""

    @property
    def dimension(self) -> int: ...

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """One unit row for each text."""


class PassageEncoder(QuestionEncoder, Protocol):
    """What building needs of an encoder of passages that are split already."""

    @property
    def name(self) -> str: ...

    def encode_passages(self, texts: Sequence[str], done: OnBatch = no_progress) -> Matrix:
        """One unit row for each text."""


class Encoder(PassageEncoder, Protocol):
    """What building needs of an encoder."""

    @property
    def max_tokens(self) -> int:
        """The most tokens of a passage it takes in, special ones and prompt left out."""

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        """As `bot.passages.TokenStarts`."""
