"""An encoder without a model, for tests: fast, small and deterministic, but blind to meaning."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.encoder.encoder import Matrix
from bot.encoder.tokens import COMMON_WORDS

_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s)$")
_DIMENSION = 256
_COMMON_WEIGHT = 0.1


class HashingEncoder:
    """An encoder that hashes words to directions, so that texts with common words are near (Weinberger et al. 2009)."""

    name = "hashing"
    dimension = _DIMENSION
    max_tokens = 256

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        return [[word.start() for word in _WORD.finditer(text)] for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        return self.encode_questions(texts)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        return np.array([_vector(text) for text in texts], np.float32).reshape(len(texts), _DIMENSION)


def _vector(text: str) -> NDArray[np.float32]:
    words = _WORD.findall(text.casefold())[: HashingEncoder.max_tokens] or [""]
    parts = [_direction(_ENDING.sub("", word)) * (_COMMON_WEIGHT if word in COMMON_WORDS else 1.0) for word in words]
    total = np.sum(parts, axis=0)
    return np.asarray(total / np.linalg.norm(total), np.float32)


@lru_cache(maxsize=4096)
def _direction(word: str) -> NDArray[np.float64]:
    """Return the unit vector of a word, nearly orthogonal to those of other words."""
    digest = hashlib.shake_256(word.encode()).digest(_DIMENSION // 8)
    signs = np.unpackbits(np.frombuffer(digest, np.uint8)).astype(np.float64) * 2 - 1
    return np.asarray(signs / np.sqrt(_DIMENSION))
