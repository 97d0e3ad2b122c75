"""The words of a corpus as they are written, and how many passages have them.

English words that the corpus lacks stand beside them with no passage: a question's "cricket" is no misspelt "ticket". They come from the dictionaries of
symspellpy, in British spelling, and pyspellchecker, in American spelling: 145,000 words together, opened by this module alone and at build time only.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import lru_cache, partial
from importlib.resources import files
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.errors import IndexCorrupt, MissingExtra
from bot.passages import Passage

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
LAST_LATIN = "\u024f"
"""The last letter of the script whose misspellings are understood."""
_DICTIONARY = "frequency_dictionary_en_82_765.txt"


VOCABULARY = "vocabulary.sqlite"
_LONGEST = 24
"""Letters of a word that is completed."""
_PAST = "\uffff"
"""After every letter."""


class WordsOfLength(NamedTuple):
    """All words of one length, in rising order."""

    words: NDArray[np.str_]
    passages: NDArray[np.int64]
    """How many passages have each of them; 0 for an English word that the corpus lacks."""


class VocabularyWriter:
    """Counts the words of passages, of their titles, headings and questions, as they come: how many passages have each.

    Words are in lower case, without apostrophes, and of Latin letters. Raises `MissingExtra` when a dictionary is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / VOCABULARY
        self._counts = Counter(dict.fromkeys(_english(), 0))

    def add(self, passage: Passage) -> None:
        parts = (passage.article.title, *passage.section, passage.question or "", *passage.alternates, passage.text)
        self._counts.update(plain_words("\n".join(parts)))

    def close(self) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute(
                "CREATE TABLE vocabulary (length INTEGER PRIMARY KEY, words TEXT NOT NULL, passages BLOB NOT NULL)"
            )
            connection.executemany("INSERT INTO vocabulary VALUES (?, ?, ?)", self._rows())
            connection.commit()

    def _rows(self) -> Iterator[tuple[int, str, bytes]]:
        """One row for all words of a length, one after the other: a misspelt word is compared with those of about its own length, and these are read at once."""
        for length, group in groupby(sorted(self._counts, key=lambda word: (len(word), word)), key=len):
            words = list(group)
            yield length, "".join(words), np.array([self._counts[word] for word in words], "<i4").tobytes()


class Vocabulary:
    """An open vocabulary. Raises `IndexCorrupt` when the folder does not hold one. Safe to read from many threads."""

    def __init__(self, folder: Path) -> None:
        path = folder / VOCABULARY
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            self._connection.execute("SELECT length FROM vocabulary LIMIT 1")
        except sqlite3.Error as error:
            raise IndexCorrupt(f"{path} cannot be read ({error}): run articlebot build.") from error
        self.words = lru_cache(maxsize=None)(partial(_read_words, self._connection))
        """The words of a length, read when it is first asked for."""

    def passages_with(self, word: str) -> int | None:
        """How many passages have a word in small letters; 0 for one of English that they lack, None for one that is not even English."""
        words, passages = self.words(len(word))
        place = int(np.searchsorted(words, word))
        return int(passages[place]) if place < len(words) and words[place] == word else None

    def most_frequent(self, most: int) -> list[str]:
        """The at most `most` words that most passages have, the most frequent first."""
        each = [self.words(length) for length in range(2, _LONGEST + 1)]
        words, passages = (
            np.array([word for some in each for word in some.words.tolist()]),
            np.concatenate([some.passages for some in each]),
        )
        best = np.argsort(-passages, kind="stable")[:most]
        return [str(word) for word in words[best[passages[best] > 0]].tolist()]

    def completed(self, beginning: str, most: int) -> list[str]:
        """The at most `most` words with this beginning, in lower case, that most passages have; of those that passages have at all."""
        found: list[tuple[int, str]] = []
        for length in range(len(beginning), _LONGEST + 1):
            words, passages = self.words(length)
            first, last = np.searchsorted(words, [beginning, beginning + _PAST])
            best = first + np.argsort(-passages[first:last], kind="stable")[:most]
            found += [(-int(passages[place]), str(words[place])) for place in best if passages[place]]
        return [word for _, word in sorted(found)[:most]]


def _read_words(connection: sqlite3.Connection, length: int) -> WordsOfLength:
    try:
        found = connection.execute("SELECT words, passages FROM vocabulary WHERE length = ?", (length,)).fetchall()
        joined, counts = found[0] if found else ("", b"")
        letters = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        words = WordsOfLength(letters.view(f"<U{length}"), np.frombuffer(counts, "<i4").astype(np.int64))
    except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
        raise IndexCorrupt(f"The words of the index cannot be read ({error}): run articlebot build.") from error
    if len(words.words) != len(words.passages):
        raise IndexCorrupt(f"The words of {length} letters in the index are not all counted: run articlebot build.")
    return words


def plain_words(text: str) -> Iterable[str]:
    """The words of a text in lower case, without apostrophes, each once."""
    words = {word.replace("'", "").replace("’", "") for word in _WORD.findall(text.lower())}
    return words if text.isascii() else (word for word in words if max(word) <= LAST_LATIN)


def check_dictionaries() -> None:
    """Raises `MissingExtra` when a dictionary is not installed."""
    for module, package in {"symspellpy": "symspellpy", "spellchecker": "pyspellchecker"}.items():
        if find_spec(module) is None:
            raise MissingExtra(package, "build")


@lru_cache(maxsize=1)
def _english() -> tuple[str, ...]:
    check_dictionaries()
    from spellchecker import SpellChecker

    british = files("symspellpy").joinpath(_DICTIONARY).read_text(encoding="utf-8-sig").splitlines()
    american = SpellChecker(language="en").word_frequency.words()
    return tuple(plain_words("\n".join((*(line.split(" ")[0] for line in british), *american))))
