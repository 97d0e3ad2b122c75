"""Abbreviations: a question with "BGV" is also asked with the words that it stands for, as the articles explain it.

The words before an abbreviation in parentheses are matched as in Schwartz and Hearst (2003), "A simple algorithm for
identifying abbreviation definitions in biomedical text".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from bot.index.lexical import content_terms
from bot.passages import Passage

_SHORT = re.compile(r"[^\W_]{2,8}")
_CAPITALS = r"(?=[^\W_]*[A-Z][^\W_]*[A-Z])([^\W_]{2,8})"
_INTRODUCTION = re.compile(rf"(?:\s\(|,\sor\s){_CAPITALS}(?=[),])|,\s{_CAPITALS}(?= for short)")
"""Where an abbreviation is introduced: "… (BGV)", "…, or BGV,", "…, EPS for short"."""
_APPOSITION = re.compile(rf",\s{_CAPITALS}(?=,)")
"""Where it may be introduced: "…, EDLI,"."""
_LONGEST = 80  # maximum number of characters of what an abbreviation stands for


def spelled_out(question: str, passages: Iterable[Passage]) -> str | None:
    """Return a question with its abbreviations spelled out as the passages or their titles do; None without any."""
    texts = dict.fromkeys(text for passage in passages for text in (passage.article.title, passage.text))
    # The first passage that spells an abbreviation out counts.
    found = dict(reversed([pair for text in texts for pair in _introduced(text, _INTRODUCTION)]))
    content = set(content_terms(question))

    def in_full(match: re.Match[str]) -> str:
        short = match[0]
        is_word = not short.isupper() and content.isdisjoint(content_terms(short))  # "it", which may be one as well
        return short if is_word else found.get(short.lower(), short)

    spelled = _SHORT.sub(in_full, question)
    return spelled if spelled.lower() != question.lower() else None


def introduced(text: str) -> Iterator[str]:
    """Return the abbreviations that a text spells out, in lower case."""
    return (short for pattern in (_INTRODUCTION, _APPOSITION) for short, _ in _introduced(text, pattern))


@lru_cache(maxsize=4096)
def _introduced(text: str, pattern: re.Pattern[str]) -> Sequence[tuple[str, str]]:
    """Return the abbreviations that a text introduces, in lower case, with what they stand for."""
    places = ((match.start(), next(filter(None, match.groups())).lower()) for match in pattern.finditer(text))
    pairs = ((short, _long_form(short, text[max(0, at - _LONGEST) : at])) for at, short in places)
    return tuple((short, long) for short, long in pairs if long)


def _long_form(short: str, before: str) -> str | None:
    """Return the shortest end of a text that has the letters of an abbreviation, the first at the start of a word."""
    at = len(before)
    for number, letter in enumerate(reversed(short)):
        is_first = number == len(short) - 1
        at -= 1
        while at >= 0 and (before[at].lower() != letter or (is_first and at > 0 and before[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
    long = " ".join(before[at:].split())
    return long if len(long.split()) > 1 else None
