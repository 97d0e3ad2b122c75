"""`PageTexts`: every word that the page says by itself, in one language; and which language a browser gets."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any

from bot.answering.small_talk import Talk
from bot.errors import SettingsError
from bot.settings import ChatSettings

ENGLISH = "en"
_SHIPPED = Path(str(files("bot.serve").joinpath("languages")))
_NAMED = 3
"""Categories that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTexts:
    """The words of one language; those with braces are completed by what the braces name. Where each stands is said in `languages/en.toml`."""

    code: str
    """As browsers name the language: "en", "hi", "pt-BR"."""
    language: str
    """Its own name for itself."""
    direction: str
    """"ltr" or "rtl"."""
    title: str
    lead: str
    greeting: str
    greeting_bare: str
    newest: str
    most_asked: str
    articles: str
    all_articles: str
    placeholder: str
    placeholder_bare: str
    question: str
    conversation: str
    send: str
    new: str
    typed: str
    typed_count: str
    from_faqs: str
    from_faq: str
    from_article: str
    closest: str
    published: str
    updated: str
    read_more: str
    more_of_section: str
    newer: str
    corrected: str
    as_typed: str
    topic: str
    alone: str
    only_category: str
    other_language: str
    no_answer: str
    no_answer_category: str
    nearest: str
    about: str
    begin: str
    ambiguous: str
    too_long: str
    too_many: str
    broken: str
    unreachable: str
    looking: str
    copy: str
    copied: str
    link: str
    linked: str
    helpful: str
    unhelpful: str
    thanks: str
    why: str
    wrong: str
    outdated: str
    incomplete: str
    unrelated: str
    comment: str
    tell: str
    not_stored: str
    open: str
    close: str
    whole_page: str
    months: Sequence[str]
    replies: Mapping[str, str] = field(default_factory=dict)
    """What small talk gets, by its kind; without it, what the bot says itself, which is English."""

    def day(self, day: date | None) -> str:
        return f"{day.day} {self.months[day.month - 1]} {day.year}" if day else ""

    def reply(self, talk: Talk, categories: Sequence[str], spoken: str) -> str:
        """What small talk gets: in this language where it knows of small talk, else `spoken`, what the bot said."""
        if not self.replies:
            return spoken
        named = self._joined([*categories[:_NAMED], self.replies["more"]] if len(categories) > _NAMED else categories)
        return self.replies[talk].format(
            about=self.replies["about"].format(categories=named) if named else self.replies["about_bare"]
        )

    def _joined(self, names: Sequence[str]) -> str:
        return (
            self.replies["and"].format(first=", ".join(names[:-1]), last=names[-1])
            if len(names) > 1
            else "".join(names)
        )

    def with_own(self, words: Mapping[str, str]) -> "PageTexts":
        """These words with some of a publisher's own in place of them. Raises `SettingsError` when one is not known or names what there is not."""
        _check(f"texts.{self.code}", words, self._flat(), complete=False)
        return replace(self, **dict(words))  # type: ignore[arg-type]  # checked above: all of them are words

    def _flat(self) -> dict[str, str]:
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if isinstance(getattr(self, each.name), str) and each.name != "code"
        }


def texts_of(settings: ChatSettings) -> dict[str, PageTexts]:
    """The languages of the page, by code, with the publisher's own words. Raises `SettingsError` as `all_texts`, or when a language named is not there."""
    texts = all_texts(settings.languages)
    for code in (settings.language, *settings.texts):
        if code not in texts:
            raise SettingsError(
                f"There is no language {code!r}: there are {', '.join(texts)}; a file languages/{code}.toml beside the settings adds it."
            )
    return {code: each.with_own(settings.texts.get(code, {})) for code, each in texts.items()}


def all_texts(own: Path | None = None) -> dict[str, PageTexts]:
    """The languages there are, by code: those shipped, and those of files in the folder `own`, which replace them.

    Raises `SettingsError` when a file lacks a word, has one that nobody says, or one whose braces are not those of the English word.
    """
    paths = [*sorted(_SHIPPED.glob("*.toml")), *(sorted(own.glob("*.toml")) if own else ())]
    read = {path.stem: path for path in paths}
    english = _read(_SHIPPED / f"{ENGLISH}.toml")
    return {code: _texts(path, english) for code, path in read.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}.") from error


def _texts(path: Path, english: Mapping[str, Any]) -> PageTexts:
    words = _read(path)
    named = {key: value for key, value in words.items() if key not in ("replies", "months")}
    _check(str(path), named, {key: value for key, value in english.items() if isinstance(value, str)}, complete=True)
    months = words.get("months", english["months"])
    if not isinstance(months, list) or len(months) != 12 or not all(isinstance(month, str) for month in months):
        raise SettingsError(f"{path}: months must be a list of twelve names.")
    if named["direction"] not in ("ltr", "rtl"):
        raise SettingsError(f"{path}: direction must be ltr or rtl.")
    replies = words.get("replies", {})
    if replies:
        _check(f"{path}: replies", replies, _REPLIES, complete=True)
    return PageTexts(code=path.stem, **named, months=tuple(months), replies=replies)


_REPLIES: Mapping[str, str] = {
    **dict.fromkeys(("identity", "help", "mood", "thanks", "greeting", "filler"), "{about}"),
    "farewell": "", "about": "{categories}", "about_bare": "", "and": "{first}{last}", "more": "",
}  # fmt: skip
"""The replies to small talk and what completes each."""


def _check(where: str, words: Mapping[str, Any], model: Mapping[str, str], *, complete: bool) -> None:
    missing, unknown = (
        [key for key in model if complete and key not in words],
        [key for key in words if key not in model],
    )
    if missing or unknown:
        told = [f"lacks {', '.join(missing)}"] if missing else []
        told += [f"has {', '.join(unknown)}, which nothing says"] if unknown else []
        raise SettingsError(f"{where} {' and '.join(told)}: the words are those of bot/serve/languages/en.toml.")
    for key, value in words.items():
        if not isinstance(value, str) or not _braces(value) <= _braces(model[key]):
            known = ", ".join(f"{{{name}}}" for name in sorted(_braces(model[key]))) or "none"
            raise SettingsError(f"{where}: {key} must be words in quotation marks, and of braces may have {known}.")


def _braces(words: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    except ValueError:
        return {words}


def chosen(accepted: str, languages: Sequence[str], default: str) -> str:
    """The language of those there are that a browser wants most, by its `Accept-Language` header (RFC 9110, section 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in accepted.split(","):
        found = re.fullmatch(
            r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*", part
        )
        if found and float(found[2] or 1) > 0:
            wanted.append((-float(found[2] or 1), found[1].lower()))
    by_code = {code.lower(): code for code in languages}
    for _, name in sorted(wanted, key=lambda each: each[0]):
        parts = name.split("-")
        for length in range(len(parts), 0, -1):
            if (code := by_code.get("-".join(parts[:length]))) is not None:
                return code
    return default
