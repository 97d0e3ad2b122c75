"""The Hindi vocabulary: words and phrases in either script with their English meanings, found in any spelling."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from bot.languages.hindi.devanagari import has_devanagari, normalize
from bot.languages.hindi.transliteration import phonetic_key, romanize
from bot.languages.language import read_toml

_VERB_ENDING = re.compile(
    r"(?:v?a)?(?:n[aei]|t[aei]|[aeiou]|y[aei]|[eu]n|o?k?ar|ke|k[ae]r|i?e(?:ga)?|[aeiu]?ega|[aeu]?eg[ei]|[ae]?oge"
    r"|[ue]n?g[aei]|do|d[ei]|l[eo])?(?:d[eo]|l[eo]|s[ak]?t[aei])?"
)
"""What may follow the phonetic key of a verb's stem: "nikal" in "nikalna", "nikale", "nikalvaega", "nikaldo"."""
_COMMON_ENDINGS = ("na", "ne", "ni", "e", "o", "a", "i", "ta", "te", "ti", "ega")
_NOUN_ENDINGS = (
    ("ion", "i"), ("ian", "i"), ("aon", "a"), ("aen", "a"), ("uon", "u"), ("on", ""), ("on", "a"), ("en", ""),
    ("o", ""), ("e", "a"), ("i", "a"),
)  # fmt: skip
"""How plurals, objects and feminine adjectives end, as keys, and how the word listed ends: "naukrion", "naukri"."""
_LONGEST_PHRASE = 5  # maximum number of words in a phrase
_FEW_VOWELS = 0.25  # maximum share of vowels in a word that may be an abbreviated spelling: "krna", "nhi"


class Glossary(NamedTuple):
    """English meanings by spelling, by phonetic key, by key without inner vowels, and of verbs by the stem's key."""

    spellings: Mapping[str, str]
    sounds: Mapping[str, str]
    stems: Mapping[str, str]
    skeletons: Mapping[str, str]
    phrases: Mapping[str, str]
    """By the keys of their words, joined by spaces."""
    respelled: Mapping[str, str]
    """English words by how they are misspelled by ear in Latin letters."""
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
        return self._of_verb(sound) or self._of_inflected(sound) or self._of_abbreviation(word, sound)

    def split(self, words: Sequence[str]) -> Iterator[tuple[Sequence[str], str | None]]:
        """Yield the words in order: those of a phrase together, with its meaning, and every other by itself."""
        keys, at = [word_key(word) for word in words], 0
        while at < len(words):
            ends = range(min(at + _LONGEST_PHRASE, len(words)), at + 1, -1)
            end = next((end for end in ends if " ".join(keys[at:end]) in self.phrases), at + 1)
            yield words[at:end], self.phrases.get(" ".join(keys[at:end])) if end > at + 1 else None
            at = end

    def _of_verb(self, sound: str) -> str | None:
        ends = range(len(sound), 1, -1)
        stems = (sound[:end] for end in ends if sound[:end] in self.stems and _VERB_ENDING.fullmatch(sound, end))
        return next((self.stems[stem] for stem in stems), None)

    def _of_inflected(self, sound: str) -> str | None:
        listed = (sound.removesuffix(ending) + own for ending, own in _NOUN_ENDINGS if sound.endswith(ending))
        return next((self.sounds[each] for each in listed if len(each) > 3 and self.sounds.get(each)), None)

    def _of_abbreviation(self, word: str, sound: str) -> str | None:
        is_short = sum(letter in "aeiou" for letter in word) <= _FEW_VOWELS * len(word)
        return self.skeletons.get(_skeleton(sound)) if is_short else None


@cache
def load_glossary() -> Glossary:
    """Return the vocabulary, read at the first call."""
    fields, borrowed = read_toml(__package__, "vocabulary.toml"), read_toml(__package__, "loanwords.toml")
    grammar, others, verbs, phrases = (_by_word(fields[name]) for name in ("grammar", "words", "verbs", "phrases"))
    loanwords, respelled = _by_word(borrowed["loanwords"]), _by_word(borrowed["respelled"])
    # The first of several words that sound alike counts.
    sounds = {word_key(word): english for word, english in reversed((grammar | others).items()) if len(word) > 2}
    stems = {word_key(stem): english for stem, english in reversed(verbs.items())}
    forms = {f"{stem}{ending}": english for stem, english in stems.items() for ending in _COMMON_ENDINGS}
    skeletons = {_skeleton(sound): english for sound, english in reversed((sounds | forms).items())}
    rare, common = (frozenset(fields[name].split()) for name in ("rare_in_english", "also_english"))
    markers = frozenset(filter(str.isascii, grammar)) - rare - common
    keyed = {" ".join(map(word_key, phrase.split("_"))): english for phrase, english in phrases.items()}
    spellings = loanwords | others | grammar
    return Glossary(spellings, sounds, stems, skeletons, keyed, respelled, markers, rare, common)


def word_key(word: str) -> str:
    """Return the phonetic key of a word in either script."""
    return phonetic_key(romanize(word) if has_devanagari(word) else word.lower())


def _by_word(lines: Mapping[str, str]) -> dict[str, str]:
    return {normalize(word): english for english, words in lines.items() for word in words.split()}


def _skeleton(sound: str) -> str:
    return sound[0] + re.sub("[aeiou]", "", sound[1:-1]) + sound[-1]
