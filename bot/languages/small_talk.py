"""Small talk in one language: its phrases and replies, read from `small_talk.toml` in the language's package."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.languages.language import Replies, Talk, read_toml

_NAMED_CATEGORIES = 3
"""Maximum number of categories that a reply names."""


class SmallTalkPhrases(NamedTuple):
    """Regular expressions, without anchors."""

    phrases: dict[Talk, str]
    """By kind, in the order in which they are tried."""
    addressees: str
    """Words that only address somebody."""


def read_phrases(package: str) -> SmallTalkPhrases:
    """Read the phrases of a language's package, with the fragments filled in."""
    fields = read_toml(package, "small_talk.toml")
    phrases = {talk: "|".join(alternatives) for talk, alternatives in fields["phrases"].items()}
    for name, fragment in fields["fragments"].items():
        phrases = {talk: phrase.replace(f"{{{name}}}", fragment) for talk, phrase in phrases.items()}
    return SmallTalkPhrases(phrases, fields["addressees"])


def read_replies(package: str) -> dict[str, Replies]:
    """Read the replies of a language's package, by variant."""
    replies: dict[str, Replies] = read_toml(package, "small_talk.toml")["replies"]
    return replies


def compose_reply(replies: Replies, talk: Talk, categories: Sequence[str]) -> str:
    """Return the reply to small talk; it names the first few categories."""
    shown = [*categories[:_NAMED_CATEGORIES], replies["more"]] if len(categories) > _NAMED_CATEGORIES else categories
    about = replies["about"].format(categories=_joined(shown, replies)) if shown else replies["about_bare"]
    return replies[talk].format(about=about)


def _joined(names: Sequence[str], replies: Replies) -> str:
    *first, last = names
    return replies["and"].format(first=", ".join(first), last=last) if first else last
