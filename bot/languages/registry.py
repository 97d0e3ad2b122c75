"""All languages, and what needs every one of them: detection, combined patterns, small talk, rewriting."""

import re
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from bot.languages.hindi import HINDI
from bot.languages.language import Language, QuestionRewriter, Replies, Talk, WordLookup, read_toml

ENGLISH = Language("bot.languages.english")
OTHERS: tuple[Language, ...] = (HINDI,)
"""All languages but English."""
LANGUAGES = (ENGLISH, *OTHERS)
CODES = tuple(language.code for language in LANGUAGES)
FUNCTION_WORDS = frozenset(word for language in LANGUAGES for word in language.patterns.function_words)
_STRUCTURE = read_toml("bot.languages", "structure.toml")
"""Phrases by language, of languages without a package: articles in them are read, questions are not rewritten."""

_WORD = re.compile(r"[^\W_\u0900-\u097f]+|[\u0900-\u097f]+")
"""A word; Devanagari vowel signs are not letters, but belong to it."""
_LONGEST_SMALL_TALK = 12  # maximum number of words in a message that is nothing but small talk
_NAMED_CATEGORIES = 3  # maximum number of categories that a reply names


class SmallTalk(NamedTuple):
    """The kind of small talk that a message is, and the variant of the language to reply in."""

    kind: Talk
    variant: str


def language_of(variant: str) -> Language:
    """Return the language with this code or variant; English if there is none."""
    return next((language for language in OTHERS if variant in language.variants), ENGLISH)


def written_language(variant: str) -> str:
    """Return the code of the language whose words a variant's writers read: Hinglish, in Latin letters, is English."""
    return variant if variant in CODES else ENGLISH.code


def detect_language(text: str) -> str:
    """Return the code of the language that a text is written in."""
    return next((language.code for language in OTHERS if language.is_language_of(text)), ENGLISH.code)


def has_foreign_script(text: str) -> bool:
    """Whether a letter of the text is in a script that the packaged English model cannot read."""
    return any(language.uses_script(text) for language in OTHERS)


def readable(text: str) -> str:
    """Return a text with the words in foreign scripts in English, word by word, for the packaged English model.

    Questions are translated alike, so that a question and an article in one language meet in English.
    """
    return _in_english(text) if has_foreign_script(text) else text


@lru_cache(maxsize=4096)
def _in_english(text: str) -> str:
    for language in OTHERS:
        text = language.to_english(text)
    return text


def normalize_spelling(text: str) -> str:
    """Return the text with one spelling for each word, for comparison."""
    for language in OTHERS:
        text = language.normalize(text)
    return text


def combined_pattern(name: str) -> str:
    """Join one of the `Patterns` of all languages into one regular expression."""
    own = [pattern for language in LANGUAGES for pattern in getattr(language.patterns, name)]
    return "|".join([*own, *(pattern for phrases in _STRUCTURE.values() for pattern in phrases.get(name, ()))])


def small_talk(message: str) -> SmallTalk | None:
    """Return the small talk that a message consists of; None for a question, even after a greeting."""
    words = _WORD.findall(message.casefold())
    if len(words) > _LONGEST_SMALL_TALK:
        return None
    for language in LANGUAGES:
        if kind := language.small_talk(words):
            spoken = next((other for other in OTHERS if other.uses_script(message)), language)
            return SmallTalk(kind, spoken.variant_of(message))
    return None


def reply(talk: SmallTalk, categories: Sequence[str], contact: str = "") -> str:
    """Return the reply to small talk; it names the first few categories, and how to reach people if asked for that."""
    return compose_reply(language_of(talk.variant).talk.replies[talk.variant], talk.kind, categories, contact)


def compose_reply(replies: Replies, kind: Talk, categories: Sequence[str], contact: str = "") -> str:
    """Return the reply to a kind of small talk in the words of `replies`; see `reply`."""
    shown = [*categories[:_NAMED_CATEGORIES], replies["more"]] if len(categories) > _NAMED_CATEGORIES else categories
    about = replies["about"].format(categories=_joined(shown, replies)) if shown else replies["about_bare"]
    # Language files of version 0.1.0 have no reply to newer kinds.
    return " ".join(replies.get(kind, "{about}").format(about=about, contact=contact).split())


def _joined(names: Sequence[str], replies: Replies) -> str:
    *first, last = names
    return replies["and"].format(first=", ".join(first), last=last) if first else last


class QuestionLanguages:
    """The languages of questions to one index. Safe to use from many threads."""

    def __init__(self, words: WordLookup) -> None:
        self._rewriters = {each.code: rewriter for each in OTHERS if (rewriter := each.rewriter(words)) is not None}
        self.detect = lru_cache(maxsize=1024)(partial(_detect, [*self._rewriters.values()]))
        """Returns the variant of the language that a question is written in."""

    def rewriter(self, variant: str) -> QuestionRewriter | None:
        """Return the rewriter for questions in a variant of a language; None if they need none."""
        return self._rewriters.get(language_of(variant).code)


def _detect(rewriters: Sequence[QuestionRewriter], question: str) -> str:
    found = (rewriter.detect(question) for rewriter in rewriters)
    return next((variant for variant in found if variant is not None), ENGLISH.code)
