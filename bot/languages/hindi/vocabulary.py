"""The Hindi vocabulary: common words in Latin letters with their English meanings, found in any spelling."""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from bot.languages.hindi.transliteration import phonetic_key
from bot.languages.language import read_toml

_VERB_ENDING = re.compile(
    r"(?:v?a)?(?:n[aei]|t[aei]|[aeiou]|y[aei]|[eu]n|o?k?ar|ke|k[ae]r|i?e(?:ga)?|[aeiu]?ega|[aeu]?eg[ei]|[ae]?oge"
    r"|[ue]n?g[aei]|do|d[ei]|l[eo])?(?:d[eo]|l[eo]|s[ak]?t[aei])?"
)
"""What may follow the phonetic key of a verb's stem: "nikal" in "nikalna", "nikale", "nikalvaega", "nikaldo"."""
_COMMON_ENDINGS = ("na", "ne", "ni", "e", "o", "a", "i", "ta", "te", "ti", "ega")
_FEW_VOWELS = 0.25  # maximum share of vowels in a word that may be an abbreviated spelling: "krna", "nhi"


class Glossary(NamedTuple):
    """English meanings by spelling, by phonetic key, by key without inner vowels, and of verbs by the stem's key."""

    spellings: Mapping[str, str]
    sounds: Mapping[str, str]
    stems: Mapping[str, str]
    skeletons: Mapping[str, str]
    markers: frozenset[str]
    """Function words that are not English words: one of them shows that a question is Hinglish."""
    rare_in_english: frozenset[str]
    """Function words that are rare in English: two of them show it."""
    also_english: frozenset[str]
    """Function words that are common in English, and show nothing."""

    def meaning(self, word: str) -> str | None:
        """Return the English meaning of a lower-case word of Latin letters that sounds like a known one."""
        sound = phonetic_key(word)
        if sound in self.sounds:
            return self.sounds[sound]
        # A nasal vowel may be spelled with an "n".
        if len(sound) > 3 and sound.endswith("n") and sound[:-1] in self.sounds:
            return self.sounds[sound[:-1]]
        return self._of_verb(sound) or self._of_abbreviation(word, sound)

    def _of_verb(self, sound: str) -> str | None:
        ends = range(len(sound), 1, -1)
        stems = (sound[:end] for end in ends if sound[:end] in self.stems and _VERB_ENDING.fullmatch(sound, end))
        return next((self.stems[stem] for stem in stems), None)

    def _of_abbreviation(self, word: str, sound: str) -> str | None:
        is_short = sum(letter in "aeiou" for letter in word) <= _FEW_VOWELS * len(word)
        return self.skeletons.get(_skeleton(sound)) if is_short else None


@cache
def load_glossary() -> Glossary:
    """Return the vocabulary, read at the first call."""
    fields = read_toml(__package__, "vocabulary.toml")
    grammar, others, verbs = (_by_word(fields[name]) for name in ("grammar", "words", "verbs"))
    # The first of several words that sound alike counts.
    sounds = {phonetic_key(word): english for word, english in reversed((grammar | others).items()) if len(word) > 2}
    stems = {phonetic_key(stem): english for stem, english in reversed(verbs.items())}
    forms = {f"{stem}{ending}": english for stem, english in stems.items() for ending in _COMMON_ENDINGS}
    skeletons = {_skeleton(sound): english for sound, english in reversed((sounds | forms).items())}
    rare, common = (frozenset(fields[name].split()) for name in ("rare_in_english", "also_english"))
    return Glossary(others | grammar, sounds, stems, skeletons, frozenset(grammar) - rare - common, rare, common)


def _by_word(lines: Mapping[str, str]) -> dict[str, str]:
    return {word: english for english, words in lines.items() for word in words.split()}


def _skeleton(sound: str) -> str:
    return sound[0] + re.sub("[aeiou]", "", sound[1:-1]) + sound[-1]
