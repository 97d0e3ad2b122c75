"""Adds the paragraphs that WordPress's classic editor leaves to blank lines."""

import re

_BLOCK_TAG = re.compile(
    r"(?is)(?P<whole><(?P<verbatim>pre|script|style|textarea)\b.*?(?:</(?P=verbatim)\s*>|\Z))"
    r"|<(?P<end>/)?(?P<name>address|article|aside|blockquote|center|dd|details|div|dl|dt|fieldset|figcaption|figure"
    r"|footer|form|h[1-6]|header|hr|iframe|legend|li|main|nav|object|ol|p|section|summary|table|caption|colgroup|col"
    r"|tbody|td|tfoot|th|thead|tr|ul)\b[^<>]*+>"
)
_SINGLE_LINE = {"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt", "th", "caption", "legend", "figcaption"}
_PARAGRAPH_LIKE = {"p", "li", "td", "dd"}  # elements whose text needs no `<p>`, unless it contains a blank line


def add_paragraphs(content: str) -> str:
    """Add paragraphs at blank lines and breaks at line ends, except in preformatted text, as WordPress's `wpautop`."""
    parts, end, parent = [], 0, ""
    for tag in _BLOCK_TAG.finditer(content):
        parts += [_paragraphs(content[end : tag.start()], parent), tag[0]]
        end, parent = tag.end(), "" if tag["end"] or tag["whole"] else tag["name"].lower()
    return "".join([*parts, _paragraphs(content[end:], parent)])


def _paragraphs(text: str, parent: str) -> str:
    """Wrap the paragraphs of a text between two block tags in `<p>`, where its parent element needs that."""
    parts = [part.strip() for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text)]
    paragraphs = [part.replace("\n", "<br>") for part in parts if part]
    if parent in _SINGLE_LINE or not paragraphs:
        return text
    if parent in _PARAGRAPH_LIKE and len(paragraphs) == 1:
        return paragraphs[0]
    return "".join(f"<p>{part}</p>" for part in paragraphs)
