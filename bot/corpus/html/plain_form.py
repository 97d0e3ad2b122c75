"""Converts HTML to an article's plain form, for saved pages, WordPress posts and HTML inside Markdown.

Questions marked up as such (`details`, definition lists, accordions, FAQ tables and lists, the FAQ blocks of Yoast and
Rank Math, microdata) become FAQs.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from lxml.html import HtmlElement

from bot.corpus.article import Faq
from bot.corpus.html.elements import HEADINGS, INLINE, SKIPPED, inline_text, own_descendants, parse_html, text_of
from bot.corpus.html.faq_elements import faq_block, faq_lists_to_details, faq_tables_to_details
from bot.corpus.html.folds import folds_to_details
from bot.corpus.html.labels import labels_to_headings
from bot.corpus.html.table_cells import spread_cells, write_table
from bot.corpus.outline import is_faq_title, is_question

_FOLDING_MARKUP = (
    "<button", "<label", "<a>", "tabindex", "aria-", "onclick", "hidden", "display", "collapse", "role=", "javascript:",
    '"#', "'#", '"question', "'question", "-question", "_question", " question",
)  # fmt: skip
"""Markup without which nothing is folded; to look for folds takes longer than to read a post."""
_QUESTION_ITEM = re.compile(r"<li\b[^<>]*+>\s*+(?:<[^<>]*+>\s*+)*+[^<>?？؟]*+[?？؟]", re.IGNORECASE)
_LOWEST_QUESTION = 5  # lowest heading level of a question: the headings of its answer come below it


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    level: int = 0
    """Heading level; 0 for text, and for a question that goes one level below the heading above it."""
    answer: tuple["_Block", ...] = ()
    """The answer, if the markup declares the block a question."""
    alternates: tuple[str, ...] = ()
    """Other questions with the same answer."""


_RULE = _Block("---")


@dataclass(frozen=True, slots=True)
class PlainForm:
    """Text in an article's plain form, and the FAQs declared by its markup as spans of it."""

    text: str
    faqs: tuple[Faq, ...]


def to_plain_form(element: HtmlElement) -> PlainForm:
    """Return the plain form of the contents of an element."""
    parts: list[str] = []
    faqs: list[Faq] = []
    length, level = 0, 2
    for block in _drop_needless_rules([*_blocks(element)]):
        level = block.level - bool(block.answer) if block.level else level
        parts.append(block.text if block == _RULE else _write([block], level))
        if block.answer:
            end = length + len(parts[-1])
            start = end - len(parts[-1].split("\n\n", 1)[1])
            faqs.append(Faq(block.text, start, end, alternates=block.alternates))
        length += len(parts[-1]) + 2
    return PlainForm("\n\n".join(parts), tuple(faqs))


def _drop_needless_rules(blocks: list[_Block]) -> Iterator[_Block]:
    """Drop rules, except those between the last answer of a list of FAQs and text that is no part of it."""
    faq_level = 0
    for block, following in pairwise([*blocks, _Block("", 1)]):
        if block.level and (faq_level == 0 or block.level <= faq_level):
            faq_level = block.level if is_faq_title(block.text) else 0
        if block != _RULE or (faq_level and not following.level and not following.answer):
            yield block


def _write(blocks: Iterable[_Block], parent: int, separator: str = "\n\n") -> str:
    """Write blocks in plain form; questions become headings below the `parent` level, above those of their answers."""
    parts = []
    for block in blocks:
        if block.answer:
            level = min(max(block.level or parent + 1, 2 if block.level else 3), _LOWEST_QUESTION)
            shift = max(0, level + 1 - min((inner.level for inner in block.answer if inner.level), default=9))
            answer = [replace(each, level=min(each.level + shift, 6)) if each.level else each for each in block.answer]
            parts += [f"{'#' * level} {block.text}", _write(answer, level, separator)]
        elif block != _RULE:
            parts.append(f"{'#' * block.level} {block.text}" if block.level and separator != "\n" else block.text)
    return separator.join(parts)


def html_to_plain_form(markup: str) -> PlainForm:
    """Return the plain form of a fragment of HTML, such as a WordPress post, with its folds open."""
    tree = parse_html(f"<div>{markup}</div>")
    lowered = markup.lower()
    if any(words in lowered for words in _FOLDING_MARKUP):
        folds_to_details(tree)
        labels_to_headings(tree)
    if "<table" in lowered:
        faq_tables_to_details(tree)
    if _QUESTION_ITEM.search(markup):
        faq_lists_to_details(tree)
    return to_plain_form(tree)


def _blocks(element: HtmlElement, without: Collection[HtmlElement] = ()) -> Iterator[_Block]:
    """Yield the blocks inside an element, except those in `without`; consecutive inline content becomes paragraphs."""
    line: list[str] = [element.text or ""]
    for child in element:
        tail = child.tail or ""
        if child.tag in SKIPPED or child in without:
            line.append(tail)
        elif child.tag in INLINE:
            line += [inline_text(child), tail]
        else:
            yield from _paragraph(line)
            yield from _block(child, str(child.tag), without)
            line = [tail]
    yield from _paragraph(line)


def _answer_blocks(answer: HtmlElement, without: Collection[HtmlElement] = ()) -> tuple[_Block, ...]:
    return tuple(block for block in _blocks(answer, without) if block != _RULE)


def _paragraph(line: Iterable[str]) -> Iterator[_Block]:
    lines = (" ".join(part.split()) for part in "".join(line).split("\n\v"))
    # Escape paragraphs that look like headings, as in Markdown.
    yield from _text_block("\n".join(re.sub(r"^(?=#{1,6} )", r"\\", part) for part in lines if part))


def _block(element: HtmlElement, tag: str, without: Collection[HtmlElement] = ()) -> Iterator[_Block]:
    if tag in HEADINGS:
        yield from _text_block(text_of(element), HEADINGS[tag])
    elif tag == "hr":
        yield _RULE
    elif tag in ("ul", "ol") and not _is_page_structure(element):
        yield from _text_block(_list(element))
    elif tag in _TEXTS and (tag != "table" or element.find(".//table") is None):  # tables around tables are layout
        yield from _text_block(_TEXTS[tag](element))
    elif tag in _MARKED:
        yield from _MARKED[tag](element)
    elif (pair := faq_block(element)) is not None:
        yield from _question(element, *pair)
    else:
        yield from _blocks(element, without)


def _paragraph_with_question(element: HtmlElement) -> Iterator[_Block]:
    """Yield a paragraph; a bold question at its beginning becomes a heading of the lowest level."""
    if (question := take_bold_question(element)) is not None:
        yield _Block(question, 6)
    yield from _blocks(element)


def take_bold_question(element: HtmlElement) -> str | None:
    """Remove a bold question on a line of its own from the beginning of a paragraph, and return it."""
    bold = next(iter(element), None)
    if bold is None or bold.tag not in ("strong", "b") or (element.text or "").strip():
        return None
    following, question = bold.getnext(), text_of(bold)
    is_own_line = not (bold.tail or "").strip() and (following is None or following.tag == "br")
    if not is_own_line or not is_question(question):
        return None
    element.remove(bold)
    return question


def _text_block(text: str, level: int = 0) -> Iterator[_Block]:
    if text:
        yield _Block(text, level)


def _contents(element: HtmlElement, separator: str = "\n\n") -> str:
    return _write(_blocks(element), 2, separator)


def _question(element: HtmlElement, question: HtmlElement, answer: HtmlElement) -> Iterator[_Block]:
    """Yield a question with its answer, and the rest of its element: after an unclosed tag, further questions."""
    has_more = len(text_of(element)) > len(text_of(question)) + len(text_of(answer)) + 1
    wrappers = takewhile(lambda above: above is not element, answer.iterancestors())
    if has_more and not all(map(_is_wrapper, wrappers)):
        yield from _blocks(element)  # where the answer ends is unclear
        return
    inner_questions = list(_inner_questions(answer))
    heading = next((above for above in (question, *question.iterancestors()) if above.tag in HEADINGS), None)
    level = HEADINGS[str(heading.tag)] if heading is not None and element in heading.iterancestors() else 0
    yield _Block(text_of(question), level, _answer_blocks(answer, inner_questions))
    if has_more:
        yield from _blocks(element, [_outermost(question, element), _outermost(answer, element)])
    for inner in inner_questions:
        yield from _block(inner, "div")


def _inner_questions(element: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the outermost questions inside an element."""
    for child in element:
        if faq_block(child) is not None:
            yield child
        elif _is_wrapper(child):
            yield from _inner_questions(child)


def _is_wrapper(element: HtmlElement) -> bool:
    """Whether an element only groups the blocks in it."""
    tag = str(element.tag)
    return not any(tag in tags for tags in (INLINE, SKIPPED, HEADINGS, _TEXTS, _MARKED, ("ul", "ol", "hr")))


def _outermost(part: HtmlElement, element: HtmlElement) -> HtmlElement:
    """Return the largest element inside `element` that contains `part` and no other text."""
    above = part.getparent()
    if above is None or above is element or text_of(above) != text_of(part):
        return part
    return _outermost(above, element)


def _is_page_structure(element: HtmlElement) -> bool:
    """Whether a list structures a page: its items contain marked questions or, if it is not numbered, headings."""
    marks = {"details", *(HEADINGS if element.tag == "ul" else ())}
    return any(inner.tag in marks or faq_block(inner) is not None for inner in element.iter())


def _preformatted(element: HtmlElement) -> str:
    code = element.text_content().strip("\n")
    return f"```\n{code}\n```" if code.strip() else ""


def _quotation(element: HtmlElement) -> str:
    text = _contents(element)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""


def _list(element: HtmlElement) -> str:
    items = [text for item in element if (text := _contents(item, "\n") or text_of(item))]
    first = int(start) if (start := element.get("start", "1")).isdecimal() else 1
    marked = ((f"{number}. " if element.tag == "ol" else "- ", text) for number, text in enumerate(items, first))
    return "\n".join(marker + text.replace("\n", "\n" + " " * len(marker)) for marker, text in marked)


def _table(element: HtmlElement) -> str:
    spread_cells(element)
    caption = next(map(_contents, element.iterchildren("caption")), "")
    rows = (row.iterchildren("td", "th") for row in own_descendants(element, "tr"))
    cells = ([text_of(cell).replace("|", "\\|") for cell in row] for row in rows)
    return "\n\n".join(filter(None, (caption, write_table(cells))))


def _details(element: HtmlElement) -> Iterator[_Block]:
    summary = element.find("summary")
    if summary is None:
        yield from _blocks(element)
        return
    question = text_of(summary)
    summary.clear(keep_tail=True)
    yield from _terms([question], _answer_blocks(element))


def _definitions(element: HtmlElement) -> Iterator[_Block]:
    """Yield each group of terms with its definitions; a group begins at a term below a definition."""
    terms: list[str] = []
    blocks: list[_Block] = []
    for child in own_descendants(element, "dt", "dd"):
        if child.tag == "dt" and blocks:
            yield from _terms(terms, tuple(blocks))
            terms, blocks = [], []
        if child.tag == "dt":
            terms.append(text_of(child))
        else:
            blocks += _answer_blocks(child)
    yield from _terms(terms, tuple(blocks))


def _terms(terms: list[str], blocks: tuple[_Block, ...]) -> Iterator[_Block]:
    """Yield a FAQ if one of the terms is a question, with the others as alternates, else a heading above the text."""
    named = [term for term in terms if term]
    question = next(filter(is_question, named), None)
    if question is not None and blocks:
        yield _Block(question, answer=blocks, alternates=tuple(term for term in named if term != question))
    else:
        yield from _text_block(", ".join(named), 4 if blocks else 0)
        yield from blocks


_TEXTS: dict[str, Callable[[HtmlElement], str]] = {"table": _table, "pre": _preformatted, "blockquote": _quotation}
"""Elements that are a single block, and the functions that return its text."""
_MARKED = {"p": _paragraph_with_question, "details": _details, "dl": _definitions}
"""Elements whose markup distinguishes questions from answers, and the functions that yield their blocks."""
