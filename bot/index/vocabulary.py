"""The words of a corpus as they are written, and the number of passages that contain each.

English words that the corpus lacks are included with a count of 0; `bot.build.vocabulary_writer` writes both.
"""

import re
import sqlite3
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.errors import IndexCorrupt, raise_as_corrupt

VOCABULARY = "vocabulary.sqlite"
LAST_LATIN = "\u024f"
"""The last Latin letter; misspellings in other scripts are not corrected."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MAX_LENGTH = 24  # maximum length of a completed word
_AFTER_LETTERS = "\uffff"  # a character that sorts after every letter


class WordsOfLength(NamedTuple):
    """All words of one length, in ascending order."""

    words: NDArray[np.str_]
    passages: NDArray[np.int64]
    """Number of passages that contain each word; 0 for an English word that the corpus lacks."""


class Vocabulary:
    """The vocabulary in the folder of a generation. Thread-safe. Raises `IndexCorrupt` if the folder has none."""

    def __init__(self, folder: Path) -> None:
        path = folder / VOCABULARY
        with raise_as_corrupt(path):
            address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            self._connection.execute("SELECT length FROM vocabulary LIMIT 1")
        self.words = lru_cache(maxsize=None)(partial(_read_words, self._connection))
        """The words of a given length, read on first use."""

    def passages_with(self, word: str) -> int | None:
        """Return the number of passages with a lower-case word; 0 for other English words, None for unknown ones."""
        words, passages = self.words(len(word))
        place = int(np.searchsorted(words, word))
        return int(passages[place]) if place < len(words) and words[place] == word else None

    def most_frequent(self, limit: int) -> list[str]:
        """Return up to `limit` words that most passages contain, the most frequent first."""
        lengths = [self.words(length) for length in range(2, _MAX_LENGTH + 1)]
        words = np.array([word for each in lengths for word in each.words.tolist()])
        passages = np.concatenate([each.passages for each in lengths])
        best = np.argsort(-passages, kind="stable")[:limit]
        return [str(word) for word in words[best[passages[best] > 0]].tolist()]

    def completions(self, prefix: str, limit: int) -> list[str]:
        """Return up to `limit` words of the corpus with a lower-case prefix, the most frequent first."""
        found: list[tuple[int, str]] = []
        for length in range(len(prefix), _MAX_LENGTH + 1):
            words, passages = self.words(length)
            first, last = np.searchsorted(words, [prefix, prefix + _AFTER_LETTERS])
            best = first + np.argsort(-passages[first:last], kind="stable")[:limit]
            found += [(-int(passages[place]), str(words[place])) for place in best if passages[place]]
        return [word for _, word in sorted(found)[:limit]]


@raise_as_corrupt("The vocabulary of the index")
def _read_words(connection: sqlite3.Connection, length: int) -> WordsOfLength:
    found = connection.execute("SELECT words, passages FROM vocabulary WHERE length = ?", (length,)).fetchall()
    joined, counts = found[0] if found else ("", b"")
    letters = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    words = WordsOfLength(letters.view(f"<U{length}"), np.frombuffer(counts, "<i4").astype(np.int64))
    if len(words.words) != len(words.passages):
        raise IndexCorrupt(f"The {length}-letter words of the index do not match their counts: run articlebot build.")
    return words


def plain_words(text: str) -> Iterable[str]:
    """Return the distinct words of a text in lower case, without apostrophes."""
    words = {word.replace("'", "").replace("’", "") for word in _WORD.findall(text.lower())}
    return words if text.isascii() else (word for word in words if max(word) <= LAST_LATIN)
