"""Alternates that visitors have shown by what they did: nothing is taken over without an editor."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.index.generation import Generation
from bot.retrieval.likeness import asks_exactly, wording

_CONVERSATIONS = 3
"""Different ones that asked alike."""
_SIGNS = 2
"""Signs that must point to one passage."""
_AGREED = 2 / 3
"""The least share of the signs that point to it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What visitors who asked alike did next."""

    question: str
    """The one that was asked most."""
    conversations: int
    followed: Mapping[tuple[str, str], int]
    """By the question that they asked next and the passage that answered it, how often."""
    liked: Mapping[str, int]
    """By passage, how often its answer to one of them was called helpful."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question that seems to mean what a FAQ asks."""

    question: str
    passage: str
    asks: str
    """What the FAQ asks."""
    conversations: int
    signs: int


def proposed(evidence: Evidence, generation: Generation) -> Iterator[Proposal]:
    """The FAQ that a question seems to mean: what was clicked or asked next in its own words, or called helpful, agrees on it."""
    if evidence.conversations < _CONVERSATIONS:
        return
    signs = Counter(evidence.liked)
    for (question, passage), times in evidence.followed.items():
        found = generation.table.passage_called(passage)
        # Only a FAQ that was asked in its own words, as by a click: what else came next was another question.
        if found and found.question and wording(found.question) == wording(question):
            signs[passage] += times
    for ident, count in signs.most_common(1):
        faq = generation.table.passage_called(ident)
        known = faq is None or faq.question is None or asks_exactly(faq, evidence.question)
        if not known and count >= _SIGNS and count >= _AGREED * signs.total():
            yield Proposal(evidence.question, ident, faq.question if faq and faq.question else "", evidence.conversations, count)
