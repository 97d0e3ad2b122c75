"""An article's paragraphs, lists, tables and quotations as HTML; its words never become HTML, links or images."""

import re

from markdown_it import MarkdownIt

from bot.passages import Span

_INLINE_RULES = ["emphasis", "link", "image", "autolink", "html_inline", "backticks", "entity"]
_BLOCK_RULES = ["html_block", "reference", "lheading", "code"]
_BLOCKS = MarkdownIt("commonmark", {"html": False}).enable("table").disable([*_INLINE_RULES, *_BLOCK_RULES])
_LIST_MARKER = re.compile(r"\s*(?:(?:[-*+>]|\d+[.)]|#{1,6})\s+)*")
_PRE_OR_BREAK = re.compile(r"(<pre>.*?</pre>)|\n", re.DOTALL)
_MARK, _UNMARK = "\ue000", "\ue001"
"""Stand for the edges of the highlight while the text is rendered; private use characters (Unicode, section 23.5)."""


def article_html(text: str, highlight: Span | None = None) -> str:
    """Return a text as HTML without line breaks, with a span of it highlighted."""
    markup: str = _BLOCKS.render(_with_marks(text, highlight))
    # As entities, line breaks cannot end the HTML block around the text.
    markup = _PRE_OR_BREAK.sub(lambda match: (match[1] or " ").replace("\n", "&#10;"), markup)
    markup = markup.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return markup.replace(_MARK, "<mark>").replace(_UNMARK, "</mark>")


def _with_marks(text: str, highlight: Span | None) -> str:
    """Mark the highlight line by line, since it cannot span blocks; leave tables out."""
    text = text.replace(_MARK, " ").replace(_UNMARK, " ")
    if highlight is None:
        return text
    lines, offset = [], 0
    for line in text.splitlines(keepends=True):
        marker = _LIST_MARKER.match(line)
        start = max(highlight[0] - offset, marker.end() if marker else 0)
        end = min(highlight[1] - offset, len(line.rstrip()))
        is_marked = start < end and not line.lstrip().startswith("|")
        lines.append(f"{line[:start]}{_MARK}{line[start:end]}{_UNMARK}{line[end:]}" if is_marked else line)
        offset += len(line)
    return "".join(lines)
