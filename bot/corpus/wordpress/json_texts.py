"""Writes texts that WordPress keeps in JSON as HTML: the data of page builders, and the attributes of blocks."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from bot.corpus.wordpress.named_texts import fields_to_html, is_control, is_text, read_name, titled_text
from bot.corpus.wordpress.paragraphs import add_paragraphs

_MAX_DEPTH = 60
_WRAPPERS = ("innerContent", "desktop", "value", "raw", "rendered")
"""Names of objects between the name of a field and its text, as Divi 5 nests them."""
_PLUGIN = re.compile(r"<!-- wp:[\w-]+/")
_BLOCK = re.compile(r"wp:(?P<name>[a-z][\w-]*+/[\w-]++)\s++(?P<attributes>\{.*\})\s*+(?P<alone>/)?\s*+\Z", re.DOTALL)


def json_to_html(value: object) -> str:
    """Return the texts in a JSON value in their order."""
    return "\n".join(filter(None, _parts(value, _MAX_DEPTH)))


def add_block_texts(content: str) -> str:
    """Add the texts in the attributes of plugins' blocks that have no words in their HTML."""
    if _PLUGIN.search(content) is None:
        return content
    before, *parts = content.split("<!-- ")
    return "".join([before, *(f"<!-- {_with_texts(part)}" for part in parts)])


def _with_texts(part: str) -> str:
    comment, end, markup = part.partition("-->")
    block = _BLOCK.match(comment) if end else None
    words = "" if block is None or block["alone"] else re.sub(r"<[^<>]*>|&\w+;", "", markup)
    if block is None or is_control(block["name"]) or re.search(r"\w", words):
        return part
    with suppress(ValueError, RecursionError):
        texts = json_to_html(json.loads(block["attributes"], strict=False))
        return f"{comment}{end}{add_paragraphs(texts)}{markup}" if texts else part
    return part


def _parts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, list) and depth:
        for entry in value:
            yield from _parts(entry, depth - 1)
    elif isinstance(value, dict) and depth:
        kind = str(value.get("widgetType") or value.get("elType") or "")
        texts = {str(name): _unwrapped(inner) for name, inner in value.items()}
        yield fields_to_html(texts, "h2" if kind == "heading" else "h4")
        if (titles := _titles_of_elements(value)) is not None:
            yield from titles
            return
        settings = value.get("settings")
        if kind and isinstance(settings, dict) and not is_control(kind):
            # The tag of a heading is in its settings, its kind is not.
            yield fields_to_html(settings, "h2" if kind == "heading" else "h4")
            yield from _nested(settings, depth)
        rest = {name: inner for name, inner in value.items() if not (kind and name == "settings")}
        yield from _nested(rest, depth)


def _nested(fields: Mapping[str, object], depth: int) -> Iterator[str]:
    for name, inner in fields.items():
        if isinstance(inner, (dict, list)) and not name.startswith("_") and not isinstance(_unwrapped(inner), str):
            yield from _parts(inner, depth - 1)


def _unwrapped(value: object) -> object:
    """Return the text inside the objects that some builders put around it."""
    for name in _WRAPPERS:
        value = value[name] if isinstance(value, dict) and name in value else value
    return value


def _titles_of_elements(widget: Mapping[str, object]) -> list[str] | None:
    """Return the panels of a nested accordion or of nested tabs, whose titles are in the settings, in their order."""
    settings, elements = widget.get("settings"), widget.get("elements")
    if not isinstance(settings, dict) or not isinstance(elements, list) or not elements:
        return None
    for rows in settings.values():
        titles = [_title(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        if len(titles) == len(elements) and all(titles):
            return [titled_text(title, json_to_html(each)) for title, each in zip(titles, elements, strict=True)]
    return None


def _title(row: Mapping[str, object]) -> str:
    named = ((read_name(str(name)), value) for name, value in row.items())
    return next((str(value) for name, value in named if name is not None and name.is_title and is_text(value)), "")
