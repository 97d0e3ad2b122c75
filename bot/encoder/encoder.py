"""The encoder protocols: for asking, for encoding passages, and for building an index."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
"""Shape (texts, dimension); each row has length 1."""

OnBatch = Callable[[int], None]
"""Called after each batch with the number of texts in it."""
OnCount = Callable[[int, int], None]
"""Called with the number of items done and the total."""


def no_progress(*_progress: object) -> None:
    """Ignore the progress."""


class QuestionEncoder(Protocol):
    """An encoder of questions, all that asking needs."""

    @property
    def dimension(self) -> int: ...

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row per text."""


class PassageEncoder(QuestionEncoder, Protocol):
    """An encoder of questions and passages."""

    @property
    def name(self) -> str: ...

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row per text."""


class Encoder(PassageEncoder, Protocol):
    """An encoder that can also split articles into passages of a given number of tokens; a build needs one."""

    @property
    def max_tokens(self) -> int:
        """Maximum number of tokens in a passage, without special tokens and the prompt."""

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        """See `bot.passages.TokenStarts`."""
