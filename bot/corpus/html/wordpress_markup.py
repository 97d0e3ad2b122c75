"""Renders the content of a WordPress post as HTML: blocks, shortcodes, and the paragraphs of the classic editor."""

from bot.corpus.wordpress.json_texts import add_block_texts
from bot.corpus.wordpress.paragraphs import add_paragraphs
from bot.corpus.wordpress.shortcodes import replace_shortcodes


def render_post(content: str) -> str:
    """Return the HTML of a post: its shortcodes replaced, and blank lines of the classic editor as paragraphs."""
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    if "<!-- wp:" in content:
        return replace_shortcodes(add_block_texts(content))
    return add_paragraphs(replace_shortcodes(content))
