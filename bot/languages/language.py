"""`Language`: what the corpus, the search and the chat need to know about a language.

English is the default; every other language is one package beside `english/`, listed in `bot.languages.registry`.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

Talk = Literal["contact", "complaint", "identity", "help", "mood", "farewell", "thanks", "greeting", "filler"]
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
    source_titles: tuple[str, ...] = ()
    """Headings that announce the sources of an article."""
    continuations: tuple[str, ...] = ()
    """How a sentence starts that is understood only with the one before it."""
    verdicts: tuple[str, ...] = ()
    """How the answer to a question for yes or no starts."""
    choices: tuple[str, ...] = ()
    """How a question for yes or no starts."""
    negations: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    """How a question starts."""
    prepositions: tuple[str, ...] = ()
    """What may stand before its question word, as in "by which date", or before a subject, as in "fee for the exam"."""
    joins: tuple[str, ...] = ()
    """Words between two questions."""
    additions: tuple[str, ...] = ()
    """Words between two demands of one question."""
    comparisons: tuple[str, ...] = ()
    """What a question says that demands one thing of two subjects."""
    case_openings: tuple[str, ...] = ()
    """How a statement starts in which a visitor tells a case."""
    definition_frames: tuple[str, ...] = ()
    """What a question says beside a subject to ask what it is."""
    comparison_frames: tuple[str, ...] = ()
    """What it says to ask how two subjects differ."""
    formula_frames: tuple[str, ...] = ()
    """What it says to ask how it is calculated."""
    steps_frames: tuple[str, ...] = ()
    """What it says to ask how it is done."""
    fact_frames: tuple[str, ...] = ()
    """What it says to ask for a single fact, such as a number, a date or a fee."""
    sample_frames: tuple[str, ...] = ()
    """What it says to ask what it looks like."""
    copulas: tuple[str, ...] = ()
    """What stands between a term and its definition."""
    general_words: tuple[str, ...] = ()
    """Words that name no subject by themselves; plain words."""
    other_kinds: tuple[str, ...] = ()
    """How a question starts that asks the same of another kind or case, as in "and for …"."""
    attributes: tuple[str, ...] = ()
    """What can be asked of any subject, such as its documents or its cost; plain words."""
    conjunctions: tuple[str, ...] = ()
    """Words between two subjects."""
    months: tuple[str, ...] = ()
    """The names of the months, January first."""
    announcements: tuple[str, ...] = ()
    """What a sentence says of a last date or of the day of an event."""
    other_dates: tuple[str, ...] = ()
    """Dates that are neither, such as the start of a period or a cancelled day; `{date}` stands for the date."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """How a question asks for each kind of answer, such as an amount or a date."""
    holds: Mapping[str, str] = field(default_factory=dict)
    """How a sentence holds each kind of answer."""


class SmallTalkPhrases(NamedTuple):
    """The small talk of a language (`small_talk.toml`)."""

    phrases: dict[Talk, str]
    """Regular expressions by kind, in the order in which they are tried."""
    addressees: str
    """Words that only address somebody, as a regular expression."""
    replies: dict[str, Replies]
    """By variant."""


def read_toml(package: str, name: str) -> dict[str, Any]:
    """Read a data file of a package."""
    return tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))


class QuestionRewriter(Protocol):
    """Rewrites questions in one language for an index of mostly English articles. Safe to call from many threads."""

    def detect(self, question: str) -> str | None:
        """Return the variant of the language that a question is written in, or None if it is in another language."""

    def to_english(self, question: str) -> str:
        """Replace the words of the language with English ones; unknown words stay."""

    def transliterate(self, question: str) -> str:
        """Write the words of the language in its own script, for a multilingual model."""


class Language:
    """A language of articles and questions; the base class is English, which needs no rewriting.

    A package for another language overrides what differs, and contains `patterns.toml` and `small_talk.toml`.
    """

    code = "en"
    """ISO 639-1 code, as in `Article.language`."""
    variants: tuple[str, ...] = ("en",)
    """Ways of writing a question, each with its own ranking model and replies; the code is the first."""

    def __init__(self, package: str) -> None:
        self._package = package

    @cached_property
    def patterns(self) -> Patterns:
        fields = read_toml(self._package, "patterns.toml")
        lists: dict[str, Any] = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return Patterns(**fields | lists)

    @cached_property
    def talk(self) -> SmallTalkPhrases:
        """The small talk, with the fragments of `small_talk.toml` filled into the phrases."""
        fields = read_toml(self._package, "small_talk.toml")
        phrases = {kind: "|".join(alternatives) for kind, alternatives in fields["phrases"].items()}
        for name, fragment in fields["fragments"].items():
            phrases = {kind: phrase.replace(f"{{{name}}}", fragment) for kind, phrase in phrases.items()}
        return SmallTalkPhrases(phrases, fields["addressees"], fields["replies"])

    @property
    def page_texts(self) -> Path | None:
        """The file of the chat page's words, in the format of `bot/serve/languages/en.toml`; None for English."""
        path = Path(str(files(self._package))) / "page.toml"
        return path if path.is_file() else None

    def uses_script(self, _text: str, /) -> bool:
        """Whether a text contains a letter of the language's own script."""
        return False

    def is_language_of(self, _text: str, /) -> bool:
        """Whether a text, such as an article, is written in the language."""
        return True

    def normalize(self, text: str) -> str:
        """Return the text with one spelling for each word, for comparison."""
        return text

    def to_english(self, text: str) -> str:
        """Return a text of articles with words in the language's own script replaced by English ones."""
        return text

    def rewriter(self, _words: WordLookup) -> QuestionRewriter | None:
        """Return a rewriter for questions to an index; None if they need none."""
        return None

    def small_talk(self, words: Sequence[str]) -> Talk | None:
        """Return the kind of small talk if a message, in lower-case words, consists of nothing else."""
        message = " ".join(words)
        if not self._any_small_talk.fullmatch(message):
            return None
        return next((kind for kind, pattern in self._messages.items() if pattern.fullmatch(message)), None)

    def variant_of(self, _message: str) -> str:
        """Return the variant in which to reply to a message."""
        return self.code

    def ranking_model(self, variant: str) -> Traversable | None:
        """Return the file of the ranking model for an index with a multilingual part, if one was fitted."""
        file = files(self._package).joinpath(f"ranking_{variant}.json")
        return file if file.is_file() else None

    @cached_property
    def _any_small_talk(self) -> re.Pattern[str]:
        # Compiled for the first message. The patterns of each kind take ten times as long: few messages need them.
        phrases = "|".join((*self.talk.phrases.values(), self.talk.addressees))
        return re.compile(rf"(?:(?:{phrases})(?: |$))+")

    @cached_property
    def _messages(self) -> dict[Talk, re.Pattern[str]]:
        addressees = rf"(?: (?:{self.talk.addressees}))*"
        other = rf"(?:{'|'.join(self.talk.phrases.values())}){addressees}"
        before, after = rf"(?:{other} )*?", rf"{addressees}(?: {other})*"
        return {kind: re.compile(f"{before}(?:{phrase}){after}") for kind, phrase in self.talk.phrases.items()}
