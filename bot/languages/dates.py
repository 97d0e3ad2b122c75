"""Dates that a sentence announces: a last date, or the day of an event, in any language."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from bot.languages.registry import LANGUAGES, combined_pattern

_SHORTEST = 8  # number of characters of 1.1.2026


def announced_date(sentence: str, question: str = "") -> date | None:
    """Return the latest complete date that a sentence, or the question that it answers, calls a last date or an event.

    None if there is none. The start of a period, a cancelled day and the date of a document are no such dates.
    """
    if len(sentence) < _SHORTEST or not any(letter.isdigit() for letter in sentence):
        return None
    announcing, other = _announcing(), _other_dates()
    if not announcing.search(f"{question}\n{sentence}"):
        return None
    return max(_dates(other.sub(" ", sentence)), default=None)


def _dates(text: str) -> Iterator[date]:
    """Yield the valid dates in a text; of "3/4/2026", 3 is the day."""
    for match in _date().finditer(text):
        numbers = {name: words for name, words in match.groupdict().items() if words}
        month = next(words for name, words in numbers.items() if name.startswith("month"))
        day, year = (
            next(words for name, words in numbers.items() if name.startswith(part)) for part in ("day", "year")
        )
        try:
            yield date(int(year), int(month) if month.isdigit() else _number_of(month), int(day))
        except ValueError:
            continue


def _number_of(month: str) -> int:
    every = (enumerate(each.patterns.months, 1) for each in LANGUAGES)
    return next(number for names in every for number, name in names if re.fullmatch(name, month, re.IGNORECASE))


def _written(groups: bool) -> str:
    """Return the pattern of a date; with `groups`, it names day, month and year."""
    month, ordinal = combined_pattern("months"), "(?:st|nd|rd|th)?"
    forms = (
        rf"(?P<day1>\d\d?){ordinal}(?:\s+of)?[\s.-]*(?P<month1>{month})\.?,?[\s-]*(?P<year1>\d{{4}})",
        rf"(?P<month2>{month})\.?\s+(?P<day2>\d\d?){ordinal},?\s+(?P<year2>\d{{4}})",
        r"(?P<day3>\d\d?)[./-](?P<month3>\d\d?)[./-](?P<year3>\d{4})",
        r"(?P<year4>\d{4})-(?P<month4>\d\d)-(?P<day4>\d\d)",
    )
    pattern = rf"(?<![\d./-])(?:{'|'.join(forms)})(?!\d)"
    return pattern if groups else re.sub(r"\?P<\w+>", "?:", pattern)


@cache
def _date() -> re.Pattern[str]:
    return re.compile(_written(groups=True), re.IGNORECASE)


@cache
def _announcing() -> re.Pattern[str]:
    return re.compile(combined_pattern("announcements"), re.IGNORECASE | re.MULTILINE)


@cache
def _other_dates() -> re.Pattern[str]:
    """Dates with the words around them that make them no last date and no event."""
    pattern = combined_pattern("other_dates").replace("{date}", _written(groups=False))
    return re.compile(pattern, re.IGNORECASE)
