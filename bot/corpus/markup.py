"""HTML elements → an article's plain form: the same for saved pages, WordPress posts and HTML inside Markdown.

Questions that the markup itself marks as such (`details`, definition lists, the FAQ blocks of Yoast and Rank Math, microdata) come out as FAQs.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lxml import etree, html
from lxml.html import HtmlElement

from bot.corpus.article import Faq
from bot.corpus.decoding import Unreadable

_SKIPPED = {"script", "style", "noscript", "template", "iframe", "svg", "button", "input", "select", "textarea", "object", "audio", "video", "canvas"}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "label", "mark", "q", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "acronym", "big", "picture", "source",
}  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}
MAX_DEPTH = 150
"""Elements inside each other; pages that people make stay under 60."""
_QUESTION_CLASSES = {"schema-faq-question", "rank-math-question"}
_ANSWER_CLASSES = {"schema-faq-answer", "rank-math-answer"}


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    question: str | None = None
    """The question that this block answers, where the markup says so."""


@dataclass(frozen=True, slots=True)
class PlainForm:
    """Text in an article's plain form, and the FAQs that its markup marked, as spans of it."""

    text: str
    faqs: tuple[Faq, ...]


def plain_form(element: HtmlElement) -> PlainForm:
    """The plain form of everything inside an element."""
    parts: list[str] = []
    faqs: list[Faq] = []
    length = 0
    for block in _blocks(element):
        head = f"### {block.question}\n\n" if block.question else ""
        start = length + len(head)
        if block.question:
            faqs.append(Faq(block.question, start, start + len(block.text)))
        parts.append(head + block.text)
        length += len(parts[-1]) + 2
    return PlainForm("\n\n".join(parts), tuple(faqs))


def fragment_form(markup: str) -> PlainForm:
    """The plain form of a piece of HTML, such as the content of a WordPress post."""
    return plain_form(parsed(f"<div>{markup}</div>"))


def parsed(markup: str) -> HtmlElement:
    """The tree of a page or of a piece of HTML.

    Raises `Unreadable` when nothing is in it, or when its elements are nested too deep: the parser would leave out the rest without a word.
    """
    parser = html.HTMLParser(remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(markup, parser=parser)
    except etree.ParserError:
        raise Unreadable("no text in it") from None
    limits = [error for error in parser.error_log if error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT]
    if limits and "depth" not in limits[0].message.lower():
        raise Unreadable(f"too large to be read as HTML ({limits[0].message})", limits[0].line)
    if limits or _deeper_than(tree, MAX_DEPTH):
        raise Unreadable(f"elements nested deeper than {MAX_DEPTH}: close what is left open", limits[0].line if limits else None)
    return tree


def _deeper_than(tree: HtmlElement, limit: int) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limit:
            return True
    return False


def words_of(element: HtmlElement) -> str:
    """All the words of an element on one line."""
    return " ".join(_inline_text(element).split())


def _blocks(element: HtmlElement) -> Iterator[_Block]:
    """The blocks inside an element in document order; stretches of inline content become paragraphs."""
    line: list[str] = [element.text or ""]
    for child in element:
        tail = child.tail or ""
        tag = child.tag if isinstance(child.tag, str) else "script"
        if tag in _SKIPPED:
            line.append(tail)
        elif tag in _INLINE:
            line += [_inline_text(child), tail]
        else:
            yield from _paragraph(line)
            yield from _block(child, tag)
            line = [tail]
    yield from _paragraph(line)


def _paragraph(line: Iterable[str]) -> Iterator[_Block]:
    lines = (" ".join(part.split()) for part in "".join(line).split("\n\v"))
    # A paragraph that looks like a heading gets a backslash, as Markdown has it.
    text = "\n".join(re.sub(r"^(?=#{1,6} )", r"\\", part) for part in lines if part)
    if text:
        yield _Block(text)


def _block(element: HtmlElement, tag: str) -> Iterator[_Block]:
    if tag in HEADINGS:
        yield from _some(f"{'#' * HEADINGS[tag]} {words}" if (words := words_of(element)) else "")
    elif tag in _TEXTS:
        yield from _some(_TEXTS[tag](element))
    elif tag in _MARKED:
        yield from _MARKED[tag](element)
    elif (pair := faq_pair(element)) is not None:
        yield _Block(_joined(pair[1]), words_of(pair[0]))
    else:
        yield from _blocks(element)


def _bold_led(element: HtmlElement) -> Iterator[_Block]:
    """A paragraph, with a question in bold that it begins with as a heading of the lowest level: below whatever heading it stands under."""
    if (question := bold_question(element)) is not None:
        yield _Block(f"###### {question}")
    yield from _blocks(element)


def bold_question(element: HtmlElement) -> str | None:
    """The question in bold that a paragraph begins with, on a line of its own; it is taken out of the paragraph."""
    bold = next(iter(element), None)
    if bold is None or bold.tag not in ("strong", "b") or (element.text or "").strip():
        return None
    following = bold.getnext()
    alone = not (bold.tail or "").strip() and (following is None or following.tag == "br")
    question = words_of(bold)
    if not alone or not question.endswith("?"):
        return None
    element.remove(bold)
    return question


def _some(text: str) -> Iterator[_Block]:
    if text:
        yield _Block(text)


def _joined(element: HtmlElement, separator: str = "\n\n") -> str:
    return separator.join((f"### {block.question}{separator}" if block.question else "") + block.text for block in _blocks(element))


def _preformatted(element: HtmlElement) -> str:
    code = element.text_content().strip("\n")
    return f"```\n{code}\n```" if code.strip() else ""


def _quotation(element: HtmlElement) -> str:
    text = _joined(element)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""


def _list(element: HtmlElement) -> str:
    items = [text for item in element if isinstance(item.tag, str) and (text := _joined(item, "\n") or words_of(item))]
    first = int(start) if (start := element.get("start", "1")).isdecimal() else 1
    markers = [f"{number}. " if element.tag == "ol" else "- " for number in range(first, first + len(items))]
    return "\n".join(marker + text.replace("\n", "\n" + " " * len(marker)) for marker, text in zip(markers, items, strict=True))


def _table(element: HtmlElement) -> str:
    rows = [[words_of(cell).replace("|", "\\|") for cell in row.iterchildren("td", "th")] for row in element.iter("tr")]
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _details(element: HtmlElement) -> Iterator[_Block]:
    summary = element.find("summary")
    if summary is None:
        yield from _blocks(element)
        return
    question, summary.text = words_of(summary), ""
    for child in list(summary):
        summary.remove(child)
    yield from _answered(question, _joined(element))


def _definitions(element: HtmlElement) -> Iterator[_Block]:
    question = ""
    for child in element.iter("dt", "dd"):
        if child.tag == "dt":
            question = words_of(child)
        else:
            yield from _answered(question, _joined(child))
            question = ""


def _answered(question: str, answer: str) -> Iterator[_Block]:
    """A FAQ where the term is a question, else the term as a heading above its text."""
    if not answer:
        yield from _some(question)
    elif question.endswith("?"):
        yield _Block(answer, question)
    else:
        yield from _some(f"#### {question}" if question else "")
        yield _Block(answer)


def faq_pair(element: HtmlElement) -> tuple[HtmlElement, HtmlElement] | None:
    """The question and answer elements of a FAQ block of Yoast or Rank Math, or of a microdata item of type Question."""
    question = next((child for child in element if _QUESTION_CLASSES & set(child.get("class", "").split())), None)
    answer = next((child for child in element if _ANSWER_CLASSES & set(child.get("class", "").split())), None)
    pair = marks_question(element) if question is None or answer is None else (question, answer)
    return pair if pair is not None and words_of(pair[0]) and words_of(pair[1]) else None


def marks_question(item: HtmlElement) -> tuple[HtmlElement, HtmlElement] | None:
    """The elements of the question and the answer of a microdata item of type Question (https://schema.org/Question)."""
    if "schema.org/Question" not in (item.get("itemtype") or ""):
        return None
    question = next((element for element in item.iter() if "name" in (element.get("itemprop") or "").split()), None)
    answer = next((element for element in item.iter() if "Answer" in (element.get("itemprop") or "")), None)
    if question is None or answer is None:
        return None
    return question, next((element for element in answer.iter() if "text" in (element.get("itemprop") or "").split()), answer)


def _inline_text(element: HtmlElement) -> str:
    if not isinstance(element.tag, str) or element.tag in _SKIPPED:
        return ""
    if element.tag == "br":
        return "\n\v"
    words = (element.text or "") + "".join(_inline_text(child) + (child.tail or "") for child in element)
    return words if element.tag in _INLINE else f" {words} "


_TEXTS: dict[str, Callable[[HtmlElement], str]] = {"ul": _list, "ol": _list, "table": _table, "pre": _preformatted, "blockquote": _quotation}
"""Elements that are one block, and what makes its text."""
_MARKED: dict[str, Callable[[HtmlElement], Iterator[_Block]]] = {"p": _bold_led, "details": _details, "dl": _definitions}
"""Elements whose markup tells questions from answers."""
