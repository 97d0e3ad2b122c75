"""Parses HTML and returns the text of its elements."""

from collections.abc import Iterator
from itertools import accumulate

from lxml import etree, html
from lxml.html import HtmlElement

from bot.corpus.decoding import repair_markup
from bot.corpus.refused import Unreadable

SKIPPED = {
    "script", "style", "noscript", "template", "iframe", "svg", "button", "input", "select", "textarea", "object",
    "audio", "video", "canvas",
}  # fmt: skip
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "kbd",
    "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
    "wbr", "acronym", "big", "picture", "source",
}  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}
MAX_DEPTH = 150
"""Maximum nesting of elements; real pages stay under 60."""


def parse_html(markup: str) -> HtmlElement:
    """Parse HTML. Raises `Unreadable` if it is empty, or nested too deep: the parser would drop the rest silently."""
    parser = html.HTMLParser(remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(repair_markup(markup), parser=parser)
    except etree.ParserError:
        raise Unreadable("no text in it") from None
    limits = [error for error in parser.error_log if error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT]
    if limits and "depth" not in limits[0].message.lower():
        raise Unreadable(f"too large to be read as HTML ({limits[0].message})", limits[0].line)
    depths = accumulate(1 if event == "start" else -1 for event, _ in etree.iterwalk(tree, events=("start", "end")))
    if limits or any(depth > MAX_DEPTH for depth in depths):
        line = limits[0].line if limits else None
        raise Unreadable(f"elements nested deeper than {MAX_DEPTH}: close those that are left open", line)
    return tree


def text_of(element: HtmlElement) -> str:
    """Return the text of an element on one line."""
    return " ".join(inline_text(element).split())


def inline_text(element: HtmlElement) -> str:
    """Return the text of an element with its whitespace, and `\\n\\v` for each line break."""
    if element.tag in SKIPPED:
        return ""
    if element.tag == "br":
        return "\n\v"
    text = (element.text or "") + "".join(inline_text(child) + (child.tail or "") for child in element)
    return text if element.tag in INLINE else f" {text} "


def own_descendants(element: HtmlElement, *tags: str) -> Iterator[HtmlElement]:
    """Yield the descendants of a list, table or row that do not belong to another one inside it."""
    return (inner for inner in element.iter(*tags) if next(inner.iterancestors(str(element.tag))) is element)
