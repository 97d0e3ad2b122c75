"""Which questions and passages say the same, by the index's own vectors.

Vectors tell "how long" from "how much", but hardly one year or form from another: what differs in a number is never the same. Nor do those of the packaged
model tell one text in Devanagari from another: there only the same words are the same.
"""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bot.index.generation import Generation, Numbers, Role, numbers_of, role_vectors
from bot.languages.hindi.devanagari import has_devanagari
from bot.languages.normalization import normalize
from bot.passages import Passage, context

SAME_QUESTION = 0.93
"""Cosine of two questions from which they ask the same: paraphrases reach it, neighbours on one subject do not."""
SAME_PASSAGE = 0.97
"""Cosine of two passages from which they differ by a word or two."""

_ROLES: tuple[Role, ...] = ("both", "body")
_NUMBER = re.compile(r"\d+")


def asks_exactly(passage: Passage, question: str) -> bool:
    """Whether a question is a FAQ's own, or one of its alternates."""
    own = (passage.question, *passage.alternates) if passage.question else ()
    return normalize(question) in map(normalize, own)


def same_question(generation: Generation, one: Passage, other: Passage) -> bool:
    """Whether two passages answer the same question: that of a FAQ, or the title and headings of a section."""
    if not _same_numbers(context(one), context(other)):
        return False
    if normalize(context(one)) == normalize(context(other)):
        return True
    if has_devanagari(context(one)):
        return False
    first, second = role_vectors(generation, numbers_of(generation.table, (one, other)), "question")
    return float(first @ second) >= SAME_QUESTION


def same_passages(generation: Generation, numbers: Numbers) -> Iterable[tuple[int, int]]:
    """Places in `numbers`, in rising pairs, of passages that are the same but for a word or two."""
    vectors = {role: role_vectors(generation, numbers, role) for role in _ROLES}
    near = np.maximum(*(_cosines(rows) for rows in vectors.values())) >= SAME_PASSAGE
    for first, second in np.argwhere(np.triu(near, 1)).tolist():
        one, other = generation.table.passages((numbers[first], numbers[second]))
        roles: Role = "both" if one.kind == "faq" else "body"
        alike = (
            normalize(_all(one)) == normalize(_all(other))
            if has_devanagari(one.text)
            else _same_numbers(_all(one), _all(other))
        )
        if alike and one.kind == other.kind and float(vectors[roles][first] @ vectors[roles][second]) >= SAME_PASSAGE:
            yield first, second


def _cosines(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    # Not `rows @ rows.T`: for a few dozen rows the matrix library's threads take longer to wake than the work does.
    return np.asarray(np.einsum("id,jd->ij", rows, rows), np.float32)


def _all(passage: Passage) -> str:
    return f"{context(passage)}\n{passage.text}"


def _same_numbers(one: str, other: str) -> bool:
    return sorted(_NUMBER.findall(one)) == sorted(_NUMBER.findall(other))
