"""The two demands of one question, such as "last date and age limit for the exam"."""

import re

from bot.languages.registry import FUNCTION_WORDS, combined_pattern
from bot.retrieval.topic import PRONOUN, WORD

_LETTER = r"[\w\u0900-\u0963]"
_BETWEEN = re.compile(rf"\s*,?\s+(?:{combined_pattern('additions')})\s+", re.IGNORECASE)
_COMPARES = re.compile(rf"(?<!{_LETTER})(?:{combined_pattern('comparisons')})(?!{_LETTER})", re.IGNORECASE)
_SUBJECT = re.compile(rf"(?<=\s)(?:{combined_pattern('prepositions')})\s.+", re.IGNORECASE)
_CASE = re.compile(rf"(?:{combined_pattern('case_openings')})(?!{_LETTER})", re.IGNORECASE)
_ASKS = re.compile(rf"(?:^|,\s+)(?:{combined_pattern('questions')})", re.IGNORECASE)
_MEASURE = re.compile(rf"\d+(?:\W+{_LETTER}+)?\W*")
_LIST = re.compile(r"[,;?!।]\s")


def split_demands(question: str) -> tuple[str, ...]:
    """Return the two questions of "fee and last date for the exam", the first one with the subject that follows both.

    A question that compares two subjects, lists three demands, or follows a statement stays whole.
    """
    parts = _BETWEEN.split(question)
    parts = parts if len(parts) > 1 else _listed(question)
    # No question follows a statement, such as "I filled the form".
    is_statement = _CASE.match(parts[0]) and not _ASKS.search(parts[0])
    is_one = _COMPARES.search(question) or is_statement or not all(map(_names_one_thing, parts))
    if len(parts) != 2 or is_one:
        return (question,)
    first, second = parts
    subject = _subject(second)
    # "pay for teachers and pf for nurses" has two subjects, "last date to apply and fee for the exam" one.
    has_own = subject.split()[:1] == _subject(first).split()[:1]
    return first if has_own or PRONOUN.search(subject) else f"{first} {subject}", second


def _listed(question: str) -> list[str]:
    """Return the parts between commas if they name things only, as in "age limit, fee for the exam"."""
    parts = question.split(", ")
    words = [word.lower() for part in parts for word in WORD.findall(part.removesuffix(_subject(part)))]
    return [question] if FUNCTION_WORDS.intersection(words) else parts


def _subject(part: str) -> str:
    """Return what follows a demand, from its first preposition on; "" if there is none."""
    found = _SUBJECT.search(part)
    return found[0] if found else ""


def _names_one_thing(part: str) -> bool:
    """Whether a part names a single thing that can be asked of a subject: no measure such as "8 months", no list."""
    demand = part.removesuffix(_subject(part))
    names = any(word.lower() not in FUNCTION_WORDS for word in WORD.findall(part))
    return names and not _LIST.search(demand) and not _MEASURE.fullmatch(demand)
