"""Renders the content of a WordPress post as HTML: blocks, shortcodes, and the paragraphs of the classic editor."""

import re
from html import unescape

from bot.corpus.wordpress.json_texts import add_block_texts
from bot.corpus.wordpress.paragraphs import add_paragraphs
from bot.corpus.wordpress.shortcodes import replace_shortcodes

_BRACKETS = re.compile(r"\[/?[a-zA-Z][^\[\]<>]*+\]")
_AROUND_BLOCK = re.compile(r"<p>\s*(?=</?details>|<h4>)|(?<=</details>)\s*</p>|<p>\s*</p>")
"""The tags of paragraphs around the elements that replace shortcodes: a paragraph cannot contain them."""


def render_post(content: str) -> str:
    """Return the HTML of a post: its shortcodes replaced, and blank lines of the classic editor as paragraphs."""
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    if "<!-- wp:" in content:
        return replace_shortcodes(add_block_texts(content))
    return add_paragraphs(replace_shortcodes(content))


def expand_shortcodes(html: str) -> str:
    """Return the HTML of a post with the shortcodes replaced that WordPress left in it, because no plugin knows them.

    WordPress has wrapped them in paragraphs, and turned their quotation marks into entities.
    """
    if "[" not in html:
        return html
    html = _BRACKETS.sub(lambda tag: unescape(tag[0]) if "&" in tag[0] else tag[0], html)
    return _AROUND_BLOCK.sub("", replace_shortcodes(html))
