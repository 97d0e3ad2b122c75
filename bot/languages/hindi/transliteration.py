"""Hindi in two scripts: Devanagari to Latin letters and back, and keys for comparing words by their sound.

Latin spellings do not show vowel length or aspiration, and vary from person to person.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from bot.languages.hindi.devanagari import normalize


def _pairs(text: str) -> dict[str, str]:
    """Read a table: every other word is a key."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_CONSONANTS = _pairs("""
    क k ख kh ग g घ gh ङ n च ch छ chh ज j झ jh ञ n ट t ठ th ड d ढ dh ण n त t थ th द d ध dh न n प p फ ph ब b
    भ bh म m य y र r ल l ळ l व v श sh ष sh स s ह h
""")
_VOWELS = _pairs("अ a आ aa इ i ई i उ u ऊ u ऋ ri ए e ऍ e ऐ ai ओ o ऑ o औ au")  # vowels that start a syllable
_SIGNS = _pairs("ा aa ि i ी i ु u ू u ृ ri े e ॅ e ै ai ो o ॉ o ौ au")  # vowels after a consonant
_VIRAMA, _ANUSVARA = "्", "ं"  # the sign that removes a consonant's vowel, and the dot that makes a vowel nasal
_BEFORE_LABIAL = re.compile(f"{_ANUSVARA}(?=[पफबभम])")  # the dot where it is pronounced "m"
_INHERENT = "a"
"""The vowel of a consonant without a sign; silent at the end of a word and between two pronounced syllables."""

_LATIN_CONSONANTS = _pairs("""
    chh छ kh ख gh घ ch च jh झ th थ dh ध ph फ bh भ sh श k क c क g ग j ज t त d द n न p प b ब m म y य r र l ल
    v व w व s स h ह f फ z ज q क x क्स
""")
_LATIN_VOWELS = _pairs("aa आ ai ऐ ei ऐ ay ए ey ए au औ ou औ ee ई ii ई oo ऊ uu ऊ a अ i इ u उ e ए o ओ")
_SIGN_OF = {"अ": "", **_pairs("आ ा ऐ ै ए े औ ौ ई ी ऊ ू इ ि उ ु ओ ो")}
"""The sign of each vowel after a consonant."""
_LENGTHENED = {"a": "aa", "i": "ee", "u": "oo"}
_LONGEST_FIRST = sorted((set(_LATIN_CONSONANTS) | set(_LATIN_VOWELS)) - {"ay"}, key=len, reverse=True)
_LATIN_SOUNDS = re.compile("|".join(["ay(?![aeiou])", *_LONGEST_FIRST]))

_LETTER_NAMES = _pairs("""
    ए A बी B सी C डी D ई E एफ F जी G एच H आई I जे J के K एल L एम M एन N ओ O पी P क्यू Q
    आर R एस S टी T यू U वी V डब्ल्यू W एक्स X वाई Y जेड Z
""")
_LETTER_NAME = "|".join(sorted(_LETTER_NAMES, key=len, reverse=True))
_ACRONYM = re.compile(rf"({_LETTER_NAME})[. ]{{0,2}}((?:(?:{_LETTER_NAME})[. ]{{0,2}})*)")
_LETTER = "[\u0900-\u0963]"
SPACED_ACRONYM = re.compile(rf"(?<!{_LETTER})(?:{_LETTER_NAME})(?:[. ]{{1,2}}(?:{_LETTER_NAME}))+(?!{_LETTER})\.?")
"""Names of Latin letters with dots or spaces between them: पी.एफ., पी एफ."""

_SAME_SOUND = _pairs("ee i oo u ou au chh ch ph f sh s w v z j q k x ks iy i ai e ei e ey e au o")
_DOUBLED = re.compile(r"(.)\1+")
_FINAL_H = re.compile("(?<=[aeiou])h$")
_CACHED_KEYS = 16_384  # number of words whose phonetic key is cached

_ENGLISH_SOUNDS = _pairs("""
    tion sn sion sn cian sn ture Cr tch C sh s ph f ck k ch C kn n wr r gh g x ks q k w v z g j g
""")
_HINDI_SOUNDS = _pairs("chh C ch C sh s ph f j g")


@lru_cache(maxsize=16_384)
def romanize(word: str) -> str:
    """Write a word of Devanagari in the Latin letters that people type for it: नौकरी becomes "naukri"."""
    syllables = _syllables(word)
    for at in range(len(syllables) - 1, 0, -1):
        consonant, vowel = syllables[at]
        if consonant and vowel is None and _is_silent(syllables, at):
            syllables[at] = (consonant, "")
    return "".join(consonant + (_INHERENT if vowel is None else vowel) for consonant, vowel in syllables)


def _is_silent(syllables: list[tuple[str, str | None]], at: int) -> bool:
    """Whether the inherent vowel of a syllable is not pronounced."""
    after_vowel = syllables[at - 1][1] != ""
    if at == len(syllables) - 1:
        # At the end of पत्र or राज्य it is pronounced.
        return after_vowel or syllables[at][0] not in ("r", "y", "v")
    return after_vowel and "" not in syllables[at + 1]


def _syllables(word: str) -> list[tuple[str, str | None]]:
    """Return consonant and vowel of each syllable; either may be empty, and None is the inherent vowel."""
    found: list[tuple[str, str | None]] = []
    for letter in _BEFORE_LABIAL.sub(f"म{_VIRAMA}", normalize(word)):
        if letter in _CONSONANTS:
            found.append((_CONSONANTS[letter], None))
        elif letter in _VOWELS:
            found.append(("", _VOWELS[letter]))
        elif (letter in _SIGNS or letter == _VIRAMA) and found:
            found[-1] = (found[-1][0], _SIGNS.get(letter, ""))
        elif letter == _ANUSVARA:
            found.append(("n", ""))
    return found


def to_devanagari(word: str) -> str:
    """Write a Hindi word of Latin letters in Devanagari, as closely as its spelling allows: "kaise" becomes कैसे."""
    sounds, is_nasal = _split_sounds(word.lower())
    vowels = [at for at, sound in enumerate(sounds) if sound in _LATIN_VOWELS]
    written, before = "", ""
    for at, sound in enumerate(sounds):
        if sound in _LATIN_VOWELS:
            is_final = at == len(sounds) - 1 and len(sounds) > 1
            # The second last syllable of three has a short "a" only where it is not pronounced.
            is_open = sound == "a" and len(vowels) > 2 and at == vowels[-2] and vowels[-1] - at < 3
            vowel = _LATIN_VOWELS[_LENGTHENED.get(sound, sound) if is_final or is_open else sound]
            written += _SIGN_OF[vowel] if before in _LATIN_CONSONANTS else vowel
        else:
            is_joined = before in _LATIN_CONSONANTS and (sound in ("y", before) or at == 1)
            written += (_VIRAMA if is_joined else "") + _LATIN_CONSONANTS[sound]
        before = sound
    return written + (_ANUSVARA if is_nasal else "")


def _split_sounds(word: str) -> tuple[list[str], bool]:
    """Split a Latin word into sounds; the flag is whether the last vowel is nasal."""
    sounds = _LATIN_SOUNDS.findall(word)
    if len(sounds) > 2 and sounds[-1] == "h" and sounds[-2] in _LATIN_VOWELS:
        return sounds[:-1], False
    never_nasal = ("a", "au", "i") if len(sounds) == 3 else ("a", "au")
    ends_in_n = len(sounds) > 2 and sounds[-1] == "n"
    is_nasal = ends_in_n and sounds[-2] in _LATIN_VOWELS and sounds[-2] not in never_nasal
    return (sounds[:-1] if is_nasal else sounds), is_nasal


def acronym(word: str) -> str | None:
    """Return the Latin letters that a word names: "PF" for पीएफ and पी.एफ.; None if it names none."""
    letters, rest = "", word
    while found := _ACRONYM.fullmatch(rest):
        letters, rest = letters + _LETTER_NAMES[found[1]], found[2]
    return letters if len(letters) > 1 else None


@lru_cache(maxsize=_CACHED_KEYS)
def phonetic_key(word: str) -> str:
    """Return one spelling for Hindi words in Latin letters that sound alike, as "kaise" and "kese"."""
    return _FINAL_H.sub("", _DOUBLED.sub(r"\1", _replace_all(word, _SAME_SOUND)))


def spoken(word: str) -> str:
    """Return an English word as its sound is written in Hindi: "station" as "stashan"."""
    return re.sub("c(?=[eiy])", "s", re.sub("[cst]ion", "shan", word))


def consonant_key(word: str) -> str:
    """Return the consonants that survive borrowing, in either script: "nts" for "notice" and नोटिस."""
    hindi = romanize(word) if not word.isascii() else ""
    spelling = _replace_all(hindi or word.lower(), _HINDI_SOUNDS if hindi else _ENGLISH_SOUNDS)
    if not hindi:
        spelling = re.sub("c(?=[eiy])", "s", spelling).replace("c", "k")
    opening = "a" if spelling[:1] in "aeiou" else ""
    return opening + _DOUBLED.sub(r"\1", re.sub("[aeiouyh]", "", spelling))


def _replace_all(word: str, replacements: Mapping[str, str]) -> str:
    for old, new in replacements.items():
        word = word.replace(old, new)
    return word
