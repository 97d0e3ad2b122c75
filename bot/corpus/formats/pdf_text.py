"""Joins the lines of a PDF into paragraphs and headings, and these into an article's plain form.

Which lines belong together is inferred from the gaps between them.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles

from bot.corpus.formats.pdf_lines import MAX_HEADING_WORDS, PAGE_LEVEL, Line, title_key
from bot.corpus.outline import is_faq_title, is_question

_ITEM_START = re.compile(
    r"(?:\(?(?:\d{1,2}|[a-z]|[ivx]{2,4})[.)]|(?:Q|Ques|Question|A|Ans|Answer)[ \t]*\d*[ \t]*[:.)-])\s", re.IGNORECASE
)
"""Start of a list item or of a labelled question."""


@dataclass(slots=True)
class Block:
    """A paragraph, list item or heading, and the page that it starts on."""

    text: str
    page: int
    level: int


def join_lines(lines: list[Line]) -> list[Block]:
    """Join lines into paragraphs, list items and headings; a paragraph across pages belongs to the first."""
    spacing = _line_spacing(lines)
    hyphenated = {word.casefold() for line in lines for word in re.findall(r"\w+-\w+", line.text)}
    blocks: list[Block] = []
    last: Line | None = None
    for line in lines:
        if last and _continues_paragraph(last, line, spacing):
            blocks[-1].text = _join(blocks[-1].text, line.text, hyphenated)
        else:
            blocks.append(Block(line.text, line.page, line.level))
        last = line
    return blocks


def _line_spacing(lines: list[Line]) -> float:
    """Return the typical distance between the lines of a paragraph, in heights of their letters."""
    pairs = [(last.y - line.y, line.size) for last, line in pairwise(lines) if last.page == line.page]
    gaps = [gap / size for gap, size in pairs if 0 < gap < 3 * size]
    return quantiles(gaps, n=4)[0] if len(gaps) > 1 else 1.2


def _continues_paragraph(last: Line, line: Line, spacing: float) -> bool:
    if line.level != last.level or line.text.startswith("- ") or _ITEM_START.match(line.text):
        return False
    finished = re.search(r"[.?!:;]['”\")]*$", last.text) is not None
    gap = last.y - line.y
    if last.page != line.page or gap < 0:
        return not line.level and not finished and line.text[:1].islower()
    near = gap <= 1.2 * (1.1 if line.level else spacing) * max(last.size, line.size)
    same_size = abs(last.size - line.size) < 0.15 * line.size
    return near and same_size and not (finished and line.x > last.x + 0.8 * line.size)


def _join(text: str, more: str, hyphenated: set[str]) -> str:
    """Join two lines; a hyphen between them is removed, unless the word is hyphenated inside another line too."""
    cut = re.search(r"(\w+)-$", text)
    if text.endswith("\xad"):
        return text.rstrip("\xad") + more
    if cut is None or not more[:1].islower():
        return f"{text}{'' if cut else ' '}{more}"
    is_hyphenated = f"{cut[1]}-{re.split(r'[^a-z]', more, maxsplit=1)[0]}".casefold() in hyphenated
    return (text if is_hyphenated else text[:-1]) + more


def split_title(blocks: list[Block], declared: str | None) -> tuple[str | None, list[Block]]:
    """Return the title, which defaults to the first heading, and the blocks without a heading that only repeats it."""
    first = next((block for block in blocks if block.level), None)
    if first is None or (declared and title_key(first.text) != title_key(declared)):
        return declared, blocks
    is_only_top_heading = sum(block.level <= first.level for block in blocks if block.level) == 1
    return declared or first.text, blocks[1:] if is_only_top_heading and first is blocks[0] else blocks


def write_blocks(blocks: list[Block]) -> str:
    """Return the plain form of the blocks, with a heading "Page 3" below each heading for the page of its text.

    A heading below "FAQs" would be taken for a question, so there the page is part of that heading: "FAQs, Page 3".
    """
    parts: list[str] = []
    faq: Block | None = None
    page, asked = 0, False
    for block in blocks:
        if block.level and (faq is None or block.level <= faq.level):
            faq, page, asked = (block if is_faq_title(block.text) else None), 0, False
            parts += [] if faq else [f"{'#' * block.level} {block.text}"]
            continue
        is_short = len(block.text.split()) <= 2 * MAX_HEADING_WORDS
        is_faq = faq is not None and (block.level > 0 or (is_question(block.text) and is_short))
        if page != block.page and (is_faq or not asked):
            page = block.page
            parts.append(f"{'#' * faq.level} {faq.text}, Page {page}" if faq else f"{'#' * PAGE_LEVEL} Page {page}")
        asked = asked or is_faq
        level = block.level or (faq.level + 1 if faq else 0)
        parts.append(f"{'#' * level} {block.text}" if is_faq else re.sub(r"^(?=#{1,6} )", r"\\", block.text))
    return re.sub(r"^((?:- |\d+\. ).*)\n\n(?=- |\d+\. )", r"\1\n", "\n\n".join(parts), flags=re.MULTILINE)
