"""Alternates that visitors have shown by what they did: nothing is taken over without an editor."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.errors import CorpusError
from bot.index.generation import Passages, passage_by_id
from bot.languages.normalization import normalize
from bot.retrieval.finder import Finder
from bot.retrieval.near_duplicates import asks_exactly

_CONVERSATIONS = 3
"""Different ones that asked alike."""
_SIGNS = 2
"""Signs that must point to one passage."""
_AGREED = 2 / 3
"""The least share of the signs that point to it."""
_NEAR = 5
"""Passages nearest to a question: a FAQ among them needs no more signs. One that is not is mostly clicked by chance (benchmarks/quality/question_log.py)."""
_SIGNS_AFAR, _SHOWED_AFAR = 3, 0.6
"""What a FAQ needs whose words are far from the question's, as those of another language are: so many signs, and such a share of the conversations."""


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


def proposed(evidence: Evidence, finder: Finder) -> Iterator[Proposal]:
    """The FAQ that a question seems to mean: what was clicked or asked next in its own words, or called helpful, agrees on it."""
    signs = _signs(evidence, finder.generation.table) if evidence.conversations >= _CONVERSATIONS else Counter()
    meant = Counter[str]()
    for (_, passage), times in signs.items():
        meant[passage] += times
    for ident, count in meant.most_common(1):
        # In the words of those who showed it: others of the group may ask something near.
        asked = max(
            (asked for asked, passage in signs if passage == ident), key=lambda asked: (signs[asked, ident], asked)
        )
        faq = passage_by_id(finder.generation.table, ident)
        known = faq is None or faq.question is None or asks_exactly(faq, asked)
        if (
            not known
            and count >= _AGREED * meant.total()
            and _is_enough(count, evidence.conversations, ident, asked, finder)
        ):
            yield Proposal(asked, ident, faq.question if faq and faq.question else "", evidence.conversations, count)


def require_faq(table: Passages, ident: str) -> str:
    """Return the id if it is that of a FAQ. Raises `CorpusError` otherwise."""
    passage = passage_by_id(table, ident)
    if passage is None or passage.kind != "faq":
        raise CorpusError(f"There is no FAQ {ident!r}: name the id of one, as articlebot search --json shows it.")
    return ident


def _signs(evidence: Evidence, table: Passages) -> Counter[tuple[str, str]]:
    """By what was asked and the passage that was meant, how often that was shown."""
    signs = Counter(evidence.liked)
    for (asked, question, passage), times in evidence.followed.items():
        found = passage_by_id(table, passage)
        # Only a FAQ that was asked in its own words, as by a click: what else came next was another question.
        if found and found.question and normalize(found.question) == normalize(question):
            signs[asked, passage] += times
    return signs


def _is_enough(signs: int, conversations: int, passage: str, asked: str, finder: Finder) -> bool:
    if signs >= max(_SIGNS_AFAR, _SHOWED_AFAR * conversations):
        return True
    return signs >= _SIGNS and passage in [hit.passage.id for hit in finder.rank(asked, _NEAR).hits]
