"""The markup of a post: completed by reusable blocks, its builder's data and custom fields, and rendered as HTML."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import unescape

from bot.corpus.wordpress.json_texts import add_block_texts, json_to_html
from bot.corpus.wordpress.named_texts import fields_to_html, paired_fields, read_name
from bot.corpus.wordpress.paragraphs import add_paragraphs
from bot.corpus.wordpress.shortcodes import replace_shortcodes

_BUILDER = "_elementor_data"  # custom field with the text of a page builder, in JSON
_REUSABLE = re.compile(
    r"<!--\s+wp:block\s+(?P<attributes>\{(?>[^<>]*?\"ref\":\s*(?P<ref>\d+))[^<>]*\})\s*/-->"  # "<" is "\u003c" in them
)
_NAMED = r"(<!--\s+wp:(?:paragraph|heading)\s+\{[^<>]*\"name\":%s[^<>]*-->\s*<[^<>]*>)(?s:(?!<!--).)*(?=</\w+>\s*<!--)"
REFERENCE = b"<!-- wp:block {"
"""How every reference to a reusable block begins."""
_MAX_REFERENCES = 5  # maximum depth of reusable blocks inside one another
_MAX_INSERTED = 10_000_000  # maximum number of characters of reusable blocks in one post
_BRACKETS = re.compile(r"\[/?[a-zA-Z][^\[\]<>]*+\]")
_AROUND_BLOCK = re.compile(r"<p>\s*(?=</?details>|<h4>)|(?<=</details>)\s*</p>|<p>\s*</p>")
"""The tags of paragraphs around the elements that replace shortcodes: a paragraph cannot contain them."""


def is_text_field(name: str) -> bool:
    """Whether a custom field may hold a text of its post."""
    return name == _BUILDER or read_name(name) is not None


def reusable_blocks(content: str) -> Iterator[str]:
    """Yield the ids of the reusable blocks to which a post refers."""
    return (reference["ref"] for reference in _REUSABLE.finditer(content))


def complete_markup(content: str, fields: Mapping[str, str], blocks: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the content of a post with the reusable blocks and the texts that it lacks, and what could not be read."""
    content = _with_blocks(content, blocks)
    missing_refs = dict.fromkeys(reusable_blocks(content))
    flaws = [f"its reusable block {ref} is not among the published ones: export all content" for ref in missing_refs]
    try:
        built = json_to_html(json.loads(fields.get(_BUILDER) or "[]", strict=False))
    except (ValueError, RecursionError):
        built = ""
        flaws.append("the data of its page builder is not valid JSON: save the post again and export it again")
    # A builder writes its words into the content, too, but without their structure.
    content = built if built and len(_words(built)) >= len(_words(content)) else content
    if texts := paired_fields({name: text for name, text in fields.items() if name != _BUILDER}):
        words = set(_words(content))
        missing = {name: text for name, text in texts.items() if not words.issuperset(_words(text))}
        content = f"{content}\n\n{fields_to_html(missing)}"
    return content, flaws


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


def _with_blocks(content: str, blocks: Mapping[str, str]) -> str:
    """Replace references to reusable blocks by their content; those that cannot be replaced stay."""
    for _ in range(_MAX_REFERENCES):
        if sum(len(blocks.get(ref, "")) for ref in reusable_blocks(content)) > _MAX_INSERTED:
            break
        content = _REUSABLE.sub(lambda found: _block(found, blocks.get(found["ref"], found[0])), content)
    return content


def _block(reference: re.Match[str], content: str) -> str:
    """Return the content of a reusable block, with the words that a reference has for its named parts."""
    with suppress(LookupError, AttributeError, TypeError, ValueError, RecursionError):
        for name, words in json.loads(reference["attributes"])["content"].items():
            if "content" in words:
                named = _NAMED % re.escape(json.dumps(name, ensure_ascii=False))
                content = re.sub(named, r"\g<1>" + words["content"].replace("\\", r"\\"), content)
    return content


def _words(markup: str) -> list[str]:
    return re.findall(r"\w+", re.sub(r"<[^<>]*>", " ", markup))
