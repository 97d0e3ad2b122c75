"""Spelling repair: misspelled words of a question are replaced with words of the corpus.

A word is misspelled if the corpus contains it in no form, it is not English, and a word of the corpus is one or two
edits away with no other English word closer. Short words, capitalized names, codes and addresses stay, and so does a
question in another language, such as Hindi in Latin letters: its words resemble English ones.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.index.generation import LexicalSearch
from bot.index.vocabulary import LAST_LATIN, Vocabulary
from bot.languages.registry import ENGLISH, QuestionLanguages

_WORD = re.compile(r"(?<![^\W_]['’-])\b[^\W\d_]+\b(?!['’-](?!s\b)[^\W_])")
"""A whole word, or one before "'s", but not a part of "e-mail" or "don't"."""
_CODE = re.compile(r"\S*(?:[\d@_\\]|://|\w\.\w)\S*")  # a number, address, file or identifier
_WITH_INITIAL = re.compile(r"[A-Z]([A-Z][a-z]+)")  # "BTech", which articles may write "B.Tech"
_SENTENCE_END = re.compile(r"(?:^|[.!?:])\W*$")
_SHORTEST, _LONGEST = 4, 30  # length of words that are repaired, and of their repairs at least
_SHORTEST_ACRONYM, _SHORTEST_NAME = 3, 5  # length of unknown names in capitals and in small letters
_TWO_EDITS = 7  # length from which a word may be two edits away

# Fitted on stackfaq's questions with misspellings of every kind, and checked on its and hint3_sofmattress's correct
# questions (benchmarks/quality/typos.py). In units of the logarithm of the number of passages that contain a word.
_EDIT_COST = 5.0
_PAIR_BONUS = 1.5  # bonus if the corpus contains the word next to its neighbour
_UNSEEN_COUNT = 0.5  # number of passages assumed for a word that the corpus lacks

_VOWELS = "aeiou"
_VOWEL_BITS = np.uint32(sum(1 << (ord(vowel) & 31) for vowel in _VOWELS))
_FEW_VOWELS = 0.2  # maximum share of vowels in a word that may be spelled without them
_MISSING_VOWELS_COST = 1.0  # number of edits that missing vowels count as, however many there are
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACES = {key: complex(column + row / 2, row) for row, keys in enumerate(_KEYS) for column, key in enumerate(keys)}
"""The places of the keys on a keyboard, in units of their distance."""


class _Candidate(NamedTuple):
    word: str
    passages: int
    edits: float


class Speller:
    """Repairs questions with the vocabulary of an index. Safe to call from many threads."""

    def __init__(self, vocabulary: Vocabulary, lexical: LexicalSearch, languages: QuestionLanguages) -> None:
        self._vocabulary, self._lexical, self._languages = vocabulary, lexical, languages
        self._letter_sets = lru_cache(maxsize=None)(lambda length: _letter_sets(vocabulary.words(length).words))
        """The letter sets of all words of a length."""

    def repair(self, question: str) -> str | None:
        """Return the question with its misspelled words repaired, in its own case and punctuation; None if none are.

        A question in another language is not repaired, nor one with far more unknown than misspelled words.
        """
        if self._languages.detect(question) != ENGLISH.code:
            return None
        words = list(_words(question))
        typed = [match[0].lower() for match in words]
        unknown = [place for place, match in enumerate(words) if self._is_unknown(match, question)]
        repairs = {place: repair for place in unknown if (repair := self._repair(place, typed))}
        if not repairs or len(unknown) > 2 * len(repairs):
            return None
        repaired = _replace(question, {words[place]: repair for place, repair in repairs.items()})
        # A repaired word may show what its neighbour was meant to be.
        return self.repair(repaired) or repaired

    def unknown_names(self, question: str) -> tuple[str, ...]:
        """Return the names in an English question, such as company names, that the corpus does not contain."""
        if self._languages.detect(question) != ENGLISH.code:
            return ()
        return tuple(dict.fromkeys(match[0] for match in _words(question) if self._is_unknown_name(match, question)))

    def _is_unknown_name(self, match: re.Match[str], question: str) -> bool:
        word = match[0].lower()
        passages = self._vocabulary.passages_with(word)
        written = _WITH_INITIAL.fullmatch(match[0])
        if len(word) < _SHORTEST_ACRONYM or self._is_in_articles(written[1].lower() if written else word):
            return False
        if _is_name(match, question):
            return passages is None or match[0].isupper()
        # In small letters, a name is a word of no dictionary that stands for no other word.
        is_strange = passages is None and _SHORTEST_NAME <= len(word) <= _LONGEST and max(word) <= LAST_LATIN
        return is_strange and not (self._split(word) or any(self._near(word)) or any(self._without_vowels(word)))

    def _is_unknown(self, match: re.Match[str], question: str) -> bool:
        word = match[0].lower()
        is_repairable = _SHORTEST <= len(word) <= _LONGEST and max(word) <= LAST_LATIN
        is_known = self._vocabulary.passages_with(word) is not None or self._is_in_articles(word)
        return is_repairable and not is_known and not _is_name(match, question)

    def _is_in_articles(self, word: str) -> bool:
        """Whether the articles contain a word or its singular; visitors misspell the words of alternates."""
        return any(self._vocabulary.passages_with(form) for form in (word, word.removesuffix("s")))

    def _repair(self, place: int, typed: Sequence[str]) -> str | None:
        """Return the word, or the two words, of the corpus that an unknown word stands for, in any form."""
        word = typed[place]
        if halves := self._split(word):
            return halves
        neighbours = (" ".join(typed[max(0, place - 1) : place]), " ".join(typed[place + 1 : place + 2]))
        candidates = [*self._near(word), *self._without_vowels(word)]
        best = max(candidates, key=lambda candidate: self._score(candidate, neighbours), default=None)
        return best.word if best and (best.passages or self._lexical.has("words", best.word)) else None

    def _score(self, candidate: _Candidate, neighbours: tuple[str, str]) -> float:
        before, after = neighbours
        pairs = (f"{before} {candidate.word}", f"{candidate.word} {after}")
        is_paired = candidate.passages > 0 and any(self._lexical.has("pairs", pair) for pair in pairs)
        return log(candidate.passages + _UNSEEN_COUNT) - _EDIT_COST * candidate.edits + _PAIR_BONUS * is_paired

    def _split(self, word: str) -> str | None:
        """Return two words typed as one, if the corpus contains them side by side."""
        for at in range(_SHORTEST - 1, len(word) - _SHORTEST + 2):
            halves = (word[:at], word[at:])
            if all(map(self._vocabulary.passages_with, halves)) and self._lexical.has("pairs", " ".join(halves)):
                return " ".join(halves)
        return None

    def _near(self, word: str) -> Iterator[_Candidate]:
        """Yield the words that are one or two edits away."""
        most, letters = (2 if len(word) >= _TWO_EDITS else 1), _letter_sets(np.array([word]))
        for length in range(max(_SHORTEST, len(word) - most), len(word) + most + 1):
            words, passages = self._vocabulary.words(length)
            similar = np.flatnonzero(np.bitwise_count(self._letter_sets(length) ^ letters) <= 2 * most)
            choices = words[similar].tolist()
            for other, _, place in process.extract(word, choices, scorer=OSA.distance, score_cutoff=most, limit=None):
                yield _Candidate(other, int(passages[similar[place]]), _edits(word, other))

    def _without_vowels(self, word: str) -> Iterator[_Candidate]:
        """Yield the words of the corpus that are typed like this without their vowels."""
        if sum(letter in _VOWELS for letter in word) > _FEW_VOWELS * len(word):
            return
        letters = _letter_sets(np.array([word]))
        for length in range(len(word) + 1, 2 * len(word) + 4):
            words, passages = self._vocabulary.words(length)
            same_consonants = (self._letter_sets(length) ^ letters) & ~_VOWEL_BITS == 0
            for place in np.flatnonzero(same_consonants & (passages > 0)).tolist():
                if _skeleton(str(words[place])) == _skeleton(word):
                    yield _Candidate(str(words[place]), int(passages[place]), _MISSING_VOWELS_COST)


def _words(question: str) -> Iterator[re.Match[str]]:
    codes = [code.span() for code in _CODE.finditer(question)]
    return (word for word in _WORD.finditer(question) if not any(start <= word.start() < end for start, end in codes))


def _is_name(word: re.Match[str], question: str) -> bool:
    """Whether capitals mark a name or an abbreviation, not just the start of a sentence or a capitalized question."""
    if word[0].islower() or not any(other[0].islower() for other in _WORD.finditer(question)):
        return False
    return not word[0].istitle() or not _SENTENCE_END.search(question[: word.start()])


def _replace(question: str, repairs: Mapping[re.Match[str], str]) -> str:
    for word, repair in sorted(repairs.items(), key=lambda item: -item[0].start()):
        cased = repair.upper() if word[0].isupper() else repair.capitalize() if word[0][0].isupper() else repair
        question = question[: word.start()] + cased + question[word.end() :]
    return question


def _letter_sets(words: NDArray[np.str_]) -> NDArray[np.uint32]:
    """Return a bit for each letter that a word contains: words that are one edit apart differ in at most two bits."""
    if not len(words):
        return np.zeros(0, np.uint32)
    codes = words.view(np.uint32).reshape(len(words), -1)
    return np.asarray(np.bitwise_or.reduce(np.uint32(1) << (codes & 31), axis=1), np.uint32)


def _edits(typed: str, word: str) -> float:
    """Return the weighted number of edits between two words.

    Swapped and doubled letters, neighbouring keys and wrong vowels count less, a wrong first letter counts more.
    """
    edits = float(OSA.distance(typed, word))
    if sorted(typed) == sorted(word):
        edits -= 0.4
    elif _squeezed(typed) == _squeezed(word):
        edits -= 0.3
    elif len(typed) == len(word):
        edits -= 0.2 * all(map(_is_easy_mistake, typed, word))
    else:
        edits -= 0.1
    return edits + 0.4 * (typed[0] != word[0])


def _is_easy_mistake(typed: str, letter: str) -> bool:
    """Whether a letter is easily typed instead of another."""
    are_vowels = typed in _VOWELS and letter in _VOWELS
    here, there = _PLACES.get(typed), _PLACES.get(letter)
    are_neighbours = here is not None and there is not None and abs(here - there) < 1.2
    return typed == letter or are_vowels or are_neighbours


def _squeezed(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _skeleton(word: str) -> str:
    """Return the first letter and the consonants after it, doubled ones once."""
    return _squeezed(word[0] + re.sub(f"[{_VOWELS}]", "", word[1:]))
