"""Writes the texts of named fields as HTML: attributes of shortcodes, JSON of blocks and builders, custom fields.

A title and a text whose names differ in nothing else, such as `faqs_0_question` and `faqs_0_answer`, belong together.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from bot.corpus.outline import is_question

_TITLES = {"question", "title", "heading", "headline", "header"}
_TEXTS = {"answer", "content", "text", "description", "desc", "editor", "body", "message", "html", "shortcode"}
_UI_PARTS = {
    "button", "btn", "link", "url", "alt", "placeholder", "icon", "image", "img", "css", "style", "class", "color",
    "seo", "meta", "admin", "id", "el", "schema", "json",
}  # fmt: skip
"""Parts of the names of fields whose value is no text of an article."""
_VALUES = {
    "true", "false", "yes", "no", "on", "off", "none", "null", "default", "custom", "inherit", "auto", "left", "right",
    "center", "justify", "top", "middle", "bottom", "full", "wide", "light", "dark", "inline", "block", "html", "text",
    "p", "div", "span", *(f"h{level}" for level in range(1, 7)),
}  # fmt: skip
_NO_TEXT = re.compile(r"(?:https?:|www\.|mailto:|tel:|#|/|field_|\{\{)\S*|[\w.-]+\.(?:jpe?g|png|gif|svg|webp|pdf|mp4)")
_UI = re.compile(
    r"(?i)(?:^|[-_/])(?:button|btn|form|contact-form-7|wpforms|gravityform|image|img|video|audio|gallery|playlist|slider"
    r"|carousel|map|social|share|menu|nav|toc|embed|posts?|table|widget|search|login|register|newsletter|subscribe"
    r"|popup|modal|tooltip|divider|separator|spacer|breadcrumbs?|countdown|products?|row|column|caption)s?(?:$|[-_/])"
)
"""Shortcodes, widgets and blocks whose titles are those of controls."""
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_TAG = re.compile(r"h[1-6]")


class Name(NamedTuple):
    """What the name of a field says about its value."""

    is_title: bool
    rest: tuple[str, ...]
    """Its other parts, which a title and its text have in common."""


@lru_cache(maxsize=4096)  # posts have the same fields
def read_name(field: str) -> Name | None:
    """Return what a name such as `faqs_0_question` says; None if the field holds no text."""
    parts = [part.lower() for part in _PARTS.findall(field)]
    words = [part for part in parts if not part.isdecimal()]
    if field.startswith("_") or not words or words[-1] not in _TITLES | _TEXTS or _UI_PARTS & set(words):
        return None
    kinds = [part for part in words if part in _TITLES] or [part for part in words if part in _TEXTS]
    at = parts.index(kinds[0])
    return Name(kinds[0] in _TITLES, (*parts[:at], *parts[at + 1 :]))


def is_control(name: str) -> bool:
    """Whether a shortcode, widget or block is a control or a picture by its name, not a text."""
    return _UI.search(name) is not None and re.search(r"(?i)box|card|blurb|faq|toggle|accordion|tabs?$", name) is None


def is_text(value: object) -> bool:
    """Whether a value is words, unlike a setting or an address."""
    if not isinstance(value, str) or not re.search(r"[^\W\d_]", value):
        return False
    return value.strip().lower() not in _VALUES and _NO_TEXT.fullmatch(value.strip()) is None


def _grouped(fields: Mapping[str, object]) -> dict[tuple[str, ...], tuple[dict[str, str], dict[str, str]]]:
    """Group the titles and the texts among fields, by field, by what their names have in common."""
    groups: dict[tuple[str, ...], tuple[dict[str, str], dict[str, str]]] = {}
    for field, value in fields.items():
        if isinstance(value, str) and (name := read_name(field)) is not None:
            # "Yes" is a setting, but not where it answers a question.
            is_answer = value.strip().lower() in ("yes", "no") and "answer" in field.lower()
            if is_answer or is_text(value):
                groups.setdefault(name.rest, ({}, {}))[0 if name.is_title else 1][field] = value.strip()
    return groups


def fields_to_html(fields: Mapping[str, object], heading: str = "h4") -> str:
    """Return the texts of fields in their order: a question as `details`, another title as a heading."""
    tags = (value for value in fields.values() if isinstance(value, str) and _TAG.fullmatch(value))
    groups = ((titles.values(), texts.values()) for titles, texts in _grouped(fields).values())
    return "\n".join(titled_text(" ".join(one), "\n\n".join(other), next(tags, heading)) for one, other in groups)


def paired_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that are a question and its answer, or a title and its text in a row: `steps_0_title`."""
    kept: set[str] = set()
    for rest, (titles, texts) in _grouped(fields).items():
        is_row = any(part.isdecimal() for part in rest)
        if titles and texts and (is_row or any(map(is_question, titles.values()))):
            kept.update(titles, texts)
    return {field: text for field, text in fields.items() if field in kept}


def titled_text(title: str, text: str, heading: str = "h4") -> str:
    """Return a text below its title as HTML: `details` if the title is a question, else a heading."""
    if text and is_question(title):
        return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
    title = f"<{heading}>{title}</{heading}>" if title else ""
    return f"{title}\n\n{text}" if text else title
