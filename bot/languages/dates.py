"""Dates that a sentence announces: a last date, or the day of an event, in any language."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
    dated, announcing, other = _patterns()
    if not announcing.search(f"{question}\n{sentence}"):
        return None
    return max(_dates(dated.finditer(other.sub(" ", sentence))), default=None)


def _dates(matches: Iterable[re.Match[str]]) -> Iterator[date]:
    """Yield the dates that are valid; of "3/4/2026", 3 is the day."""
    for match in matches:
        found = {name[:-1]: words for name, words in match.groupdict().items() if words}
        month = found["month"]
        with suppress(ValueError):
            yield date(int(found["year"]), int(month) if month.isdigit() else _number_of(month), int(found["day"]))


def _number_of(month: str) -> int:
    every = (enumerate(each.patterns.months, 1) for each in LANGUAGES)
    return next(number for names in every for number, name in names if re.fullmatch(name, month, re.IGNORECASE))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a date, of what announces one, and of dates with words that make them no such dates."""
    month, ordinal = combined_pattern("months"), "(?:st|nd|rd|th)?"
    forms = (
        rf"(?P<day1>\d\d?){ordinal}(?:\s+of)?[\s.-]*(?P<month1>{month})\.?,?[\s-]*(?P<year1>\d{{4}})",
        rf"(?P<month2>{month})\.?\s+(?P<day2>\d\d?){ordinal},?\s+(?P<year2>\d{{4}})",
        r"(?P<day3>\d\d?)[./-](?P<month3>\d\d?)[./-](?P<year3>\d{4})",
        r"(?P<year4>\d{4})-(?P<month4>\d\d)-(?P<day4>\d\d)",
    )
    dated = rf"(?<![\d./-])(?:{'|'.join(forms)})(?!\d)"
    other = combined_pattern("other_dates").replace("{date}", re.sub(r"\?P<\w+>", "?:", dated))
    announcing = re.compile(combined_pattern("announcements"), re.IGNORECASE | re.MULTILINE)
    return re.compile(dated, re.IGNORECASE), announcing, re.compile(other, re.IGNORECASE)
