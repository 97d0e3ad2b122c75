"""English word order for questions that are translated word by word: "how many days notice period"."""

import re
from collections.abc import Sequence

from bot.languages.hindi.vocabulary import word_key

_CLAUSE_END = re.compile(r"(?<=[.?!,;])\s+")
_LOOSE_END = re.compile(r"\s+(?=[.?!,;](?:\s|$))")
_COUNTED = r"day|week|month|year|hour|minute|time|people|employee|mark|number|copy|photo|instalment"
_QUESTION_WORDS = re.compile(
    rf"\b(can|should|does|how (?:much|many)(?: ({_COUNTED})s?\b)?|how(?: long)?|until when|from where|when|whose|where"
    r"|who|which|why|what(?: is(?: the difference)?| should I do| happens| if)?)\b"
)
_WHAT = word_key("kya")
_CAN, _SHOULD = re.compile("sa?k(?:t[aei]|e|un?|o)?"), re.compile("cha+h?iy?e")
_FINITE_VERB = re.compile(
    r"h|he|hen|hun|ho|hog[aie]|honge|hot[aei]|th[aie]|sa?k(?:t[aei]|e|un?)|cha+h?iy?e|jaru+ri|jae|gay?[aei]"
    r"|.*(?:eg|eng|ung|og)[aei]|.+(?:ay|iy|t|r)[aei]|.*du+n?|karu+n?"
)
"""The keys of verbs after which "kya" asks for yes or no."""
_BEGINS_WITH_WHAT = re.compile(
    r"h|he|hen|ho|hot[aei]|hog[aie]|kar.*|kr.*|matlab|arth|antar|fark?|kaha?.*|bol.*|likh.*|mil.*|kya"
)
"""The keys of words before which "kya" means "what"."""

_CONDITIONS = frozenset(map(word_key, ("to", "toh", "baad")))
_FEWEST_AFTER_CONDITION, _FEWEST_OF_CLAUSE = 2, 3
"""Minimum number of words after "kya" that are a clause; fewer name a thing, as in "kya documents chahiye"."""


def in_english_order(text: str) -> str:
    """Return the text with the question word of each clause first."""
    return _LOOSE_END.sub("", " ".join(map(_reordered, _CLAUSE_END.split(text))))


def _reordered(clause: str) -> str:
    found = _QUESTION_WORDS.search(clause)
    if found is None:
        return clause
    asked = f"how many {found[2]}s" if found[2] else found[1]
    return " ".join([asked, *clause[: found.start()].split(), *clause[found.end() :].split()])


def split_choice(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return how a question for yes or no opens in English, and its words without the one that asks; else "" and all.

    "kya" asks for yes or no at the start, after a verb, and before a clause of its own; it means "what" before a verb
    or the thing asked for.
    """
    keys = [word_key(word) for word in words]
    place = next((at for at, key in enumerate(keys) if key == _WHAT and _is_choice(keys, at)), None)
    if place is None or len(words) == 1:
        return "", words
    opening = "can" if any(map(_CAN.fullmatch, keys)) else "should" if any(map(_SHOULD.fullmatch, keys)) else "does"
    return opening, [*words[:place], *words[place + 1 :]]


def _is_choice(keys: Sequence[str], at: int) -> bool:
    if at + 1 < len(keys) and _BEGINS_WITH_WHAT.fullmatch(keys[at + 1]):
        return False
    follows_condition = at > 0 and keys[at - 1] in _CONDITIONS
    is_clause = len(keys) - at > (_FEWEST_AFTER_CONDITION if follows_condition else _FEWEST_OF_CLAUSE)
    return at == 0 or is_clause or _FINITE_VERB.fullmatch(keys[at - 1]) is not None
