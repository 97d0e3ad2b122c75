"""HTML elements → an article's plain form: the same for saved pages, WordPress posts and HTML inside Markdown.

Questions that the markup itself marks as such (`details`, definition lists, the FAQ blocks of Yoast and Rank Math, microdata) come out as FAQs.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from lxml.html import HtmlElement

from bot.corpus.article import Faq
from bot.corpus.html.elements import HEADINGS, INLINE, SKIPPED, inline_text, parse_html, text_of
from bot.corpus.html.faq_elements import accordions_to_details, faq_block
from bot.corpus.outline import is_faq_title, is_question

_LOWEST_QUESTION = 5
"""The level of heading that a question has at least: an answer's own headings stand below it."""


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    level: int = 0
    """Of the heading that it is; 0 for text, and for a question that is to stand below whatever heading is above it."""
    answer: tuple["_Block", ...] = ()
    """What answers it, where the markup says that it is a question."""


_RULE = _Block("---")


@dataclass(frozen=True, slots=True)
class PlainForm:
    """Text in an article's plain form, and the FAQs that its markup marked, as spans of it."""

    text: str
    faqs: tuple[Faq, ...]


def to_plain_form(element: HtmlElement) -> PlainForm:
    """The plain form of everything inside an element."""
    parts: list[str] = []
    faqs: list[Faq] = []
    length, level = 0, 2
    for block in _without_idle_rules([*_blocks(element)]):
        level = block.level - bool(block.answer) if block.level else level
        parts.append(block.text if block == _RULE else _written([block], level))
        if block.answer:
            end = length + len(parts[-1])
            faqs.append(Faq(block.text, end - len(parts[-1].split("\n\n", 1)[1]), end))
        length += len(parts[-1]) + 2
    return PlainForm("\n\n".join(parts), tuple(faqs))


def _without_idle_rules(blocks: list[_Block]) -> Iterator[_Block]:
    """The blocks without rules but those that end a list of FAQs, where text follows that is no part of the last answer."""
    in_list = 0
    for block, following in pairwise([*blocks, _Block("", 1)]):
        if block.level and (in_list == 0 or block.level <= in_list):
            in_list = block.level if is_faq_title(block.text) else 0
        if block != _RULE or (in_list and not following.level and not following.answer):
            yield block


def _written(blocks: Iterable[_Block], above: int, separator: str = "\n\n") -> str:
    """The plain form of blocks; a question and its answer stand under a heading below the level above, and an answer's own headings below the question."""
    parts = []
    for block in blocks:
        if block.answer:
            level = min(max(block.level or above + 1, 2 if block.level else 3), _LOWEST_QUESTION)
            lift = max(0, level + 1 - min((inner.level for inner in block.answer if inner.level), default=9))
            answer = [
                replace(inner, level=min(inner.level + lift, 6)) if inner.level else inner for inner in block.answer
            ]
            parts += [f"{'#' * level} {block.text}", _written(answer, level, separator)]
        elif block != _RULE:
            parts.append(f"{'#' * block.level} {block.text}" if block.level and separator != "\n" else block.text)
    return separator.join(parts)


def html_to_plain_form(markup: str) -> PlainForm:
    """The plain form of a piece of HTML, such as the content of a WordPress post, with what its accordions fold away."""
    tree = parse_html(f"<div>{markup}</div>")
    if "aria-controls" in markup or "collapse" in markup:
        accordions_to_details(tree)
    return to_plain_form(tree)


def _blocks(element: HtmlElement, without: Collection[HtmlElement] = ()) -> Iterator[_Block]:
    """The blocks inside an element in document order, without some elements; stretches of inline content become paragraphs."""
    line: list[str] = [element.text or ""]
    for child in element:
        tail = child.tail or ""
        tag = child.tag if isinstance(child.tag, str) else "script"
        if tag in SKIPPED or child in without:
            line.append(tail)
        elif tag in INLINE:
            line += [inline_text(child), tail]
        else:
            yield from _paragraph(line)
            yield from _block(child, tag, without)
            line = [tail]
    yield from _paragraph(line)


def _inside(answer: HtmlElement, without: Collection[HtmlElement] = ()) -> tuple[_Block, ...]:
    return tuple(block for block in _blocks(answer, without) if block != _RULE)


def _paragraph(line: Iterable[str]) -> Iterator[_Block]:
    lines = (" ".join(part.split()) for part in "".join(line).split("\n\v"))
    # A paragraph that looks like a heading gets a backslash, as Markdown has it.
    text = "\n".join(re.sub(r"^(?=#{1,6} )", r"\\", part) for part in lines if part)
    if text:
        yield _Block(text)


def _block(element: HtmlElement, tag: str, without: Collection[HtmlElement] = ()) -> Iterator[_Block]:
    if tag in HEADINGS:
        yield from _some(text_of(element), HEADINGS[tag])
    elif tag == "hr":
        yield _RULE
    elif tag in ("ul", "ol") and not _holds_parts(element):
        yield from _some(_list(element))
    elif tag in _TEXTS and (tag != "table" or element.find(".//table") is None):  # one around tables lays a page out
        yield from _some(_TEXTS[tag](element))
    elif tag in _MARKED:
        yield from _MARKED[tag](element)
    elif (pair := faq_block(element)) is not None:
        yield from _asked(element, *pair)
    else:
        yield from _blocks(element, without)


def _bold_led(element: HtmlElement) -> Iterator[_Block]:
    """A paragraph, with a question in bold that it begins with as a heading of the lowest level: below whatever heading it stands under."""
    if (question := take_bold_question(element)) is not None:
        yield _Block(question, 6)
    yield from _blocks(element)


def take_bold_question(element: HtmlElement) -> str | None:
    """The question in bold that a paragraph begins with, on a line of its own; it is taken out of the paragraph."""
    bold = next(iter(element), None)
    if bold is None or bold.tag not in ("strong", "b") or (element.text or "").strip():
        return None
    following = bold.getnext()
    alone = not (bold.tail or "").strip() and (following is None or following.tag == "br")
    question = text_of(bold)
    if not alone or not is_question(question):
        return None
    element.remove(bold)
    return question


def _some(text: str, level: int = 0) -> Iterator[_Block]:
    if text:
        yield _Block(text, level)


def _joined(element: HtmlElement, separator: str = "\n\n") -> str:
    return _written(_blocks(element), 2, separator)


def _asked(element: HtmlElement, question: HtmlElement, answer: HtmlElement) -> Iterator[_Block]:
    """A question with its answer, and what else stands in its element: where a tag is left open, the questions after it."""
    more = len(text_of(element)) > len(text_of(question)) + len(text_of(answer)) + 1
    if more and not all(
        _wraps(above) for above in takewhile(lambda above: above is not element, answer.iterancestors())
    ):
        yield from _blocks(element)  # the answer cannot be told from the rest
        return
    further = list(_further(answer))
    heading = next((above for above in (question, *question.iterancestors()) if above.tag in HEADINGS), None)
    level = HEADINGS[str(heading.tag)] if heading is not None and element in heading.iterancestors() else 0
    yield _Block(text_of(question), level, _inside(answer, further))
    if more:
        yield from _blocks(element, [_outermost(question, element), _outermost(answer, element)])
    for inner in further:
        yield from _block(inner, "div")


def _further(element: HtmlElement) -> Iterator[HtmlElement]:
    """The outermost questions inside an element."""
    for child in element:
        if faq_block(child) is not None:
            yield child
        elif _wraps(child):
            yield from _further(child)


def _wraps(element: HtmlElement) -> bool:
    """Whether an element only stands around the blocks in it."""
    tag = str(element.tag)
    return (
        tag not in INLINE | SKIPPED
        and tag not in HEADINGS
        and tag not in _TEXTS
        and tag not in _MARKED
        and tag not in ("ul", "ol", "hr")
    )


def _outermost(part: HtmlElement, element: HtmlElement) -> HtmlElement:
    """The largest element inside another one that holds a part of it and nothing else."""
    above = part.getparent()
    return (
        _outermost(above, element)
        if above is not None and above is not element and text_of(above) == text_of(part)
        else part
    )


def _holds_parts(element: HtmlElement) -> bool:
    """Whether a list's items are parts of a page: they hold questions that the markup marks or, where they are not numbered steps, headings."""
    inside = [inner for inner in element.iter() if isinstance(inner.tag, str)]
    return any(
        (inner.tag in HEADINGS and element.tag == "ul") or inner.tag == "details" or faq_block(inner) is not None
        for inner in inside
    )


def _preformatted(element: HtmlElement) -> str:
    code = element.text_content().strip("\n")
    return f"```\n{code}\n```" if code.strip() else ""


def _quotation(element: HtmlElement) -> str:
    text = _joined(element)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""


def _list(element: HtmlElement) -> str:
    items = [text for item in element if isinstance(item.tag, str) and (text := _joined(item, "\n") or text_of(item))]
    first = int(start) if (start := element.get("start", "1")).isdecimal() else 1
    markers = [f"{number}. " if element.tag == "ol" else "- " for number in range(first, first + len(items))]
    return "\n".join(
        marker + text.replace("\n", "\n" + " " * len(marker)) for marker, text in zip(markers, items, strict=True)
    )


def _table(element: HtmlElement) -> str:
    rows = [[text_of(cell).replace("|", "\\|") for cell in row.iterchildren("td", "th")] for row in _own(element, "tr")]
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _own(element: HtmlElement, *tags: str) -> Iterator[HtmlElement]:
    """The parts of a list or table that are not those of another inside it."""
    return (inner for inner in element.iter(*tags) if next(inner.iterancestors(str(element.tag))) is element)


def _details(element: HtmlElement) -> Iterator[_Block]:
    summary = element.find("summary")
    if summary is None:
        yield from _blocks(element)
        return
    question, summary.text = text_of(summary), ""
    for child in list(summary):
        summary.remove(child)
    yield from _answered(question, element)


def _definitions(element: HtmlElement) -> Iterator[_Block]:
    question = ""
    for child in _own(element, "dt", "dd"):
        if child.tag == "dt":
            question = text_of(child)
        else:
            yield from _answered(question, child)
            question = ""


def _answered(question: str, answer: HtmlElement) -> Iterator[_Block]:
    """A FAQ where the term is a question, else the term as a heading above its text."""
    blocks = _inside(answer)
    if is_question(question) and blocks:
        yield _Block(question, answer=blocks)
    else:
        yield from _some(question, 4 if blocks else 0)
        yield from blocks


_TEXTS: dict[str, Callable[[HtmlElement], str]] = {"table": _table, "pre": _preformatted, "blockquote": _quotation}
"""Elements that are one block, and what makes its text."""
_MARKED: dict[str, Callable[[HtmlElement], Iterator[_Block]]] = {
    "p": _bold_led,
    "details": _details,
    "dl": _definitions,
}
"""Elements whose markup tells questions from answers."""
