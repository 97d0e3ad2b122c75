"""Builds an `Article` from the loosely typed fields of a file: front matter, a JSON object, a table row."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from locale import locale_alias
from urllib.parse import unquote, urlsplit

from bot.corpus.article import Article, Faq, slug
from bot.corpus.decoding import repair
from bot.corpus.outline import outline
from bot.corpus.refused import Unreadable
from bot.languages.registry import detect_language

Fields = Mapping[str, object]

_LANGUAGE = re.compile(r"(?:^|&)lang=([A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?)(?=&|$)")
"""The language of an article in an address of WPML or Polylang."""
_LANGUAGES = {name.partition("_")[0] for name in locale_alias.values()}


def build_article(source: str, fields: Fields, text: str, listed: Iterable[Faq] = ()) -> Article:
    """Build the article of a file from its fields, its text and the FAQs found in the text, merged with `listed` ones.

    `listed` FAQs are spans of `text` as well; if the text already has the same question and answer, only the alternates
    are added. Raises `Unreadable` if a field cannot be read.
    """
    url = text_field(fields, "url")
    language, _ = _language_and_path(url)
    return Article(
        id=text_field(fields, "id") or permalink_path(url) or source.rsplit(".", 1)[0], source=source,
        title=text_field(fields, "title") or source.rsplit("/", 1)[-1].rsplit(".", 1)[0], text=text, url=url,
        published=date_field(fields, "date", "published"), updated=date_field(fields, "updated"),
        category=text_field(fields, "category"), tags=list_field(fields, "tags"),
        language=text_field(fields, "language") or language_named(language) or detect_language(text),
        faqs=_merge_faqs(text, listed),
        related=list_field(fields, "related"), supersedes=list_field(fields, "supersedes"),
    )  # fmt: skip


def build_faq_article(source: str, fields: Fields) -> Article:
    """Build the article of a single FAQ: its title is the question, its text the answer.

    The default id is made of the permalink, or the file, and the question, because rows may move and several may link
    to the same page. Raises `Unreadable` if the question or the answer is missing, or a field cannot be read.
    """
    fields = nonempty(fields)
    question, answer = read_faq(fields)
    ident = f"{permalink_path(text_field(fields, 'url')) or source.rsplit('.', 1)[0]}/{slug(question)}"
    faq = Faq(question, 0, len(answer), (), list_field(fields, "alternates"))
    return build_article(source, {"id": ident, "title": question, **fields}, answer, [faq])


def nonempty(fields: Fields) -> Fields:
    """Return the fields without empty values."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


def read_faq(fields: Fields) -> tuple[str, str]:
    """Return the question, on one line, and the answer of a FAQ. Raises `Unreadable` if either is missing."""
    question, answer = text_field(fields, "question"), multiline_field(fields, "answer")
    if not question or not answer:
        raise Unreadable(f"a FAQ without {'a question' if not question else 'an answer'}")
    return question, answer


def multiline_field(fields: Fields, name: str) -> str:
    """Return the text of a field with its line breaks; empty if absent."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{name} should be text, not {value!r}")
    return repair(value or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def text_field(fields: Fields, name: str) -> str | None:
    """Return the text of a field on one line; None if absent or empty."""
    value = fields.get(name)
    if isinstance(value, (list, dict, bool)):
        raise Unreadable(f"{name} should be text, not {value!r}")
    return None if value is None else " ".join(repair(str(value)).split()) or None


def list_field(fields: Fields, name: str) -> tuple[str, ...]:
    """Return the entries of a list field without empty ones; a string is split at its commas."""
    value = fields.get(name)
    value = () if value is None else value.split(",") if isinstance(value, str) else value
    if not isinstance(value, (list, tuple)) or any(isinstance(entry, (list, dict)) for entry in value):
        raise Unreadable(f"{name} should be a list of words, not {value!r}")
    return tuple(entry for entry in (repair(str(item)).strip() for item in value if item is not None) if entry)


def date_field(fields: Fields, *names: str) -> date | None:
    """Return the date in the first of the fields that is present."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if value not in (None, ""):
            return parse_date(name, str(value))
    return None


def parse_date(name: str, text: str) -> date:
    """Parse a complete date; see `parse_moment`."""
    return parse_moment(name, text).date()


def find_date(text: str) -> date | None:
    """Return the date that a text is, as `parse_date` reads it; None if it is none."""
    with suppress(Unreadable):
        return parse_date("date", text)
    return None


def parse_moment(name: str, text: str) -> datetime:
    """Parse a complete date, with or without a time.

    It is ISO 8601, or as in "October 9, 2025 4:10 AM", "9/10/2025" (day first) and "2025/10/9" (year first).

    Raises `Unreadable`, naming the field, if the text is no date or lacks the year, month or day.
    """
    from dateutil.parser import ParserError, parse

    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        pass
    try:
        # dateutil takes a missing part from `default`: results differ with two defaults that differ in every part.
        day_first = re.match(r"\s*\d{4}\D", text) is None
        defaults = (datetime(2000, 1, 1), datetime(2001, 2, 2))
        one, other = (parse(text, dayfirst=day_first, ignoretz=True, default=default) for default in defaults)
    except (ParserError, ArithmeticError):
        one, other = datetime.min, datetime.max
    if one.date() != other.date():
        raise Unreadable(f"{name} should be a date like 2025-10-09, not {text!r}")
    return one


def iso_day(text: str | None) -> date | None:
    """Return the day with which a time such as "2026-01-31 10:00:00" begins; None if it begins with none."""
    with suppress(ValueError):
        return date.fromisoformat((text or "")[:10])
    return None


def metadata_dates(created: datetime | None, modified: datetime | None) -> dict[str, object]:
    """Return the fields `published` and `updated` from the metadata of a PDF or Word file, if plausible."""
    first, last = date(1993, 1, 1), datetime.now(UTC).date() + timedelta(days=1)
    days = (moment.date() if moment else None for moment in (created, modified))
    published, updated = (day if day and first <= day <= last else None for day in days)
    return {"published": published, "updated": updated if updated and published and updated > published else None}


def permalink_path(url: str | None) -> str | None:
    """Return the path of an address, below its language where its query names one: "hi/faq" for "/faq/?lang=hi"."""
    return "/".join(filter(None, _language_and_path(url))) or None


def language_named(code: str) -> str | None:
    """Return the language of a code such as "hi" or "pt-BR"; None if it is none."""
    language = re.split("[-_]", code.lower())[0]
    return language if language in _LANGUAGES else None


def _language_and_path(url: str | None) -> tuple[str, str]:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        raise Unreadable(f"url should be a web address, not {url!r}") from None
    language = _LANGUAGE.search(parts.query)
    return language[1].lower() if language else "", unquote(parts.path).strip("/")


def _merge_faqs(text: str, listed: Iterable[Faq]) -> tuple[Faq, ...]:
    """Merge the FAQs found in a text with the listed ones: each question and answer once, with all its alternates.

    If both have the same question at the same place, the listed answer wins.
    """
    found = outline(text)
    placed = [faq if faq.section else replace(faq, section=found.path(faq.start, faq.question)) for faq in listed]
    starts: dict[str, list[int]] = {}
    for faq in placed:
        starts.setdefault(faq.question, []).append(faq.start)
    unlisted = [f for f in found.faqs if not any(f.start <= start < f.end for start in starts.get(f.question, ()))]
    merged: dict[tuple[str, ...], Faq] = {}
    for faq in (*unlisted, *placed):
        key = tuple(" ".join(words.casefold().split()) for words in (faq.question, text[faq.start : faq.end]))
        known = merged.setdefault(key, faq)
        merged[key] = replace(known, alternates=tuple(dict.fromkeys((*known.alternates, *faq.alternates))))
    return tuple(merged.values())
