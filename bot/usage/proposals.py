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
_SHOWED = 0.2
"""And of the conversations: where few click anything, they click by chance. Chosen on one public set (stackfaq, benchmarks/question_log.py)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What visitors who asked alike did next."""

    question: str
    """The one that was asked most."""
    conversations: int
    followed: Mapping[tuple[str, str, str], int]
    """By what was asked, the question that was asked next and the passage that answered that, how often."""
    liked: Mapping[tuple[str, str], int]
    """By what was asked and the passage that answered it, how often this was called helpful."""


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
    for (asked, question, passage), times in evidence.followed.items():
        found = generation.table.passage_called(passage)
        # Only a FAQ that was asked in its own words, as by a click: what else came next was another question.
        if found and found.question and wording(found.question) == wording(question):
            signs[asked, passage] += times
    meant = Counter[str]()
    for (_, passage), times in signs.items():
        meant[passage] += times
    for ident, count in meant.most_common(1):
        # In the words of those who showed it: others of the group may ask something near.
        asked = max((asked for asked, passage in signs if passage == ident), key=lambda asked: (signs[asked, ident], asked))
        faq = generation.table.passage_called(ident)
        known = faq is None or faq.question is None or asks_exactly(faq, asked)
        if not known and count >= max(_SIGNS, _AGREED * meant.total(), _SHOWED * evidence.conversations):
            yield Proposal(asked, ident, faq.question if faq and faq.question else "", evidence.conversations, count)
