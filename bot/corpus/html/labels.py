"""Reads the labels of what a page folds away, without the icons in them."""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from bot.corpus.html.elements import INLINE

_GENERIC_LABEL = re.compile(
    r"(?i)(?:read|show|see|view|load|learn) (?:more|less|all)|(?:expand|collapse)(?: all)?|more|menu|open|close"
    r"|toggle .*|\W*"
)
"""Labels that do not describe what they open."""
_ICONS = "+−–▸▶►▼▾⌄›»✕×✖✚➕➖❯-"
_MAX_LABEL_WORDS = 40


def label_of(element: HtmlElement) -> str:
    """Return the words of a label, without its icons."""
    return _without_icons(" ".join("".join(_shown(element)).split()))


def is_descriptive_label(label: str) -> bool:
    """Whether the label of a button is a title of what it opens."""
    return len(label.split()) <= _MAX_LABEL_WORDS and _GENERIC_LABEL.fullmatch(label) is None


def outermost(label: HtmlElement) -> HtmlElement:
    """Return the largest element with the words of a label and no others."""
    words, outermost = "".join("".join(_shown(label)).split()), label
    for above in label.iterancestors():
        if above.getparent() is None or above.tag in ("body", "html") or not _has_only(above, words):
            break
        outermost = above
    return outermost


def _has_only(element: HtmlElement, words: str) -> bool:
    """Whether an element has these words, written without spaces, and no others; reads no further than needed."""
    read = ""
    for part in _shown(element):
        read += "".join(part.split())
        if not words.startswith(_without_icons(read)):
            return False
    return _without_icons(read) == _without_icons(words)


def has_words(element: HtmlElement) -> bool:
    return any(re.search(r"\w", part) for part in _shown(element))


def _shown(element: HtmlElement) -> Iterator[str]:
    """Yield the texts in an element, without those of icons."""
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and child.tag not in {"svg", "script", "style"}:
            yield from () if child.tag in INLINE and child.get("aria-hidden") == "true" else _shown(child)
        yield child.tail or ""


def _without_icons(words: str) -> str:
    return words.lstrip(f"{_ICONS} ").rstrip(f"{_ICONS} ")
