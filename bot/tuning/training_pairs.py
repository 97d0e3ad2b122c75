"""Training pairs from a corpus, each with a hard negative: a passage of the index that is near but wrong."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bot.encoder import TrainingTriplet
from bot.index.generation import ROLES, numbers_of
from bot.index.local_generation import LocalGeneration
from bot.passages import Passage, context

_SECTIONS_PER_FAQ, _MIN_SECTIONS = 2, 1000
"""Section pairs allowed for each FAQ pair, as FAQs are more like visitors' questions, and pairs always allowed."""
_NEIGHBOURS = 30
_MAX_NEGATIVE = 0.95
"""Maximum cosine of a negative, relative to the positive's: a nearer one may be right (Moreira et al. 2024)."""


class _Pair(NamedTuple):
    question: str
    positive: str
    passage: Passage


def training_triplets(generation: LocalGeneration, held_out: Collection[str]) -> list[TrainingTriplet]:
    """Pair questions with answers, alternates with questions and headings with texts, without the held-out articles."""
    passages = [passage for passage in generation.table.all_passages() if passage.article.id not in held_out]
    pairs = [pair for passage in passages if passage.kind == "faq" for pair in _faq_pairs(passage)]
    sections = [_Pair(context(passage), passage.text, passage) for passage in passages if passage.kind == "section"]
    most = max(_MIN_SECTIONS, _SECTIONS_PER_FAQ * len(pairs))
    pairs += [sections[n * len(sections) // most] for n in range(most)] if len(sections) > most else sections
    negatives = _negatives(generation, pairs, set(numbers_of(generation.table, passages).tolist()))
    found = zip(pairs, negatives, strict=True)
    return [TrainingTriplet(pair.question, pair.positive, negative) for pair, negative in found if negative]


def _faq_pairs(faq: Passage) -> Iterator[_Pair]:
    question = context(faq)
    yield _Pair(question, faq.text, faq)
    for alternate in faq.alternates:
        yield _Pair(alternate, question, faq)
        yield _Pair(alternate, faq.text, faq)


def _negatives(generation: LocalGeneration, pairs: Sequence[_Pair], allowed: Collection[int]) -> list[str | None]:
    """Return a text for each pair that is near its question and likely wrong; None if no other passage is near."""
    table, vectors = generation.table, generation.vectors
    asked = generation.encoder.encode_questions([pair.question for pair in pairs])
    own = generation.role_vectors(numbers_of(table, (pair.passage for pair in pairs)), "body")
    limits = _MAX_NEGATIVE * np.sum(asked * own, axis=1)
    found, cosines = vectors.search_all(asked, _NEIGHBOURS * len(ROLES))
    negatives = []
    for pair, limit, rows, near in zip(pairs, limits, found, cosines, strict=True):
        bodies = (rows >= 0) & (table.role_of_row[rows] == ROLES.index("body"))
        nearest = zip(table.passage_of_row[rows[bodies]].tolist(), near[bodies].tolist(), strict=True)
        candidates = [(table.passage(number), cosine) for number, cosine in nearest if number in allowed]
        negatives.append(_negative(pair, candidates, limit))
    return negatives


def _negative(pair: _Pair, near: Sequence[tuple[Passage, float]], limit: float) -> str | None:
    """Return the nearest text below the limit, or the furthest if all are above it."""
    own = pair.passage
    others = [(passage, cosine) for passage, cosine in near if passage.id != own.id and passage.text != own.text]
    if not others:
        return None
    negative = next((passage for passage, cosine in others if cosine <= limit), others[-1][0])
    return context(negative) if pair.positive == context(own) else negative.text
