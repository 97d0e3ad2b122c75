"""Normalization of questions and passages that are compared with each other."""

from bot.languages.registry import LANGUAGES, normalize_spelling

_TRAILING = "".join(language.patterns.sentence_ends for language in LANGUAGES) + " "


def normalize(text: str) -> str:
    """Return the text without differences in case, spaces, final punctuation and spelling."""
    return " ".join(normalize_spelling(text).casefold().split()).rstrip(_TRAILING)
