"""English words in Hindi questions: as they are, or written in Devanagari."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property

from bot.languages.hindi.transliteration import acronym, consonant_key, phonetic_key, romanize, spoken
from bot.languages.language import WordLookup

_MIN_SIMILARITY_OF_SHORT, _MIN_SIMILARITY = 0.75, 0.5
"""Minimum similarity in spelling of a loanword with two consonants, and with more."""
_CANDIDATES = 10_000  # number of the articles' most frequent words that a loanword is compared with
_TIE = 0.2  # difference in similarity within which the more frequent word is preferred


class EnglishLexicon:
    """The words of English and of the articles, which stay as they are in a Hindi question. Safe for many threads."""

    def __init__(self, words: WordLookup) -> None:
        self._words = words

    def __contains__(self, word: str) -> bool:
        """Whether English or the articles have a lower-case word."""
        return self._words.passages_with(word) is not None

    def loanword(self, word: str) -> str | None:
        """Return the articles' word that a word of Devanagari sounds like: "notice" for नोटिस."""
        if letters := acronym(word):
            return letters if letters.lower() in self else None
        consonants, sound = consonant_key(word), phonetic_key(romanize(word))
        others = self._by_consonants.get(consonants, ())
        similarities = {other: SequenceMatcher(None, sound, phonetic_key(spoken(other))).ratio() for other in others}
        best = max(similarities.values(), default=0.0)
        least = _MIN_SIMILARITY_OF_SHORT if len(consonants) == 2 else _MIN_SIMILARITY
        if len(consonants) < 2 or best < least:
            return None
        return next(other for other, similarity in similarities.items() if similarity >= best - _TIE)

    @cached_property
    def _by_consonants(self) -> Mapping[str, Sequence[str]]:
        # Built at the first question in Devanagari: it takes a fifth of a second for ten thousand words.
        found: dict[str, list[str]] = {}
        for word in self._words.most_frequent(_CANDIDATES):
            found.setdefault(consonant_key(word), []).append(word)
        return found
