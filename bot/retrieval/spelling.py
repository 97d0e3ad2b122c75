"""Misspelt words of a question, repaired with the words of the corpus.

A word is taken for a misspelling when the corpus has it in no form, English does not know it either, and a word of the corpus is a slip or two away with no
other English word nearer. Short words, names with a capital, codes and addresses stay, and so does a question in another language, Hindi in Latin letters
among them: its words lie close to English ones.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.index.generation import LexicalSearch
from bot.index.vocabulary import LAST_LATIN, Vocabulary
from bot.languages.hindi.rewriting import EnglishWords, language

_WORD = re.compile(r"(?<![^\W_]['’-])\b[^\W\d_]+\b(?!['’-](?!s\b)[^\W_])")
"""A word by itself or before "'s": the parts of "e-mail" and "don't" are none."""
_CODE = re.compile(r"\S*(?:[\d@_\\]|://|\w\.\w)\S*")
"""A number, address, file or name of a machine's kind."""
_SENTENCE_END = re.compile(r"(?:^|[.!?:])\W*$")
_SHORTEST, _LONGEST = 4, 30
"""Letters a word must have to be repaired; it keeps as many as the first."""
_TWO_SLIPS = 7
"""Letters from which on a word may be two slips away."""

# Set on stackfaq's questions with slips of every kind in them, and on its and hint3_sofmattress's questions as they are (benchmarks/quality/typos.py).
_SLIP = 5.0
"""What a slip counts against the logarithm of how many passages have a word."""
_BESIDE = 1.5
"""What it counts that a word stands beside its neighbour in the corpus too."""
_UNHELD = 0.5
"""As many passages a word that the corpus lacks counts as having."""

_VOWELS = "aeiou"
_VOWEL_BITS = np.uint32(sum(1 << (ord(vowel) & 31) for vowel in _VOWELS))
_FEW_VOWELS = 0.2
"""The share of vowels up to which a word may be SMS spelling."""
_VOWELS_LEFT_OUT = 1.0
"""As many slips these count, however many they are."""
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACE = {key: complex(column + row / 2, row) for row, keys in enumerate(_KEYS) for column, key in enumerate(keys)}


class _Candidate(NamedTuple):
    word: str
    passages: int
    slips: float


class Speller:
    """Repairs questions by the vocabulary of an index. Safe to call from many threads."""

    def __init__(self, vocabulary: Vocabulary, lexical: LexicalSearch, english: EnglishWords) -> None:
        self._vocabulary, self._lexical, self._english = vocabulary, lexical, english
        self._letters = lru_cache(maxsize=None)(partial(_letters_of, vocabulary))

    def repaired(self, question: str) -> str | None:
        """The question with its misspelt words repaired, in its own casing and punctuation; none when there is nothing to repair.

        A question with more strange words than misspelt ones, or in Hindi, stays as it is: it is in another language.
        """
        if language(question, self._english) != "en":
            return None
        words = list(_words(question))
        typed = [match[0].lower() for match in words]
        strange = [
            place
            for place, match in enumerate(words)
            if self._is_strange(typed[place]) and not _is_name(match, question)
        ]
        repairs = {place: repair for place in strange if (repair := self._repair(place, typed))}
        if not repairs or len(strange) > 2 * len(repairs):
            return None
        mended = _replaced(question, {words[place]: repair for place, repair in repairs.items()})
        # A repaired word may tell what its neighbour was meant to be.
        return self.repaired(mended) or mended

    def _is_strange(self, word: str) -> bool:
        return (
            _SHORTEST <= len(word) <= _LONGEST
            and max(word) <= LAST_LATIN
            and not self._lexical.has("words", word)
            and self._vocabulary.passages_with(word) is None
        )

    def _repair(self, place: int, typed: Sequence[str]) -> str | None:
        """The word, or the two words, that the corpus has for a strange one, be it in another form."""
        word = typed[place]
        if halves := self._halves(word):
            return halves
        around = (" ".join(typed[max(0, place - 1) : place]), " ".join(typed[place + 1 : place + 2]))
        candidates = [*self._near(word), *self._without_vowels(word)]
        best = max(candidates, key=lambda candidate: self._score(candidate, around), default=None)
        return best.word if best and (best.passages or self._lexical.has("words", best.word)) else None

    def _score(self, candidate: _Candidate, around: tuple[str, str]) -> float:
        word, (before, after) = candidate.word, around
        beside = candidate.passages > 0 and (
            self._lexical.has("pairs", f"{before} {word}") or self._lexical.has("pairs", f"{word} {after}")
        )
        return log(candidate.passages + _UNHELD) - _SLIP * candidate.slips + _BESIDE * beside

    def _halves(self, word: str) -> str | None:
        """The two words of which one was made, when they stand side by side somewhere."""
        cuts = (f"{word[:at]} {word[at:]}" for at in range(_SHORTEST - 1, len(word) - _SHORTEST + 2))
        return next(
            (
                cut
                for cut in cuts
                if all(self._vocabulary.passages_with(half) for half in cut.split()) and self._lexical.has("pairs", cut)
            ),
            None,
        )

    def _near(self, word: str) -> Iterator[_Candidate]:
        """Words a slip or two away."""
        slips, letters = (2 if len(word) >= _TWO_SLIPS else 1), _letters(np.array([word]))
        for length in range(max(_SHORTEST, len(word) - slips), len(word) + slips + 1):
            words, passages = self._vocabulary.words(length)
            alike = np.flatnonzero(np.bitwise_count(self._letters(length) ^ letters) <= 2 * slips)
            found = process.extract(word, words[alike].tolist(), scorer=OSA.distance, score_cutoff=slips, limit=None)
            yield from (
                _Candidate(other, int(passages[alike[place]]), _slips(word, other)) for other, _, place in found
            )

    def _without_vowels(self, word: str) -> Iterator[_Candidate]:
        """Words of the corpus that are typed so when their vowels are left out."""
        if sum(letter in _VOWELS for letter in word) > _FEW_VOWELS * len(word):
            return
        letters = _letters(np.array([word]))
        for length in range(len(word) + 1, 2 * len(word) + 4):
            words, passages = self._vocabulary.words(length)
            for place in np.flatnonzero(
                ((self._letters(length) ^ letters) & ~_VOWEL_BITS == 0) & (passages > 0)
            ).tolist():
                if _skeleton(str(words[place])) == _skeleton(word):
                    yield _Candidate(str(words[place]), int(passages[place]), _VOWELS_LEFT_OUT)


def _words(question: str) -> Iterator[re.Match[str]]:
    """The words that may be misspelt."""
    codes = [code.span() for code in _CODE.finditer(question)]
    return (word for word in _WORD.finditer(question) if not any(start <= word.start() < end for start, end in codes))


def _is_name(word: re.Match[str], question: str) -> bool:
    """Whether capitals mark a word as a name or an abbreviation: not at the start of a sentence, nor where every word has them."""
    if word[0].islower() or not any(other[0].islower() for other in _WORD.finditer(question)):
        return False
    return not word[0].istitle() or not _SENTENCE_END.search(question[: word.start()])


def _replaced(question: str, repairs: Mapping[re.Match[str], str]) -> str:
    for word, repair in sorted(repairs.items(), key=lambda item: -item[0].start()):
        question = question[: word.start()] + _cased(repair, word[0]) + question[word.end() :]
    return question


def _cased(repair: str, typed: str) -> str:
    if typed.isupper():
        return repair.upper()
    return repair.capitalize() if typed[0].isupper() else repair


def _letters_of(vocabulary: Vocabulary, length: int) -> NDArray[np.uint32]:
    """Those of all words of a length."""
    return _letters(vocabulary.words(length).words)


def _letters(words: NDArray[np.str_]) -> NDArray[np.uint32]:
    """One bit for each letter that a word has: words a slip apart differ in two bits at most."""
    if not len(words):
        return np.zeros(0, np.uint32)
    codes = words.view(np.uint32).reshape(len(words), -1)
    return np.asarray(np.bitwise_or.reduce(np.uint32(1) << (codes & 31), axis=1), np.uint32)


def _slips(typed: str, word: str) -> float:
    """The edits between two words; those of swapped, doubled or neighbouring keys and of wrong vowels count less, a wrong first letter more."""
    slips = float(OSA.distance(typed, word))
    if sorted(typed) == sorted(word):
        slips -= 0.4
    elif _squeezed(typed) == _squeezed(word):
        slips -= 0.3
    elif len(typed) == len(word):
        slips -= 0.2 * all(_is_easy(one, other) for one, other in zip(typed, word, strict=True))
    else:
        slips -= 0.1
    return slips + 0.4 * (typed[0] != word[0])


def _is_easy(typed: str, letter: str) -> bool:
    """Whether one letter is easily typed for another."""
    both_vowels = typed in _VOWELS and letter in _VOWELS
    beside = typed in _PLACE and letter in _PLACE and abs(_PLACE[typed] - _PLACE[letter]) < 1.2
    return typed == letter or both_vowels or beside


def _squeezed(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _skeleton(word: str) -> str:
    """The first letter and the consonants after it, doubled ones once."""
    return _squeezed(word[0] + re.sub(f"[{_VOWELS}]", "", word[1:]))
