"""The two demands of one question, such as "last date and age limit for the exam"."""

import re
from functools import cache

from bot.languages.registry import FUNCTION_WORDS, combined_pattern

_TWO = 2  # number of demands that are answered one by one
_WORD_START, _WORD_END = r"(?<![\w\u0900-\u0963])", r"(?![\w\u0900-\u0963])"
_WORD = re.compile(r"[\w\u0900-\u0963'’-]+")
_MEASURE = re.compile(r"\d+(?:\W+[\w\u0900-\u0963]+)?\W*")


def split_demands(question: str) -> tuple[str, ...]:
    """Return the two questions of "fee and last date for the exam", the first one with the subject that follows both.

    A question that compares two subjects, lists three demands, or follows a statement stays whole.
    """
    parts = _pattern(r"\s*,?\s+(?:{})\s+", "additions").split(question)
    parts = parts if len(parts) > 1 else _listed(question)
    compares = _pattern(rf"{_WORD_START}(?:{{}}){_WORD_END}", "comparisons").search(question)
    if len(parts) != _TWO or compares or not all(map(_names_one_thing, parts)) or _states(parts[0]):
        return (question,)
    first, second = parts
    subject = _subject(second)
    is_complete = _subject(first) or _pattern("{}", "pronouns").search(subject)
    return first if is_complete else f"{first} {subject}".strip(), second


def _listed(question: str) -> list[str]:
    """Return the parts between commas if they name things only, as in "age limit, fee for the exam"."""
    parts = question.split(", ")
    words = [word.lower() for part in parts for word in _WORD.findall(part.removesuffix(_subject(part)))]
    return [question] if FUNCTION_WORDS.intersection(words) else parts


def _subject(part: str) -> str:
    """Return what follows a demand, from its first preposition on; "" if there is none."""
    found = _pattern(r"(?<=\s)(?:{})\s.+", "prepositions").search(part)
    return found[0] if found else ""


def _names_one_thing(part: str) -> bool:
    """Whether a part names a single thing that can be asked of a subject: no measure such as "8 months", no list."""
    demand = part.removesuffix(_subject(part))
    names = any(word.lower() not in FUNCTION_WORDS for word in _WORD.findall(part))
    return names and "," not in demand and not _MEASURE.fullmatch(demand)


def _states(part: str) -> bool:
    """Whether a part is a statement, as in "I filled the form", which no question follows."""
    asks = _pattern(r"(?:^|,\s+)(?:{})", "questions").search(part)
    return _pattern(rf"(?:{{}}){_WORD_END}", "case_openings").match(part) is not None and not asks


@cache
def _pattern(frame: str, name: str) -> re.Pattern[str]:
    return re.compile(frame.format(combined_pattern(name)), re.IGNORECASE)
