"""The words of a corpus as they are written, and how many passages have them.

English words that the corpus lacks stand beside them with no passage: a question's "cricket" is no misspelt "ticket". They come from the dictionaries of
symspellpy, in British spelling, and pyspellchecker, in American spelling: 145,000 words together, opened by this module alone and at build time only.
"""

import re
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files

from bot.errors import MissingExtra
from bot.passages import Passage

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
LAST_LATIN = "\u024f"
"""The last letter of the script whose misspellings are understood."""
_DICTIONARY = "frequency_dictionary_en_82_765.txt"


class Vocabulary:
    """The words of passages, of their titles, headings and questions, with the number of passages that have them; it is 0 for other English words.

    Words are in lower case, without apostrophes, and of Latin letters. Raises `MissingExtra` when a dictionary is not installed.
    """

    def __init__(self) -> None:
        self.counts = Counter(dict.fromkeys(_english(), 0))

    def add(self, passage: Passage) -> None:
        parts = (passage.article.title, *passage.section, passage.question or "", *passage.alternates, passage.text)
        self.counts.update(plain_words("\n".join(parts)))


def plain_words(text: str) -> Iterable[str]:
    """The words of a text in lower case, without apostrophes, each once."""
    words = {word.replace("'", "").replace("’", "") for word in _WORD.findall(text.lower())}
    return words if text.isascii() else (word for word in words if max(word) <= LAST_LATIN)


def _english() -> Iterable[str]:
    try:
        from spellchecker import SpellChecker

        british = files("symspellpy").joinpath(_DICTIONARY).read_text(encoding="utf-8-sig").splitlines()
    except ModuleNotFoundError as error:
        raise MissingExtra({"spellchecker": "pyspellchecker"}.get(str(error.name), str(error.name)), "build") from None
    words = (*(line.split(" ")[0] for line in british), *SpellChecker(language="en").word_frequency.words())
    return plain_words("\n".join(words))
