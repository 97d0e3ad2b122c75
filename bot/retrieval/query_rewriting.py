"""How a question is read: as it is typed, and, when it is in Hindi, in English and in the articles' own Hindi."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bot.index.generation import LexicalSearch
from bot.languages.hindi.rewriting import EnglishWords, Language, glossed, in_own_script, language, transliterated

Form = Literal["typed", "gloss", "devanagari"]
"""As it is typed, with its Hindi words in English, and its telling words in Devanagari."""


class QueryVariant(NamedTuple):
    """A question in words that articles may have."""

    words: str
    form: Form = "typed"
    spoken: str | None = None
    """What a multilingual model reads; None where there is none to read it."""


class RewrittenQuery(NamedTuple):
    """A question as it is typed, and what it is read as."""

    typed: str
    readings: tuple[QueryVariant, ...]
    """The most usual one first."""
    language: Language = "en"


class QueryRewriter:
    """Reads questions for one generation. Safe to call from many threads."""

    def __init__(self, english: EnglishWords, lexical: LexicalSearch, *, has_multilingual: bool) -> None:
        """`has_multilingual` tells whether there is a multilingual model."""
        self._english, self._lexical, self._has_multilingual = english, lexical, has_multilingual

    def read(self, question: str) -> RewrittenQuery:
        """A question read in English as it is typed; one in Hindi in English, and in Devanagari where the articles have a word of it.

        What is typed in Latin letters is read so as well: an editor may have added it as an alternate.
        """
        told = language(question, self._english)
        if told == "en":
            return RewrittenQuery(question, (QueryVariant(question),))
        forms: tuple[Form, ...] = ("gloss",) if told == "hi" else ("gloss", "typed")
        own = any(self._lexical.has("words", word) for word in self._hindi_words(question))
        return self._asked(question, (*forms, "devanagari") if own else forms, told)

    def read_like(self, question: str, other: RewrittenQuery) -> RewrittenQuery:
        """A question read in the forms of another one, also where it has nothing to read so: what was asked before may be in another language."""
        return self._asked(question, [reading.form for reading in other.readings], other.language)

    def _asked(self, question: str, forms: Sequence[Form], told: Language) -> RewrittenQuery:
        spoken = transliterated(question, self._english) if self._has_multilingual and told != "en" else None
        return RewrittenQuery(
            question, tuple(QueryVariant(self._read(question, form) or question, form, spoken) for form in forms), told
        )

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


def together(earlier: Sequence[RewrittenQuery], last: RewrittenQuery) -> RewrittenQuery:
    """A question read after those before it."""
    all_of_them = (*earlier, last)
    readings = map(_joined, zip(*(one.readings for one in all_of_them), strict=True))
    return RewrittenQuery(" ".join(one.typed for one in all_of_them), tuple(readings), last.language)


def _joined(readings: Sequence[QueryVariant]) -> QueryVariant:
    spoken = [reading.spoken for reading in readings if reading.spoken is not None]
    return QueryVariant(
        " ".join(reading.words for reading in readings), readings[0].form, " ".join(spoken) if spoken else None
    )
