"""Renders the content of a WordPress post as HTML: shortcodes, and the paragraphs of the classic editor."""

import re
from html import unescape

from bot.corpus.outline import is_question

_VALUE = r"(?:\"[^\"]*+\"|'[^']*+'|[”“″][^”“″]*+[”“″]|[^\s\"'\]]++)"
_TAG = re.compile(
    r"(?i)\[(?P<escaped>\[)?(?P<end>/)?(?P<name>[a-z][\w-]*+)(?P<attributes>(?:[\s/][^\[\]]*+)?)\](?(escaped)\])"
)
_ATTRIBUTES = re.compile(rf"(?:\s++[a-z][\w-]*+\s*+=\s*+{_VALUE})++\s*+/?|\s*+/")
_TITLE = re.compile(rf"\s(?:title|question|heading|header)\s*+=\s*+(?P<title>{_VALUE})", re.IGNORECASE)
_QUOTES = "\"'”“″ "
_CAPTION = re.compile(rf"\scaption\s*+=\s*+(?P<caption>{_VALUE})", re.IGNORECASE)
"""The attribute that held the caption of a picture until WordPress 3.4."""
_FOLDING = re.compile(r"toggle|accordion|spoiler|collapse|expand|faq|tab|section", re.IGNORECASE)
_EMBEDDED = re.compile(r"\[(?P<name>embed|audio|video|playlist)\b[^\[\]]*+\][^\[]*+\[/(?P=name)\]", re.IGNORECASE)
"""Shortcodes around a URL."""
_LONE = re.compile(
    r"(?i)gallery|playlist|audio|video|embed|caption|more|nextpage|(?:ez-|lwp)?toc|contact-form(-7)?|wpforms|gravityform"
)
"""Shortcodes often used without attributes or closing tag; other bare words in brackets, such as "[sic]", are text."""
_BRACKETS = re.compile(r"\[/?[a-zA-Z][^\[\]<>]*+\]")
_AROUND_BLOCK = re.compile(r"<p>\s*(?=</?details>|<h4>)|(?<=</details>)\s*</p>|<p>\s*</p>")
"""The tags of paragraphs around the elements that replace shortcodes: a paragraph cannot contain them."""
_BLOCK_TAG = re.compile(
    r"(?is)(?P<whole><(?P<verbatim>pre|script|style|textarea)\b.*?(?:</(?P=verbatim)\s*>|\Z))"
    r"|<(?P<end>/)?(?P<name>address|article|aside|blockquote|center|dd|details|div|dl|dt|fieldset|figcaption|figure"
    r"|footer|form|h[1-6]|header|hr|iframe|legend|li|main|nav|object|ol|p|section|summary|table|caption|colgroup|col"
    r"|tbody|td|tfoot|th|thead|tr|ul)\b[^<>]*+>"
)
_SINGLE_LINE = {"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt", "th", "caption", "legend", "figcaption"}
_PARAGRAPH_LIKE = {"p", "li", "td", "dd"}  # elements whose text needs no `<p>`, unless it contains a blank line


def render_post(content: str) -> str:
    """Return the HTML of a post: its shortcodes replaced, and blank lines of the classic editor as paragraphs."""
    content = _replace_shortcodes(_EMBEDDED.sub("", content.replace("\r\n", "\n").replace("\r", "\n")))
    return content if "<!-- wp:" in content else _add_paragraphs(content)


def expand_shortcodes(html: str) -> str:
    """Return the HTML of a post with the shortcodes replaced that WordPress left in it, because no plugin knows them.

    WordPress has wrapped them in paragraphs, and turned their quotation marks into entities.
    """
    if "[" not in html:
        return html
    html = _BRACKETS.sub(lambda tag: unescape(tag[0]) if "&" in tag[0] else tag[0], html)
    return _AROUND_BLOCK.sub("", _replace_shortcodes(_EMBEDDED.sub("", html)))


def _replace_shortcodes(content: str) -> str:
    """Replace shortcodes that fold an answer away by `details`, and remove the tags of others but not their text."""
    opening_tags = _match_tags(content)
    return _TAG.sub(lambda tag: _replacement(tag, opening_tags), content)


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
    opening = opening_tags.get(tag.start())
    if opening is None:
        return "" if tag["end"] or _LONE.fullmatch(tag["name"]) or _is_lone_shortcode(tag) else tag[0]
    if tag["end"] and tag["name"].lower() == "caption" and (caption := _CAPTION.search(opening["attributes"])):
        return f" {caption['caption'].strip(_QUOTES)}"
    title_match = _TITLE.search(opening["attributes"]) if _FOLDING.search(tag["name"]) else None
    title = title_match["title"].strip(_QUOTES) if title_match is not None else ""
    if is_question(title):
        return "</details>" if tag["end"] else f"<details><summary>{title}</summary>"
    return f"<h4>{title}</h4>" if title and not tag["end"] else ""


def _is_lone_shortcode(tag: re.Match[str]) -> bool:
    """Whether a tag that encloses nothing is a shortcode: in lower case, and with attributes or closed by "/]"."""
    return tag["name"][0].islower() and (tag[0].endswith("/]") or _ATTRIBUTES.fullmatch(tag["attributes"]) is not None)


def _add_paragraphs(content: str) -> str:
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
