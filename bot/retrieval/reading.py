"""How a question is read: as it is typed, and, when it is in Hindi, in English and in the articles' own Hindi."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bot.index.generation import Words
from bot.retrieval.hindi import EnglishWords, glossed, in_own_script, language

Form = Literal["typed", "gloss", "devanagari"]
"""As it is typed, with its Hindi words in English, and its telling words in Devanagari."""


class Reading(NamedTuple):
    """A question in words that articles may have."""

    words: str
    form: Form = "typed"


class Asked(NamedTuple):
    """A question as it is typed, and what it is read as, the most usual reading first."""

    typed: str
    readings: tuple[Reading, ...]


class Reader:
    """Reads questions for one generation. Safe to call from many threads."""

    def __init__(self, english: EnglishWords, lexical: Words) -> None:
        self._english, self._lexical = english, lexical

    def forms(self, question: str) -> tuple[Form, ...]:
        """What a question is read in: an English one as it is typed; one in Hindi in English, and in Devanagari where the articles have a word of it.

        What is typed in Latin letters is read so as well: an editor may have added it as an alternate.
        """
        told = language(question, self._english)
        if told == "en":
            return ("typed",)
        forms: tuple[Form, ...] = ("gloss",) if told == "hi" else ("gloss", "typed")
        return (*forms, "devanagari") if any(map(self._lexical.has_word, self._hindi_words(question))) else forms

    def asked(self, question: str, forms: Sequence[Form]) -> Asked:
        """A question read in these forms, also where it has nothing to read so: what was asked before may be in another language."""
        return Asked(question, tuple(Reading(self._read(question, form) or question, form) for form in forms))

    def _read(self, question: str, form: Form) -> str:
        match form:
            case "typed":
                return question
            case "gloss":
                return glossed(question, self._english)
            case "devanagari":
                return in_own_script(question, self._english)

    def _hindi_words(self, question: str) -> list[str]:
        return [word for word in in_own_script(question, self._english).split() if not word.isascii()]


def together(earlier: Sequence[Asked], last: Asked) -> Asked:
    """A question read after those before it."""
    all_of_them = (*earlier, last)
    readings = (Reading(" ".join(one.words for one in each), each[0].form) for each in zip(*(one.readings for one in all_of_them), strict=True))
    return Asked(" ".join(one.typed for one in all_of_them), tuple(readings))
