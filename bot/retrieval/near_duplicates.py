"""Near-duplicates: which questions and passages say the same, by the vectors of the index.

Vectors distinguish "how long" from "how much", but hardly one year or form from another: texts with different numbers
are never the same. Nor does the packaged model distinguish texts in a foreign script: those must have the same words.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.index.generation import Generation, Numbers, Role, numbers_of
from bot.languages.normalization import normalize
from bot.languages.registry import has_foreign_script
from bot.passages import Passage, context, context_and_text
from bot.products import dot_products

SAME_QUESTION = 0.93
"""Minimum cosine of two questions that ask the same: paraphrases reach it, other questions on the subject do not."""
SAME_PASSAGE = 0.97
"""Minimum cosine of two passages that differ by a word or two."""

_ROLES: tuple[Role, ...] = ("both", "body")
_NUMBER = re.compile(r"\d+")


def asks_exactly(passage: Passage, question: str) -> bool:
    """Whether a question is the one of a FAQ, or an alternate of the passage."""
    return normalize(question) in _normalized(passage.question, passage.alternates)


@lru_cache(maxsize=4096)
def _normalized(question: str | None, alternates: Sequence[str]) -> frozenset[str]:
    return frozenset(map(normalize, (question, *alternates) if question else alternates))


def same_question(generation: Generation, one: Passage, other: Passage) -> bool:
    """Whether two passages answer the same question; for a section, its title and headings."""
    return SameQuestion(generation, (one, other))(one, other)


class SameQuestion:
    """Tells which of some passages answer the same question, and reads the vectors of all at once."""

    def __init__(self, generation: Generation, passages: Sequence[Passage]) -> None:
        self._generation, self._passages = generation, passages

    def __call__(self, one: Passage, other: Passage) -> bool:
        """Whether two of the passages answer the same question; for a section, its title and headings."""
        asked, other_asked = context(one), context(other)
        if _differ(asked, other_asked, is_foreign=has_foreign_script(asked)):
            return False
        is_equal = normalize(asked) == normalize(other_asked)
        return is_equal or float(self._vectors[one.id] @ self._vectors[other.id]) >= SAME_QUESTION

    @cached_property
    def _vectors(self) -> dict[str, NDArray[np.float32]]:
        rows = self._generation.role_vectors(numbers_of(self._generation.table, self._passages), "question")
        return {passage.id: row for passage, row in zip(self._passages, rows, strict=True)}


def near_duplicate_pairs(generation: Generation, numbers: Numbers) -> Iterable[tuple[int, int]]:
    """Yield pairs of positions in `numbers` of passages that differ by a word or two, in rising order."""
    vectors = {role: generation.role_vectors(numbers, role) for role in _ROLES}
    near = np.maximum(*(dot_products(rows, rows) for rows in vectors.values())) >= SAME_PASSAGE
    for first, second in np.argwhere(np.triu(near, 1)).tolist():
        one, other = generation.table.passages((numbers[first], numbers[second]))
        rows = vectors["both" if one.kind == "faq" else "body"]
        is_near = one.kind == other.kind and float(rows[first] @ rows[second]) >= SAME_PASSAGE
        is_foreign = has_foreign_script(one.text)
        if is_near and not _differ(context_and_text(one), context_and_text(other), is_foreign=is_foreign):
            yield first, second


def _differ(one: str, other: str, *, is_foreign: bool) -> bool:
    """Whether other numbers or, in a foreign script, other words tell two texts apart."""
    if is_foreign:
        return normalize(one) != normalize(other)
    return sorted(_NUMBER.findall(one)) != sorted(_NUMBER.findall(other))
