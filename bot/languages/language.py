"""The `Language` protocol: what the corpus, the search and the chat need to know about a language.

English is the default; every other language is one package beside `english/`, listed in `bot.languages.registry`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, Protocol

Talk = Literal["identity", "help", "mood", "farewell", "thanks", "greeting", "filler"]
"""A kind of small talk."""
Replies = Mapping[str, str]
"""Replies by kind of small talk, with the phrases that complete them: `about`, `about_bare`, `and` and `more`."""


class WordLookup(Protocol):
    """The vocabulary of an index."""

    def passages_with(self, word: str) -> int | None:
        """Return how many passages contain a lower-case word: 0 if it is only in the English dictionary, else None."""

    def most_frequent(self, most: int, /) -> Sequence[str]:
        """Return up to `most` words of the passages, most frequent first."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """The phrases of a language that show structure, as regular expressions (`patterns.toml`)."""

    question_labels: tuple[str, ...]
    """Labels before a question in an article, as in "Q:"."""
    answer_labels: tuple[str, ...]
    faq_titles: tuple[str, ...]
    """Headings that announce a list of questions."""
    closings: tuple[str, ...]
    """How a paragraph starts that closes a page and belongs to no answer."""
    openings: tuple[str, ...]
    """How a follow-up question starts, as in "what about …"."""
    pronouns: tuple[str, ...]
    """Words that refer to something mentioned before."""
    expletives: tuple[str, ...]
    """Uses of a pronoun that refer to nothing, as in "is it possible to …"."""
    function_words: tuple[str, ...]
    """Words that a pronoun cannot refer to; plain words, not expressions."""
    abbreviations: tuple[str, ...]
    """Abbreviations, before the dot, that sentencex takes for the end of a sentence."""
    sentence_ends: str
    """Characters that end a sentence."""


def read_patterns(package: str) -> Patterns:
    """Read the `patterns.toml` of a language's package."""
    fields = read_toml(package, "patterns.toml")
    ends = fields.pop("sentence_ends")
    return Patterns(sentence_ends=ends, **{name: tuple(values) for name, values in fields.items()})


def read_toml(package: str, name: str) -> dict[str, Any]:
    """Read a data file of a package."""
    return tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))


class QuestionRewriter(Protocol):
    """Rewrites questions in one language for an index of mostly English articles. Safe to call from many threads."""

    def detect(self, question: str) -> str | None:
        """Return the variant of the language that a question is written in, or None if it is in another language."""

    def to_english(self, question: str) -> str:
        """Replace the words of the language with English ones; unknown words stay."""

    def to_native_script(self, question: str) -> str:
        """Return the content words as articles in the language spell them; English words stay."""

    def transliterate(self, question: str) -> str:
        """Write the words of the language in its own script, for a multilingual model."""


class Language(Protocol):
    """A language that articles and questions may be in."""

    @property
    def code(self) -> str:
        """The ISO 639-1 code, as in `Article.language`."""

    @property
    def variants(self) -> tuple[str, ...]:
        """The ways of writing a question in it, each with its own ranking model and replies; the code is the first."""

    @property
    def patterns(self) -> Patterns: ...

    @property
    def has_own_script(self) -> bool:
        """Whether it is written in a script that the packaged English model cannot read."""

    def uses_script(self, text: str) -> bool:
        """Whether a text contains a letter of the language's own script."""

    def is_language_of(self, text: str) -> bool:
        """Whether a text, such as an article, is written in the language."""

    def normalize(self, text: str) -> str:
        """Return the text with one spelling for each word, for comparison."""

    def rewriter(self, words: WordLookup) -> QuestionRewriter | None:
        """Return a rewriter for questions to an index; None for English."""

    def small_talk(self, words: Sequence[str]) -> Talk | None:
        """Return the kind of small talk if a message, in lower-case words, consists of nothing else."""

    def variant_of(self, message: str) -> str:
        """Return the variant in which to reply to a message."""

    def replies(self, variant: str) -> Replies:
        """Return the replies to small talk."""

    def ranking_model(self, variant: str) -> Traversable | None:
        """Return the file of the ranking model for an index with a multilingual part, if one was fitted."""
