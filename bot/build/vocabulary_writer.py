"""Writes the vocabulary of a corpus, with the English words that the corpus lacks.

English words have a count of 0, so that a question's "cricket" is not taken for a misspelt "ticket". They come from the
dictionaries of symspellpy, in British spelling, and pyspellchecker, in American spelling: 145,000 words together.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bot.errors import MissingExtra
from bot.index.vocabulary import VOCABULARY, plain_words
from bot.languages.registry import readable
from bot.passages import Passage

_TABLE = "CREATE TABLE vocabulary (length INTEGER PRIMARY KEY, words TEXT NOT NULL, passages BLOB NOT NULL)"
_DICTIONARY = "frequency_dictionary_en_82_765.txt"


class VocabularyWriter:
    """Counts the passages that contain each word, with their titles, headings and questions, but not their alternates.

    Words are lower-case, without apostrophes, and in Latin letters. Raises `MissingExtra` if a dictionary is not
    installed.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / VOCABULARY
        self._counts = Counter(dict.fromkeys(_english_words(), 0))

    def add(self, passage: Passage) -> None:
        parts = (passage.article.title, *passage.section, passage.question or "", passage.text)
        self._counts.update(plain_words(readable("\n".join(parts))))

    def close(self) -> None:
        """Write the file."""
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute(_TABLE)
            connection.executemany("INSERT INTO vocabulary VALUES (?, ?, ?)", self._rows())
            connection.commit()

    def _rows(self) -> Iterator[tuple[int, str, bytes]]:
        """Yield one row per word length: a misspelt word is compared with words of similar length, read at once."""
        by_length: defaultdict[int, list[str]] = defaultdict(list)
        for word in self._counts:
            by_length[len(word)].append(word)
        for length in sorted(by_length):
            words = sorted(by_length[length])
            yield length, "".join(words), np.array([self._counts[word] for word in words], "<i4").tobytes()


_PACKAGES = {
    "dateutil": "python-dateutil", "filelock": "filelock", "sentencex": "sentencex", "spellchecker": "pyspellchecker",
    "symspellpy": "symspellpy",
}  # fmt: skip
"""The packages that every build needs, whatever its encoder and the files of its corpus, by their modules."""


def check_packages(extra: str = "build") -> None:
    """Raise `MissingExtra`, naming `extra`, if a package that every build needs is not installed."""
    for module, package in _PACKAGES.items():
        if find_spec(module) is None:
            raise MissingExtra(package, extra)


@lru_cache(maxsize=1)
def _english_words() -> tuple[str, ...]:
    check_packages()
    from spellchecker import SpellChecker

    lines = files("symspellpy").joinpath(_DICTIONARY).read_text(encoding="utf-8-sig").splitlines()
    british, american = (line.split(" ")[0] for line in lines), SpellChecker(language="en").word_frequency.words()
    # Sorted, so that the words of each later corpus are sorted in linear time.
    return tuple(sorted(plain_words("\n".join((*british, *american)))))
