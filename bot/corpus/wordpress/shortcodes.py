"""Replaces the shortcodes of WordPress posts by HTML: the words in their attributes, and what they enclose."""

import json
import re
from base64 import b64decode
from contextlib import suppress
from urllib.parse import unquote

from bot.corpus.outline import is_question
from bot.corpus.wordpress.json_texts import json_to_html
from bot.corpus.wordpress.named_texts import fields_to_html, is_control, paired_fields

_VALUE = r"(?:\"[^\"]*+\"|'[^']*+'|[”“″][^”“″]*+[”“″]|[^\s\"'\]]++)"
_TAG = re.compile(
    r"(?i)\[(?P<escaped>\[)?(?P<end>/)?(?P<name>[a-z][\w-]*+)(?P<attributes>(?:[\s/][^\[\]]*+)?)\](?(escaped)\])"
)
_ATTRIBUTES = re.compile(rf"(?:\s++[a-z][\w-]*+\s*+=\s*+{_VALUE})++\s*+/?|\s*+/")
_ATTRIBUTE = re.compile(rf"\s(?P<name>[a-z][\w-]*+)\s*+=\s*+(?P<value>{_VALUE})", re.IGNORECASE)
_QUOTES = "\"'”“″ "
_TITLES = ("title", "question", "heading", "header")
_FOLDING = re.compile(r"toggle|accordion|spoiler|collapse|expand|faq|tab|section", re.IGNORECASE)
_HEADING = re.compile(r"heading|title|header", re.IGNORECASE)
_ESCAPES = {"%22": '"', "%91": "[", "%92": "\\", "%93": "]", "`{`": "[", "`}`": "]", "``": '"'}
"""Characters that Divi and WPBakery escape in attributes."""
_ENCODED_VALUE = re.compile(r"#E-8_(?P<base64>[\w+/=]+)")
"""A whole attribute as WPBakery encodes it."""
_BASE64 = re.compile(
    r"\[(?P<name>[a-z][\w-]*+)(?:\s[^\[\]]*+)?\]\s*(?P<content>[A-Za-z0-9+/]{16,}={0,2})\s*\[/(?P=name)\]"
)
"""Shortcodes around base64, such as those for raw HTML."""
_PROMPT = re.compile(r"cta|call|action")  # shortcodes whose question is not answered but invites
_CODE = re.compile(r"raw|code|html|js")
_EMBEDDED = re.compile(r"\[(?P<name>embed|audio|video|playlist)\b[^\[\]]*+\][^\[]*+\[/(?P=name)\]", re.IGNORECASE)
"""Shortcodes around a URL."""
_LONE = re.compile(
    r"(?i)gallery|playlist|audio|video|embed|caption|more|nextpage|(?:ez-|lwp)?toc|contact-form(-7)?|wpforms|gravityform"
)
"""Shortcodes often used without attributes or closing tag; other bare words in brackets, such as "[sic]", are text."""


def replace_shortcodes(content: str) -> str:
    """Replace shortcodes by the words in their attributes; what they enclose stays, folded answers in `details`.

    What is encoded in base64, as builders keep HTML and scripts, is decoded; if it cannot be, it is left out.
    """
    content = _BASE64.sub(_decoded, _EMBEDDED.sub("", content))
    opening_tags = _match_tags(content)
    return _TAG.sub(lambda tag: _replacement(tag, opening_tags), content)


def _decoded(shortcode: re.Match[str]) -> str:
    with suppress(ValueError):
        text = unquote(b64decode(shortcode["content"], validate=True).decode(), errors="strict")
        if text.isprintable() or re.search(r"[\s<]", text):
            return text
    return "" if _CODE.search(shortcode["name"]) else shortcode[0]


def _match_tags(content: str) -> dict[int, re.Match[str]]:
    """Map the start of the opening and of the closing tag of each enclosing shortcode to the opening tag."""
    opened: dict[str, list[re.Match[str]]] = {}
    opening_tags = {}
    for tag in _TAG.finditer(content):
        name = tag["name"].lower()
        if not tag["end"]:
            opened.setdefault(name, []).append(tag)
        elif opened.get(name):
            opening = opened[name].pop()
            opening_tags[opening.start()] = opening_tags[tag.start()] = opening
    return opening_tags


def _replacement(tag: re.Match[str], opening_tags: dict[int, re.Match[str]]) -> str:
    """Return the text that replaces the tag of a shortcode; text in brackets that is no shortcode stays."""
    if tag["escaped"]:
        return tag[0][1:-1]
    name, opening = tag["name"].lower(), opening_tags.get(tag.start())
    if opening is None and (tag["end"] or _LONE.fullmatch(name)):
        return ""
    if opening is None:
        # In lower case, and with attributes or closed by "/]".
        is_shortcode = tag[0].endswith("/]") or _ATTRIBUTES.fullmatch(tag["attributes"]) is not None
        return _words(name, _attributes(tag)) if tag["name"][0].islower() and is_shortcode else tag[0]
    attributes = _attributes(opening)
    if tag["end"] and name == "caption" and (caption := attributes.get("caption")):  # until WordPress 3.4
        return f" {caption}"
    title = next((attributes[key] for key in _TITLES if key in attributes), "")
    if is_question(title) and (_FOLDING.search(name) or not (is_control(name) or _PROMPT.search(name))):
        return "</details>" if tag["end"] else f"<details><summary>{title}</summary>"
    return "" if tag["end"] else _words(name, attributes)


def _attributes(tag: re.Match[str]) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(tag["attributes"])
    return {each["name"].lower(): _unescaped(each["value"].strip(_QUOTES)) for each in found}


def _unescaped(value: str) -> str:
    if encoded := _ENCODED_VALUE.fullmatch(value):
        with suppress(ValueError):
            return unquote(b64decode(encoded["base64"]).decode())
    for escape, character in _ESCAPES.items():
        value = value.replace(escape, character)
    return value


def _words(name: str, attributes: dict[str, str]) -> str:
    """Return the words in the attributes of a shortcode: of a control, such as a form, only FAQs."""
    if is_control(name) and not _FOLDING.search(name):
        attributes = paired_fields(attributes)
    elif _HEADING.search(name) and "title" not in attributes and "text" in attributes:
        level = re.search(r"\bh[1-6]\b", " ".join(attributes.values()))
        return f"<{level[0] if level else 'h2'}>{attributes['text']}</{level[0] if level else 'h2'}>"
    lists = [value for value in attributes.values() if value.startswith(("%5B%7B", "[{"))]
    plain = {key: value for key, value in attributes.items() if value not in lists}
    return "\n\n".join(filter(None, [fields_to_html(plain), *map(_list_to_html, lists)]))


def _list_to_html(value: str) -> str:
    """Return the texts of an attribute that is a list in JSON, as WPBakery writes it."""
    with suppress(ValueError, RecursionError):
        return json_to_html(json.loads(unquote(value), strict=False))
    return ""
