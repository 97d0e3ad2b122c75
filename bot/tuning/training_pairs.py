"""What a corpus teaches a model: its own pairs, each with a passage of the index that is near and wrong."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.encoder import TrainingPair
from bot.index.generation import ROLES, Numbers, numbers_of
from bot.index.local_generation import LocalGeneration
from bot.index.passage_table import PassageTable
from bot.passages import Passage, context

_SECTIONS = 2
"""Lessons of sections, from a heading to its text, for each of FAQs at most, and not fewer than a thousand: what is asked is what FAQs tell."""
_LEAST_SECTIONS = 1000
_NEIGHBOURS = 30
_WRONG = 0.95
"""A passage whose cosine is above so much of the right one's may well be right too (Moreira et al. 2024, positive-aware mining)."""


@dataclass(frozen=True, slots=True)
class _Pair:
    question: str
    right: str
    passage: Passage


def training_pairs(generation: LocalGeneration, held: Collection[str]) -> list[TrainingPair]:
    """Questions and their answers, alternates and the questions that they mean, headings and what stands below; nothing of the articles in `held`."""
    passages = [passage for passage in generation.table.all_passages() if passage.article.id not in held]
    pairs = [pair for passage in passages if passage.kind == "faq" for pair in _of_faq(passage)]
    sections = [_Pair(context(passage), passage.text, passage) for passage in passages if passage.kind == "section"]
    most = max(_LEAST_SECTIONS, _SECTIONS * len(pairs))
    pairs += [sections[n * len(sections) // most] for n in range(most)] if len(sections) > most else sections
    wrongs = _wrongs(generation, pairs, set(numbers_of(generation.table, passages).tolist()))
    return [TrainingPair(pair.question, pair.right, wrong) for pair, wrong in zip(pairs, wrongs, strict=True) if wrong]


def _of_faq(faq: Passage) -> Iterator[_Pair]:
    question = context(faq)
    yield _Pair(question, faq.text, faq)
    for alternate in faq.alternates:
        yield _Pair(alternate, question, faq)
        yield _Pair(alternate, faq.text, faq)


def _wrongs(generation: LocalGeneration, pairs: Sequence[_Pair], taught: Collection[int]) -> list[str | None]:
    """For each pair a text of the same role as the right one, near to the question and likely wrong; None where no other is near."""
    table, vectors = generation.table, generation.vectors
    asked = generation.encoder.encode_questions([pair.question for pair in pairs])
    own = vectors.rows(table.rows_of(numbers_of(table, (pair.passage for pair in pairs)), "body"))
    limits = _WRONG * np.sum(asked * own, axis=1)
    found, cosines = vectors.search_all(asked, _NEIGHBOURS * len(ROLES))
    return [
        _wrong(
            pair,
            [(table.passage(number), cosine) for number, cosine in _bodies(table, rows, near) if number in taught],
            limit,
        )
        for pair, limit, rows, near in zip(pairs, limits, found, cosines, strict=True)
    ]


def _bodies(table: PassageTable, rows: Numbers, cosines: NDArray[np.float32]) -> Iterator[tuple[int, float]]:
    """The numbers of the passages whose texts are among the rows, nearest first, with their cosines."""
    bodies = (rows >= 0) & (table.role_of_row[rows] == ROLES.index("body"))
    return zip(table.passage_of_row[rows[bodies]].tolist(), cosines[bodies].tolist(), strict=True)


def _wrong(pair: _Pair, near: Sequence[tuple[Passage, float]], limit: float) -> str | None:
    """The nearest below the limit; where all are above, the furthest."""
    others = [
        (passage, cosine)
        for passage, cosine in near
        if passage.id != pair.passage.id and passage.text != pair.passage.text
    ]
    wrong = next((passage for passage, cosine in others if cosine <= limit), others[-1][0] if others else None)
    if wrong is None:
        return None
    return context(wrong) if pair.right == context(pair.passage) else wrong.text
