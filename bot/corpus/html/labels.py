"""Reads the labels of what a page folds away, without the icons in them, and those of the text below a button."""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from bot.corpus.html.boilerplate import is_boilerplate_line, is_named_boilerplate
from bot.corpus.html.elements import INLINE, text_of
from bot.corpus.outline import is_question
from bot.languages.language import read_toml

_GENERIC_LABEL = re.compile(
    r"(?i)(?:read|show|see|view|load|learn) (?:more|less|all)|(?:expand|collapse)(?: all)?|more|menu|open|close"
    r"|toggle .*|\W*"
)
"""Labels that do not describe what they open."""
_COMMAND = re.compile("|".join(read_toml("bot.corpus.html", "boilerplate.toml")["lines"]["commands"]), re.IGNORECASE)
_CONTROL = re.compile(r"(?i)btn|button|cta|menu|share|submit|copy")  # parts of the classes of buttons that do something
_APART = ("form", "nav", "header", "footer", "aside", "dialog", "table")
_BLOCKS = ("p", "div", "section", "article", "ul", "ol", "table", "dl", "blockquote", "br")
_ICONS = " +−–▸▶►▼▾⌄›»✕×✖✚➕➖❯-"  # and the spaces between them
_MAX_LABEL_WORDS = 40


def label_of(element: HtmlElement) -> str:
    """Return the words of a label, without its icons."""
    return " ".join("".join(_shown(element)).split()).strip(_ICONS)


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


def labels_to_headings(tree: HtmlElement) -> None:
    """Turn the buttons that name the text below them into headings, unlike the controls of a page."""
    for button in [*tree.iter("button")]:
        header, words = outermost(button), label_of(button)
        before, block = header.getprevious(), header.getnext()
        is_inline = before is not None and (before.tag in (*INLINE, "button") or (before.tail or "").strip())
        if block is None or block.tag not in _BLOCKS or is_inline or (header.tail or "").strip():
            continue
        is_menu = block.tag != "br" and 2 * sum(len(text_of(a)) for a in block.iter("a")) >= len(text_of(block))
        if not _is_control(button, words) and not is_menu:
            header.clear(keep_tail=True)
            header.tag, header.text = "strong" if block.tag == "br" else "h4", words


def _is_control(button: HtmlElement, words: str) -> bool:
    """Whether a button does something, such as to send a form."""
    is_named = is_named_boilerplate(button) or _CONTROL.search(button.get("class") or "") is not None
    is_apart = button.get("type") in ("submit", "reset") or next(button.iterancestors(*_APART), None) is not None
    is_title = is_descriptive_label(words) and not is_boilerplate_line(words) and not _COMMAND.fullmatch(words)
    return is_named or is_apart or not is_title or is_question(words)


def _has_only(element: HtmlElement, words: str) -> bool:
    """Whether an element has these words, written without spaces, and no others; reads no further than needed."""
    read = ""
    for part in _shown(element):
        read += "".join(part.split())
        if not words.startswith(read.strip(_ICONS)):
            return False
    return read.strip(_ICONS) == words.strip(_ICONS)


def has_words(element: HtmlElement) -> bool:
    return any(re.search(r"\w", part) for part in _shown(element))


def _shown(element: HtmlElement) -> Iterator[str]:
    """Yield the texts in an element, without those of icons."""
    yield element.text or ""
    for child in element:
        if child.tag not in {"svg", "script", "style"}:
            yield from () if child.tag in INLINE and child.get("aria-hidden") == "true" else _shown(child)
        yield child.tail or ""
