"""Normalization of questions and passages that are compared with each other."""

import re
from functools import lru_cache

from bot.languages.registry import LANGUAGES, normalize_spelling

_TRAILING = "".join(language.patterns.sentence_ends for language in LANGUAGES) + " "
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=8192)
def normalize(text: str) -> str:
    """Return the text without differences in case, spaces, final punctuation and spelling."""
    return " ".join(normalize_spelling(text).casefold().split()).rstrip(_TRAILING)


def words_only(text: str) -> str:
    """Return the words of a text in lower case, without punctuation, markup and kinds of space."""
    return " ".join(_WORD.findall(text.casefold()))
