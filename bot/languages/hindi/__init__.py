"""Hindi, in Devanagari ("hi") and in Latin letters ("hinglish")."""

import re
from collections.abc import Sequence

from bot.languages.hindi.devanagari import has_devanagari, is_mostly_devanagari, normalize
from bot.languages.hindi.rewriting import HindiRewriter, article_in_english
from bot.languages.hindi.transliteration import phonetic_key, romanize
from bot.languages.language import Language, Talk, WordLookup

_LONGEST_PHRASE = 7  # maximum number of words in a phrase of small talk


class Hindi(Language):
    """Hindi and Hinglish."""

    code = "hi"
    variants = ("hi", "hinglish")

    uses_script = staticmethod(has_devanagari)
    is_language_of = staticmethod(is_mostly_devanagari)
    normalize = staticmethod(normalize)
    to_english = staticmethod(article_in_english)

    def rewriter(self, words: WordLookup) -> HindiRewriter:
        return HindiRewriter(words)

    def variant_of(self, message: str) -> str:
        return "hi" if has_devanagari(message) else "hinglish"

    def small_talk(self, words: Sequence[str]) -> Talk | None:
        """Split a message into phrases by their sound, in either script, and return the first kind that occurs."""
        sounds = [phonetic_key(romanize(word) if has_devanagari(word) else word) for word in words]
        # kinds[n]: those of the first n words; None if these cannot be split into phrases.
        kinds: list[set[Talk] | None] = [set(), *(None for _ in sounds)]
        for end in range(1, len(kinds)):
            for start in range(max(0, end - _LONGEST_PHRASE), end):
                before = kinds[start]
                found = None if before is None else self._kinds_of(" ".join(sounds[start:end]))
                if before is not None and found is not None:
                    kinds[end] = (kinds[end] or set()) | before | found
        return next((kind for kind in self.talk.phrases if kind in (kinds[-1] or ())), None)

    def _kinds_of(self, phrase: str) -> set[Talk] | None:
        """Return the kinds of small talk a phrase may be: none for a mere address, None for anything else."""
        found = {kind for kind, pattern in self.talk.phrases.items() if re.fullmatch(pattern, phrase)}
        return found if found or re.fullmatch(self.talk.addressees, phrase) else None


HINDI = Hindi(__name__)
