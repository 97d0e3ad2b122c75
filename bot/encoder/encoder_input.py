"""The input of an encoder: a text, or a text below its context whose parts get vectors of their own.

An encoder that pools reads such a text once, and takes the vector of each part from the tokens in it ("late chunking",
Günther et al. 2024): each part is read in its context, and no word twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bot.encoder.encoder import Matrix, OnBatch, PassageEncoder, no_progress
from bot.encoder.tokens import CONTEXT, Projection, TokenVectors, is_content

BODY, BOTH, FIRST_SENTENCE = 0, 1, 2
"""Places of the vectors of a text with a context: of the text, of both together, and of its first sentence."""
_TOGETHER = 512  # number of inputs that an encoder that does not pool gets at once

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """A text to encode; with a context it gets vectors for the text, for both together and for each sentence."""

    text: str
    context: str | None = None
    sentences: tuple[Span, ...] = ()
    """Spans of the text."""

    @property
    def count(self) -> int:
        """The number of vectors."""
        return 1 if self.context is None else FIRST_SENTENCE + len(self.sentences)

    @property
    def whole(self) -> str:
        """The context and the text."""
        return self.text if self.context is None else f"{self.context}\n{self.text}"

    def parts(self) -> list[Span]:
        """Return the parts of `whole` that the vectors stand for, in their order."""
        end = len(self.whole)
        if self.context is None:
            return [(0, end)]
        start = len(self.context) + 1
        return [(start, end), (0, end), *((start + first, start + last) for first, last in self.sentences)]

    def separate(self) -> list[str]:
        """Return a text for each vector, for an encoder that encodes texts one by one; a sentence keeps its context."""
        if self.context is None:
            return [self.text]
        return [self.text, self.whole, *(f"{self.context}\n{self.text[slice(*span)]}" for span in self.sentences)]


class TextVectors(NamedTuple):
    """The vectors of an input."""

    rows: Matrix
    """`EncoderInput.count` unit rows."""
    tokens: TokenVectors
    """Of a text with a context, where the encoder has a projection; else none."""


def part_masks(one: EncoderInput, offsets: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return which tokens of `one.whole` each vector is the mean of: shape (`one.count`, tokens).

    `offsets` holds the start and end of each token, shape (tokens, 2); the ones of special tokens are empty, and these
    belong to the whole only. A sentence includes the tokens of the context: alone it would lose what it is about.
    """
    # Some tokenizers count the space before a word to its token, so only the end of a token counts.
    ends, parts = offsets[:, 1], np.array(one.parts())
    is_word = ends > offsets[:, 0]
    inside = (ends > parts[:, :1]) & (ends <= parts[:, 1:]) & is_word
    inside[0 if one.context is None else BOTH] = True
    if one.context is not None:
        has_tokens = inside[FIRST_SENTENCE:].any(axis=1, keepdims=True)
        inside[FIRST_SENTENCE:] |= (ends > 0) & (ends <= len(one.context)) & is_word & has_tokens
    return np.asarray(inside)


@runtime_checkable
class PoolingEncoder(Protocol):
    """An encoder that may be able to pool the vectors of all parts from one pass over an input."""

    @property
    def pools(self) -> bool: ...

    def encode_pooled(self, inputs: Sequence[EncoderInput], done: OnBatch) -> list[TextVectors | None]:
        """Return the vectors of each input; None if the encoder cannot read all its parts at once."""


def encode_inputs(
    encoder: PassageEncoder, inputs: Sequence[EncoderInput], done: OnBatch = no_progress
) -> list[TextVectors]:
    """Return the vectors of each input: pooled if the encoder can do that, else each text encoded by itself."""
    if not isinstance(encoder, PoolingEncoder) or not encoder.pools:
        return _encode_separately(encoder, inputs, done)
    found = encoder.encode_pooled(inputs, done)
    rest = [one for one, rows in zip(inputs, found, strict=True) if rows is None]
    others = iter(_encode_separately(encoder, rest, done))
    return [next(others) if rows is None else rows for rows in found]


def _encode_separately(encoder: PassageEncoder, inputs: Sequence[EncoderInput], done: OnBatch) -> list[TextVectors]:
    found: list[TextVectors] = []
    for start in range(0, len(inputs), _TOGETHER):
        some = inputs[start : start + _TOGETHER]
        rows = encoder.encode_passages([text for one in some for text in one.separate()])
        own = np.split(rows, np.cumsum([one.count for one in some])[:-1])
        found += (TextVectors(each, TokenVectors.none()) for each in own)
        done(len(some))
    return found


def pool(
    one: EncoderInput, offsets: NDArray[np.integer[Any]], tokens: Matrix, projection: Projection | None
) -> TextVectors | None:
    """Return the vectors of an input, from the ones of its tokens; None if one of its parts has no token."""
    masks = part_masks(one, offsets)
    if not masks.any(axis=1).all():
        return None
    rows = masks.astype(np.float32) @ tokens
    unit = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
    if projection is None or one.context is None:
        return TextVectors(unit, TokenVectors.none())
    return TextVectors(unit, _content_tokens(one, offsets, tokens, projection))


def _content_tokens(
    one: EncoderInput, offsets: NDArray[np.integer[Any]], tokens: Matrix, projection: Projection
) -> TokenVectors:
    start = len(one.context or "") + 1
    spans = np.array([(first + start, last + start) for first, last in one.sentences] or [(start, len(one.whole))])
    places = np.searchsorted(spans[:, 1], offsets[:, 1]).clip(max=len(spans) - 1)
    inside = (offsets[:, 1] > spans[places, 0]) & (offsets[:, 1] <= spans[places, 1])
    kept = is_content(one.whole, offsets) & (inside | (offsets[:, 1] < start))
    return TokenVectors.of(tokens[kept], projection, np.where(inside, places, CONTEXT)[kept])
