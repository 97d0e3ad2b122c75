"""The vectors of tokens, for late interaction: each token of a question meets its nearest one in a sentence.

Khattab & Zaharia 2020, "ColBERT". A projection reduces the vectors to 128 numbers, which are stored in 8 bits.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bot.encoder.encoder import Matrix

TOKEN_DIMENSION = 128
TOKEN_BYTES = TOKEN_DIMENSION + 2
"""The size of a packed token with its place."""
CONTEXT = -1
"""The place of tokens that are in no sentence, but in the headings or the question above."""
Projection = NDArray[np.float32]
"""Shape (dimension, `TOKEN_DIMENSION`)."""

_QUESTION_WORDS, _PRONOUNS = "how what when where which who why", "i it me my that this you your"
_OTHERS = "a an and are as at be by can do does for from in is of on or the to with"
COMMON_WORDS = frozenset(f"{_QUESTION_WORDS} {_PRONOUNS} {_OTHERS}".split())
"""Words that say little about the subject of a text."""


class TokenVectors(NamedTuple):
    """The vectors of the tokens of content words."""

    vectors: NDArray[np.int8]
    """Shape (tokens, `TOKEN_DIMENSION`); only their direction matters."""
    places: NDArray[np.int16]
    """The sentence of its passage that each token is in, or `CONTEXT`."""

    @classmethod
    def none(cls) -> "TokenVectors":
        return cls(np.empty((0, TOKEN_DIMENSION), np.int8), np.empty(0, np.int16))

    @classmethod
    def join(cls, several: Sequence["TokenVectors"]) -> "TokenVectors":
        vectors, places = zip(cls.none(), *several, strict=True)
        return cls(np.concatenate(vectors), np.concatenate(places))

    @classmethod
    def of(cls, tokens: Matrix, projection: Projection, places: NDArray[np.integer[Any]]) -> "TokenVectors":
        return cls(to_int8(tokens @ projection), places.astype(np.int16))


class QuestionTokens(NamedTuple):
    """The tokens of a question, without special ones."""

    vectors: Matrix
    """Unit rows; shape (tokens, `TOKEN_DIMENSION`)."""
    is_content: NDArray[np.bool_]
    """Whether each is in a content word; all are if the question has none."""

    @classmethod
    def of(
        cls, question: str, offsets: Sequence[tuple[int, int]], tokens: Matrix, projection: Projection
    ) -> "QuestionTokens":
        spans = np.array(offsets)
        is_word = spans[:, 1] > spans[:, 0]
        rows, content = tokens[is_word] @ projection, is_content(question, spans[is_word])
        return cls(rows / np.linalg.norm(rows, axis=1, keepdims=True), content if content.any() else ~content)


def pack_tokens(tokens: TokenVectors) -> bytes:
    """Return tokens as bytes: their places, then their vectors."""
    return tokens.places.astype("<i2").tobytes() + tokens.vectors.tobytes()


def parse_tokens(packed: bytes) -> TokenVectors:
    """Return the tokens that `pack_tokens` packed. Raises `ValueError` if the size is wrong."""
    count = len(packed) // TOKEN_BYTES
    vectors = np.frombuffer(packed, np.int8, offset=2 * count).reshape(count, TOKEN_DIMENSION)
    return TokenVectors(vectors, np.frombuffer(packed, "<i2", count))


@runtime_checkable
class TokenEncoder(Protocol):
    """A question encoder that may give the vectors of tokens as well."""

    def encode_tokens(self, question: str) -> QuestionTokens | None:
        """Return the tokens of a question; None if the model has no projection."""


def is_content(text: str, offsets: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return which tokens, given their spans, are neither punctuation nor common words."""
    words = (text[start:end].strip().lower() for start, end in offsets.tolist())
    return np.array([any(map(str.isalnum, word)) and word not in COMMON_WORDS for word in words], bool)


def to_int8(rows: Matrix) -> NDArray[np.int8]:
    """Scale each row so that its largest number fills 8 bits; only the direction of a row matters."""
    return np.asarray(np.rint(rows * (127 / np.abs(rows).max(axis=1, keepdims=True, initial=1e-9))), np.int8)
