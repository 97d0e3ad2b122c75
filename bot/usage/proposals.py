"""Alternates that visitors' behaviour suggests; an editor accepts or rejects them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.index.generation import Passages, passage_by_id
from bot.languages.normalization import normalize
from bot.retrieval.finder import Finder
from bot.retrieval.near_duplicates import asks_exactly

_MIN_CONVERSATIONS = 3
_MIN_SHARE = 2 / 3  # minimum share of the signs that must point to the proposed FAQ
_MIN_SIGNS = 2  # minimum number of signs for a FAQ among the nearest passages; other clicks are mostly chance
_NEAREST = 5  # number of nearest passages (chosen with benchmarks/quality/question_log.py)
_MIN_SIGNS_FAR, _MIN_SHARE_FAR = 3, 0.6
"""Minimum number of signs, and signs per conversation, for a FAQ that is not near, for example in another language."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What visitors did next who asked one question in several wordings."""

    question: str
    """The most frequent wording."""
    conversations: int
    followed: Mapping[tuple[str, str, str], int]
    """How often each wording was followed by a question that a passage answered: (wording, question, passage id)."""
    liked: Mapping[tuple[str, str], int]
    """How often an answer was called helpful: (wording, passage id)."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question that seems to mean the same as a FAQ."""

    question: str
    passage: str
    asks: str
    """The FAQ's own question."""
    conversations: int
    signs: int


def propose(evidence: Evidence, finder: Finder) -> Iterator[Proposal]:
    """Yield the FAQ that a question seems to mean, if clicks, rewordings and helpful answers agree on it."""
    table = finder.generation.table
    signs = _signs(evidence, table) if evidence.conversations >= _MIN_CONVERSATIONS else Counter()
    meant = Counter[str]()
    for (_, passage), times in signs.items():
        meant[passage] += times
    for ident, count in meant.most_common(1):
        # Propose a wording that showed signs: others of the group may ask something near.
        wordings = (wording for wording, passage in signs if passage == ident)
        asked = max(wordings, key=lambda wording: (signs[wording, ident], wording))
        faq = passage_by_id(table, ident)
        if faq is None or faq.question is None or asks_exactly(faq, asked):
            continue
        if count >= _MIN_SHARE * meant.total() and _is_enough(count, evidence.conversations, ident, asked, finder):
            yield Proposal(asked, ident, faq.question, evidence.conversations, count)


def _signs(evidence: Evidence, table: Passages) -> Counter[tuple[str, str]]:
    signs = Counter(evidence.liked)
    for (wording, question, passage), times in evidence.followed.items():
        found = passage_by_id(table, passage)
        # Only a FAQ asked in its own words, as by a click, is a sign; otherwise the visitor moved on.
        if found and found.question and normalize(found.question) == normalize(question):
            signs[wording, passage] += times
    return signs


def _is_enough(signs: int, conversations: int, passage: str, asked: str, finder: Finder) -> bool:
    if signs >= max(_MIN_SIGNS_FAR, _MIN_SHARE_FAR * conversations):
        return True
    return signs >= _MIN_SIGNS and passage in [hit.passage.id for hit in finder.rank(asked, _NEAREST).hits]
