"""The Hindi vocabulary: words and phrases in either script with their English meanings, found in any spelling."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

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


@dataclass(frozen=True)
class Glossary:
    """English meanings of Hindi words, and the function words that show Hindi. Keys are computed when first needed."""

    words: dict[str, str]
    """By spelling, function words first."""
    verbs: dict[str, str]
    """By stem."""
    loanwords: Mapping[str, str]
    """English words by how they are written in Devanagari."""
    respelled: Mapping[str, str]
    """English words by how they are misspelled by ear in Latin letters."""
    listed_phrases: Mapping[str, str]
    """By their words, joined by underscores."""
    markers: frozenset[str]
    """Function words that are not English words: one of them shows that a question is Hinglish."""
    rare_in_english: frozenset[str]
    """Function words that are rare in English: two of them show it."""
    also_english: frozenset[str]
    """Function words that are common in English, and show nothing."""

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        return {**self.loanwords, **self.words}

    @cached_property
    def sounds(self) -> Mapping[str, str]:
        """By phonetic key; the first of several words that sound alike counts."""
        return {word_key(word): english for word, english in reversed(self.words.items()) if len(word) > 2}

    @cached_property
    def stems(self) -> Mapping[str, str]:
        """Of verbs, by the phonetic key of the stem."""
        return {word_key(stem): english for stem, english in reversed(self.verbs.items())}

    @cached_property
    def skeletons(self) -> Mapping[str, str]:
        """By phonetic key without inner vowels."""
        forms = {f"{stem}{ending}": english for stem, english in self.stems.items() for ending in _COMMON_ENDINGS}
        return {_skeleton(sound): english for sound, english in reversed({**self.sounds, **forms}.items())}

    @cached_property
    def phrases(self) -> Mapping[str, str]:
        """By the phonetic keys of their words, joined by spaces."""
        return {" ".join(map(word_key, phrase.split("_"))): each for phrase, each in self.listed_phrases.items()}

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
        """Yield the words in order. A phrase is yielded whole, with its meaning; any other word alone, with None."""
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
    rare, common = (frozenset(fields[name].split()) for name in ("rare_in_english", "also_english"))
    return Glossary(
        words=grammar | {word: english for word, english in others.items() if word not in grammar}, verbs=verbs,
        loanwords=_by_word(borrowed["loanwords"]), respelled=_by_word(borrowed["respelled"]), listed_phrases=phrases,
        markers=frozenset(filter(str.isascii, grammar)) - rare - common, rare_in_english=rare, also_english=common,
    )  # fmt: skip


@lru_cache(maxsize=16_384)
def word_key(word: str) -> str:
    """Return the phonetic key of a word in either script."""
    return phonetic_key(romanize(word) if has_devanagari(word) else word.lower())


def _by_word(lines: Mapping[str, str]) -> dict[str, str]:
    return {normalize(word): english for english, words in lines.items() for word in words.split()}


def _skeleton(sound: str) -> str:
    return sound[0] + re.sub("[aeiou]", "", sound[1:-1]) + sound[-1]
