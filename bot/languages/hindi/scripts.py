"""Hindi in its two scripts: Devanagari in Latin letters and back, and what sounds alike in either.

Latin letters leave out which vowels are long and which consonants are dull, and everybody spells as they please: so words are compared by their sound.
"""

import re
from functools import lru_cache

from bot.languages.hindi.devanagari import folded

_CONSONANTS = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "n", "च": "ch", "छ": "chh", "ज": "j", "झ": "jh", "ञ": "n", "ट": "t", "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n",
    "त": "t", "थ": "th", "द": "d", "ध": "dh", "न": "n", "प": "p", "फ": "ph", "ब": "b", "भ": "bh", "म": "m", "य": "y", "र": "r", "ल": "l", "ळ": "l", "व": "v",
    "श": "sh", "ष": "sh", "स": "s", "ह": "h",
}  # fmt: skip
_VOWELS = {
    "अ": "a",
    "आ": "aa",
    "इ": "i",
    "ई": "i",
    "उ": "u",
    "ऊ": "u",
    "ऋ": "ri",
    "ए": "e",
    "ऍ": "e",
    "ऐ": "ai",
    "ओ": "o",
    "ऑ": "o",
    "औ": "au",
}
_SIGNS = {
    "ा": "aa",
    "ि": "i",
    "ी": "i",
    "ु": "u",
    "ू": "u",
    "ृ": "ri",
    "े": "e",
    "ॅ": "e",
    "ै": "ai",
    "ो": "o",
    "ॉ": "o",
    "ौ": "au",
    "्": "",
}
_NASAL, _SILENT = "ं", "्"
_BEFORE_LIPS = re.compile(f"{_NASAL}(?=[पफबभम])")
"""The nasal dot where it is an "m"."""
_INHERENT = "a"
"""The vowel of a consonant without a sign; it is not spoken at the end of a word, nor between two spoken syllables."""

_TYPED = {
    "chh": "छ", "kh": "ख", "gh": "घ", "ch": "च", "jh": "झ", "th": "थ", "dh": "ध", "ph": "फ", "bh": "भ", "sh": "श", "k": "क", "c": "क", "g": "ग", "j": "ज", "t": "त",
    "d": "द", "n": "न", "p": "प", "b": "ब", "m": "म", "y": "य", "r": "र", "l": "ल", "v": "व", "w": "व", "s": "स", "h": "ह", "f": "फ", "z": "ज", "q": "क", "x": "क्स",
}  # fmt: skip
_SPOKEN = {
    "aa": ("आ", "ा"), "ai": ("ऐ", "ै"), "ei": ("ऐ", "ै"), "ay": ("ए", "े"), "ey": ("ए", "े"), "au": ("औ", "ौ"), "ou": ("औ", "ौ"), "ee": ("ई", "ी"), "ii": ("ई", "ी"),
    "oo": ("ऊ", "ू"), "uu": ("ऊ", "ू"), "a": ("अ", ""), "i": ("इ", "ि"), "u": ("उ", "ु"), "e": ("ए", "े"), "o": ("ओ", "ो"),
}  # fmt: skip
_LONG = {"a": "aa", "i": "ee", "u": "oo"}
_SYLLABLES = re.compile(
    "|".join(
        ["ay(?![aeiou])", *sorted((*_TYPED, *(vowel for vowel in _SPOKEN if vowel != "ay")), key=len, reverse=True)]
    )
)

_LETTERS = dict(
    zip(
        "ए बी सी डी ई एफ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई जेड".split(),  # noqa: SIM905
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        strict=True,
    )
)
_LETTER = "|".join(sorted(_LETTERS, key=len, reverse=True))
_SPELT_OUT = re.compile(rf"(?:(?:{_LETTER})[. ]{{0,2}}){{2,}}")
NAMED_LETTERS = re.compile(rf"(?<![\u0900-\u0963])(?:{_LETTER})(?:[. ]{{1,2}}(?:{_LETTER}))+(?![\u0900-\u0963])\.?")
"""Names of letters with dots or spaces between them: पी.एफ., पी एफ."""

_SAME_SOUND = (
    ("ee", "i"), ("oo", "u"), ("ou", "au"), ("chh", "ch"), ("ph", "f"), ("sh", "s"), ("w", "v"), ("z", "j"), ("q", "k"), ("x", "ks"),
    ("iy", "i"), ("ai", "e"), ("ei", "e"), ("ey", "e"), ("au", "o"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")
_KEPT = 16_384
"""Words whose sound is remembered."""
_BREATHED_OUT = re.compile("(?<=[aeiou])h$")

_ENGLISH_SOUNDS = (
    ("tion", "sn"), ("sion", "sn"), ("cian", "sn"), ("ture", "Cr"), ("tch", "C"), ("sh", "s"), ("ph", "f"), ("ck", "k"), ("ch", "C"), ("kn", "n"), ("wr", "r"),
    ("gh", "g"), ("x", "ks"), ("q", "k"), ("w", "v"), ("z", "g"), ("j", "g"),
)  # fmt: skip
_HINDI_SOUNDS = (("chh", "C"), ("ch", "C"), ("sh", "s"), ("ph", "f"), ("j", "g"))


def romanised(word: str) -> str:
    """A word of Devanagari in the Latin letters that people type for it: नौकरी is "naukri"."""
    syllables = _syllables(word)
    for at in range(len(syllables) - 1, 0, -1):
        consonant, vowel = syllables[at]
        after_vowel = syllables[at - 1][1] != ""
        # At the end of पत्र or राज्य the inherent vowel is heard.
        silent = (
            after_vowel or consonant not in ("r", "y", "v")
            if at == len(syllables) - 1
            else after_vowel and "" not in syllables[at + 1]
        )
        if consonant and vowel is None and silent:
            syllables[at] = (consonant, "")
    return "".join(consonant + (_INHERENT if vowel is None else vowel) for consonant, vowel in syllables)


def _syllables(word: str) -> list[tuple[str, str | None]]:
    """Consonant and vowel of each syllable, either of which may be missing; None is the vowel that a consonant has of itself."""
    found: list[tuple[str, str | None]] = []
    for letter in _BEFORE_LIPS.sub(f"म{_SILENT}", folded(word)):
        if letter in _CONSONANTS:
            found.append((_CONSONANTS[letter], None))
        elif letter in _VOWELS:
            found.append(("", _VOWELS[letter]))
        elif letter in _SIGNS and found:
            found[-1] = (found[-1][0], _SIGNS[letter])
        elif letter == _NASAL:
            found.append(("n", ""))
    return found


def in_devanagari(word: str) -> str:
    """A Hindi word of Latin letters in Devanagari, as near as its spelling tells: "kaise" is कैसे."""
    parts, nasal = _typed_sounds(word.lower())
    vowels = [at for at, part in enumerate(parts) if part in _SPOKEN]
    written, before = "", ""
    for at, part in enumerate(parts):
        if part in _SPOKEN:
            final = at == len(parts) - 1 and len(parts) > 1
            # The last syllable but one of three has a short "a" only where nobody speaks it.
            open_middle = part == "a" and len(vowels) > 2 and at == vowels[-2] and vowels[-1] - at < 3
            vowel = _SPOKEN[_LONG.get(part, part) if final or open_middle else part]
            written += vowel[1] if before in _TYPED else vowel[0]
        else:
            joined = before in _TYPED and (part in ("y", before) or at == 1)
            written += (_SILENT if joined else "") + _TYPED[part]
        before = part
    return written + (_NASAL if nasal else "")


def _typed_sounds(word: str) -> tuple[list[str], bool]:
    """The sounds of a word as it is typed, and whether the last vowel is spoken through the nose."""
    parts = _SYLLABLES.findall(word)
    if len(parts) > 2 and parts[-1] == "h" and parts[-2] in _SPOKEN:
        return parts[:-1], False
    dull = ("a", "au", "i") if len(parts) == 3 else ("a", "au")
    nasal = len(parts) > 2 and parts[-1] == "n" and parts[-2] in _SPOKEN and parts[-2] not in dull
    return (parts[:-1] if nasal else parts), nasal


def spelt_out(word: str) -> str | None:
    """The Latin letters of whose names some Devanagari is made: पीएफ and पी.एफ. are "PF"; None of any other."""
    return "".join(_LETTERS[name] for name in re.findall(_LETTER, word)) if _SPELT_OUT.fullmatch(word) else None


@lru_cache(maxsize=_KEPT)
def sound(word: str) -> str:
    """One spelling for Hindi words in Latin letters that sound alike: "kaise" and "kese", "zaroori" and "jaruri", "achha" and "acha"."""
    for typed, same in _SAME_SOUND:
        word = word.replace(typed, same)
    return _BREATHED_OUT.sub("", _DOUBLED.sub(r"\1", word))


def consonants(word: str) -> str:
    """What a word of either script keeps when it is borrowed by the other: "notice" and नोटिस are both "nts"."""
    hindi = romanised(word) if not word.isascii() else ""
    bare = _replaced(hindi or word.lower(), _HINDI_SOUNDS if hindi else _ENGLISH_SOUNDS)
    if not hindi:
        bare = re.sub("c(?=[eiy])", "s", bare).replace("c", "k")
    opening = "a" if bare[:1] in "aeiou" else ""
    return opening + _DOUBLED.sub(r"\1", re.sub("[aeiouyh]", "", bare))


def _replaced(word: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for typed, same in pairs:
        word = word.replace(typed, same)
    return word
