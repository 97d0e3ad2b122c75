"""`PageTexts`: the words of the chat page, the widget and the OpenAI-compatible API in one language."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from bot.errors import SettingsError
from bot.languages.language import Replies, Talk
from bot.languages.registry import OTHERS, compose_reply
from bot.serve.settings_file import read_toml
from bot.settings import ChatSettings

ENGLISH = "en"
_ENGLISH_FILE = Path(str(files("bot.serve").joinpath("languages", f"{ENGLISH}.toml")))
_OPTIONAL_REPLIES: Mapping[str, str] = {"contact": "{about}{contact}", "complaint": "{about}"}
_REPLIES: Mapping[str, str] = {
    **dict.fromkeys(("identity", "help", "mood", "thanks", "greeting", "filler"), "{about}"),
    "farewell": "", "about": "{categories}", "about_bare": "", "and": "{first}{last}", "more": "",
}  # fmt: skip
"""The replies to small talk, each with the names that it may have in braces."""
_LANGUAGE_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")


@dataclass(frozen=True, slots=True)
class PageTexts:
    """The words of one language by their names in `languages/en.toml`; names in braces are filled in."""

    code: str
    """Language tag (BCP 47): "en", "hi", "pt-BR"."""
    words: Mapping[str, str]
    replies: Mapping[str, str]
    """Replies to small talk by its kind; without them the bot's own replies are shown, which are English."""
    contact: str = ""
    """How to reach people; see `AnswerSettings.contact`."""
    categories: Mapping[str, str] = field(default_factory=dict)
    """The categories' names in this language, by their names in the articles."""

    def __getitem__(self, name: str) -> str:
        return self.words[name]

    @property
    def locale(self) -> str:
        """The language tag that dates are formatted for."""
        return str(_locale(self.code)).replace("_", "-")

    def day(self, day: date | None) -> str:
        """Return a date written out, or "" if there is none."""
        return format_date(day, "long", _locale(self.code)) if day else ""

    def category(self, name: str) -> str:
        """Return the name of a category in this language; the articles' own if it has none."""
        return self.categories.get(name, name)

    def reply(self, talk: Talk, categories: Sequence[str], default: str) -> str:
        """Return the reply to small talk, or the default if this language has no replies."""
        names = list(map(self.category, categories))
        return compose_reply(self.replies, talk, names, self.contact) if self.replies else default


@cache
def _locale(code: str) -> Locale:
    """Return the locale of a language; British English for English, and for languages that Babel does not know."""
    try:
        return Locale("en", "GB") if code == ENGLISH else Locale.parse(code, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en", "GB")


def texts_for(settings: ChatSettings, contact: str = "") -> dict[str, PageTexts]:
    """Return `load_texts` with the publisher's words, and how to reach people.

    Raises `SettingsError` as well if a language does not exist.
    """
    texts = load_texts(settings.languages)
    for code in (settings.language, *settings.texts, *settings.categories):
        if code not in texts:
            there = f"there are {', '.join(texts)}; a file languages/{code}.toml beside the settings adds it"
            raise SettingsError(f"There is no language {code!r}: {there}.")
    for code, each in texts.items():
        own, names = settings.texts.get(code, {}), settings.categories.get(code, {})
        _check(f"texts.{code}", own, each.words, complete=False)
        texts[code] = replace(each, words={**each.words, **own}, contact=contact, categories=names)
    return texts


def load_texts(folder: Path | None = None) -> dict[str, PageTexts]:
    """Return the texts of each language by its code; files in `folder` add languages to those shipped or replace them.

    Raises `SettingsError` if a file lacks a word, or has an unknown or malformed one.
    """
    paths = {ENGLISH: _ENGLISH_FILE, **{language.code: path for language in OTHERS if (path := language.page_texts)}}
    paths |= {path.stem: path for path in sorted(folder.glob("*.toml"))} if folder else {}
    english, spoken = read_toml(_ENGLISH_FILE), {each.code: each.talk.replies[each.code] for each in OTHERS}
    return {code: _load(code, path, english, spoken.get(code, {})) for code, path in paths.items()}


def _load(code: str, path: Path, english: Mapping[str, Any], replies: Replies) -> PageTexts:
    words = read_toml(path)
    replies = words.pop("replies", replies)
    words.pop("months", None)  # files of version 0.1.0 list them
    _check(str(path), words, english, complete=True)
    if words["direction"] not in ("ltr", "rtl"):
        raise SettingsError(f"{path}: direction must be ltr or rtl.")
    if replies:
        given = {name: words for name, words in _OPTIONAL_REPLIES.items() if name in replies}
        _check(f"{path}: replies", replies, {**_REPLIES, **given}, complete=True)
    return PageTexts(code, words, replies)


def _check(where: str, words: Mapping[str, Any], model: Mapping[str, str], *, complete: bool) -> None:
    missing = [key for key in model if complete and key not in words]
    unknown = [key for key in words if key not in model]
    if missing or unknown:
        faults = [f"lacks {', '.join(missing)}"] if missing else []
        faults += [f"has the unknown {', '.join(unknown)}"] if unknown else []
        raise SettingsError(f"{where} {' and '.join(faults)}: the words are those of bot/serve/languages/en.toml.")
    for key, value in words.items():
        allowed = _names_in_braces(model[key])
        if not isinstance(value, str) or not _names_in_braces(value) <= allowed:
            known = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
            raise SettingsError(f"{where}: {key} must be words in quotation marks, and of braces may have {known}.")


def _names_in_braces(words: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    except ValueError:
        return {words}


def negotiate_language(header: str, languages: Sequence[str], default: str) -> str:
    """Return the language that an `Accept-Language` header prefers (RFC 9110, section 12.5.4)."""
    by_code = {code.lower(): code for code in languages}
    ranges = [found for part in header.split(",") if (found := _LANGUAGE_RANGE.fullmatch(part))]
    for found in sorted(ranges, key=lambda each: -float(each[2] or 1)):
        parts = found[1].lower().split("-") if float(found[2] or 1) > 0 else []
        for length in range(len(parts), 0, -1):
            if (code := by_code.get("-".join(parts[:length]))) is not None:
                return code
    return default
