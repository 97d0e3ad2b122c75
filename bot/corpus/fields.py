"""The loosely typed fields of a file (front matter, a JSON object) → an `Article`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import unquote, urlsplit

from bot.corpus.article import Article, Faq, slug
from bot.corpus.outline import outline
from bot.corpus.refused import Unreadable
from bot.languages.hindi.devanagari import is_hindi

Fields = Mapping[str, object]


def build_article(source: str, fields: Fields, text: str, listed: Iterable[Faq] = ()) -> Article:
    """The article of a file: its fields, its text and the FAQs found in the text, with `listed` ones merged in.

    `listed` FAQs carry spans of `text` too; one that the text holds already, question and answer, only adds its alternates.
    Raises `Unreadable` with the reason when a field cannot be read.
    """
    url = text_field(fields, "url")
    return Article(
        id=text_field(fields, "id") or _permalink_path(url) or source.rsplit(".", 1)[0],
        source=source,
        title=text_field(fields, "title") or source.rsplit("/", 1)[-1].rsplit(".", 1)[0],
        text=text,
        url=url,
        published=date_field(fields, "date", "published"),
        updated=date_field(fields, "updated"),
        category=text_field(fields, "category"),
        tags=list_field(fields, "tags"),
        language=text_field(fields, "language") or ("hi" if is_hindi(text) else "en"),
        faqs=_merged(text, listed),
        related=list_field(fields, "related"),
    )


def build_faq_article(source: str, fields: Fields) -> Article:
    """The article of one FAQ, a row of its own: its title is the question, its text the answer.

    Without an id it is called after its permalink, or its file, and its question: rows may move, and many may name the same page.
    Raises `Unreadable` with the reason when the question, the answer or another field cannot be read.
    """
    fields = drop_empty(fields)
    question, answer = question_and_answer(fields)
    ident = f"{_permalink_path(text_field(fields, 'url')) or source.rsplit('.', 1)[0]}/{slug(question)}"
    faq = Faq(question, 0, len(answer), (), list_field(fields, "alternates"))
    return build_article(source, {"id": ident, "title": question, **fields}, answer, [faq])


def drop_empty(fields: Fields) -> Fields:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


def question_and_answer(fields: Fields) -> tuple[str, str]:
    """The question, on one line, and the answer of a FAQ. Raises `Unreadable` when it lacks either."""
    question, answer = text_field(fields, "question"), multiline_field(fields, "answer")
    if not question or not answer:
        raise Unreadable(f"a FAQ without {'a question' if not question else 'an answer'}")
    return question, answer


def multiline_field(fields: Fields, name: str) -> str:
    """The text of a field, with its lines; empty when it is absent."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{name} should be text, not {value!r}")
    return (value or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def text_field(fields: Fields, name: str) -> str | None:
    """The words of a field, on one line; None when it is absent or empty."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, (list, dict, bool)):
        raise Unreadable(f"{name} should be text, not {value!r}")
    return " ".join(str(value).split()) or None


def list_field(fields: Fields, name: str) -> tuple[str, ...]:
    """The entries of a list field, without empty ones; text with commas counts as a list."""
    value = fields.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, (list, tuple)) or any(isinstance(entry, (list, dict)) for entry in value):
        raise Unreadable(f"{name} should be a list of words, not {value!r}")
    return tuple(entry for entry in (str(item).strip() for item in value if item is not None) if entry)


def date_field(fields: Fields, *names: str) -> date | None:
    """The day that the first of the fields present names."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if value not in (None, ""):
            return parse_date(name, str(value))
    return None


def parse_date(name: str, words: str) -> date:
    """The day that words name in full: ISO 8601, "October 9, 2025 4:10 AM", "9/10/2025" with the day first, "2025/10/9" with the year first.

    Raises `Unreadable` when they name none, or leave the year, month or day open.
    """
    from dateutil.parser import ParserError, parse

    try:
        return datetime.fromisoformat(words.strip()).date()
    except ValueError:
        pass
    try:
        # A part that the words leave open is filled from `default`: two of them, differing in year, month and day, show it.
        day_first = re.match(r"\s*\d{4}\D", words) is None
        one, other = (
            parse(words, dayfirst=day_first, ignoretz=True, default=default)
            for default in (datetime(2000, 1, 1), datetime(2001, 2, 2))
        )
    except (ParserError, ArithmeticError):
        one, other = datetime.min, datetime.max
    if one.date() != other.date():
        raise Unreadable(f"{name} should be a date like 2025-10-09, not {words!r}")
    return one.date()


def _permalink_path(url: str | None) -> str | None:
    try:
        return unquote(urlsplit(url).path).strip("/") or None if url else None
    except ValueError:
        raise Unreadable(f"url should be a web address, not {url!r}") from None


def _merged(text: str, listed: Iterable[Faq]) -> tuple[Faq, ...]:
    """The FAQs of a text and those listed, each pair of question and answer once, with the alternates of all its places.

    Where both have a question at the same place, the listed answer is the whole of it.
    """
    found = outline(text)
    placed = [faq if faq.section else replace(faq, section=found.path(faq.start, faq.question)) for faq in listed]
    starts: dict[str, list[int]] = {}
    for faq in placed:
        starts.setdefault(faq.question, []).append(faq.start)
    ours = [
        faq for faq in found.faqs if not any(faq.start <= start < faq.end for start in starts.get(faq.question, ()))
    ]
    merged: dict[tuple[str, ...], Faq] = {}
    for faq in (*ours, *placed):
        key = tuple(" ".join(words.casefold().split()) for words in (faq.question, text[faq.start : faq.end]))
        known = merged.setdefault(key, faq)
        merged[key] = replace(known, alternates=tuple(dict.fromkeys((*known.alternates, *faq.alternates))))
    return tuple(merged.values())
