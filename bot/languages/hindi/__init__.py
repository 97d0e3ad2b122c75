"""Hindi, in Devanagari ("hi") and in Latin letters ("hinglish")."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from bot.languages.hindi.devanagari import has_devanagari, is_hindi, normalize
from bot.languages.hindi.rewriting import HindiRewriter
from bot.languages.hindi.transliteration import phonetic_key, romanize
from bot.languages.language import Patterns, Replies, Talk, WordLookup, read_patterns
from bot.languages.small_talk import read_phrases, read_replies

_LONGEST_PHRASE = 6
"""Maximum number of words in a phrase of small talk."""


class Hindi:
    """The `Language` of Hindi and Hinglish."""

    code = "hi"
    variants = ("hi", "hinglish")
    has_own_script = True

    @cached_property
    def patterns(self) -> Patterns:
        return read_patterns(__name__)

    def uses_script(self, text: str) -> bool:
        return has_devanagari(text)

    def is_language_of(self, text: str) -> bool:
        return is_hindi(text)

    def normalize(self, text: str) -> str:
        return normalize(text)

    def rewriter(self, words: WordLookup) -> HindiRewriter:
        return HindiRewriter(words)

    def small_talk(self, words: Sequence[str]) -> Talk | None:
        """Split a message into phrases by their sound, in either script, and return the first kind that occurs."""
        sounds = [phonetic_key(romanize(word) if has_devanagari(word) else word) for word in words]
        # talks[n]: the kinds in the first n words; None if they cannot be split into phrases.
        talks: list[set[Talk] | None] = [set(), *(None for _ in sounds)]
        for end in range(1, len(talks)):
            for start in range(max(0, end - _LONGEST_PHRASE), end):
                before, found = talks[start], _kinds_of(" ".join(sounds[start:end]))
                if before is not None and found is not None:
                    talks[end] = (talks[end] or set()) | before | found
        return next((talk for talk in _small_talk()[0] if talk in (talks[-1] or ())), None)

    def variant_of(self, message: str) -> str:
        return "hi" if has_devanagari(message) else "hinglish"

    def replies(self, variant: str) -> Replies:
        return _replies()[variant]

    def ranking_model(self, variant: str) -> Traversable | None:
        return files(__name__).joinpath(f"ranking_{variant}.json")


def _kinds_of(phrase: str) -> set[Talk] | None:
    """Return the kinds of small talk that a phrase may be: none for a mere address, None if it is no such phrase."""
    kinds, addressees = _small_talk()
    found = {talk for talk, pattern in kinds.items() if pattern.fullmatch(phrase)}
    return found if found or addressees.fullmatch(phrase) else None


@cache
def _small_talk() -> tuple[Mapping[Talk, re.Pattern[str]], re.Pattern[str]]:
    phrases, addressees = read_phrases(__name__)
    return {talk: re.compile(phrase) for talk, phrase in phrases.items()}, re.compile(addressees)


@cache
def _replies() -> Mapping[str, Replies]:
    return read_replies(__name__)
