"""English, the default: questions and articles in it need no rewriting."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources.abc import Traversable

from bot.languages.language import Patterns, Replies, Talk, WordLookup, read_patterns
from bot.languages.small_talk import read_phrases, read_replies


class English:
    """The `Language` of every text that no other language claims."""

    code = "en"
    variants = ("en",)
    has_own_script = False

    @cached_property
    def patterns(self) -> Patterns:
        return read_patterns(__name__)

    def uses_script(self, _text: str) -> bool:
        return False

    def is_language_of(self, _text: str) -> bool:
        return True

    def normalize(self, text: str) -> str:
        return text

    def rewriter(self, _words: WordLookup) -> None:
        return None

    def small_talk(self, words: Sequence[str]) -> Talk | None:
        message = " ".join(words)
        return next((talk for talk, pattern in _small_talk().items() if pattern.fullmatch(message)), None)

    def variant_of(self, _message: str) -> str:
        return self.code

    def replies(self, variant: str) -> Replies:
        return _replies()[variant]

    def ranking_model(self, _variant: str) -> Traversable | None:
        return None


# Compiling takes longer than most imports: done at the first message.
@cache
def _small_talk() -> Mapping[Talk, re.Pattern[str]]:
    phrases, addressees = read_phrases(__name__)
    to_whom = rf"(?: (?:{addressees}))*"
    other = rf"(?:{'|'.join(phrases.values())}){to_whom}"
    return {talk: re.compile(rf"(?:{other} )*?(?:{phrase}){to_whom}(?: {other})*") for talk, phrase in phrases.items()}


@cache
def _replies() -> Mapping[str, Replies]:
    return read_replies(__name__)
