"""HTML elements → an article's plain form: the same for saved pages, WordPress posts and HTML inside Markdown.

Questions that the markup itself marks as such (`details`, definition lists, the FAQ blocks of Yoast and Rank Math, microdata) come out as FAQs.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from lxml import etree, html
from lxml.html import HtmlElement

from bot.corpus.article import Faq
from bot.corpus.decoding import Unreadable
from bot.corpus.outline import is_faq_title

_SKIPPED = {"script", "style", "noscript", "template", "iframe", "svg", "button", "input", "select", "textarea", "object", "audio", "video", "canvas"}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "label", "mark", "q", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "acronym", "big", "picture", "source",
}  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}
MAX_DEPTH = 150
"""Elements inside each other; pages that people make stay under 60."""
_LOWEST_QUESTION = 5
"""The level of heading that a question has at least: an answer's own headings stand below it."""
_UNTELLING = re.compile(r"(?:(?:read|show|see|view|load|learn) (?:more|less|all)|expand(?: all)?|more|menu|open|close|toggle .*|\W*)", re.IGNORECASE)
"""What a button says that opens something without a title."""
_QUESTION_CLASSES = {"schema-faq-question", "rank-math-question"}
_ANSWER_CLASSES = {"schema-faq-answer", "rank-math-answer"}


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


def plain_form(element: HtmlElement) -> PlainForm:
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
            answer = [replace(inner, level=min(inner.level + lift, 6)) if inner.level else inner for inner in block.answer]
            parts += [f"{'#' * level} {block.text}", _written(answer, level, separator)]
        elif block != _RULE:
            parts.append(f"{'#' * block.level} {block.text}" if block.level and separator != "\n" else block.text)
    return separator.join(parts)


def fragment_form(markup: str) -> PlainForm:
    """The plain form of a piece of HTML, such as the content of a WordPress post, with what its accordions fold away."""
    tree = parsed(f"<div>{markup}</div>")
    if "aria-controls" in markup or "collapse" in markup:
        _unfold(tree)
    return plain_form(tree)


def panel(toggle: HtmlElement, panels: Mapping[str | None, HtmlElement]) -> HtmlElement | None:
    """The element that a button opens, as WAI-ARIA (https://www.w3.org/WAI/ARIA/apg/patterns/accordion/) and Bootstrap name it."""
    folds = "collapse" in (toggle.get("data-toggle"), toggle.get("data-bs-toggle")) or toggle.get("aria-expanded") is not None
    names = (toggle.get(name) for name in ("aria-controls", "data-bs-target", "data-target", *(["href"] if folds else [])))
    folded = next((panels[name] for name in ((named or "").lstrip("#") for named in names) if name in panels), None)
    if folded is None or any(above is folded for above in toggle.iterancestors()) or any(below is toggle for below in folded.iter()):
        return None
    return folded


def says_what_it_opens(button: str) -> bool:
    """Whether the words of a button are the title of what it opens."""
    return _UNTELLING.fullmatch(button) is None


def _unfold(tree: HtmlElement) -> None:
    """Make `details` of the buttons and panels of accordions: a button's words are the heading of what it opens."""
    panels = {element.get("id"): element for element in tree.iter() if element.get("id")}
    for toggle in [*tree.iter("button", "a", "div", "span")]:
        folded = panel(toggle, panels)
        words = " ".join(toggle.text_content().split())
        if folded is None or not says_what_it_opens(words):
            continue
        del panels[folded.get("id")]
        details, summary = html.Element("details"), html.Element("summary")
        summary.text = words
        heading = next((above for above in toggle.iterancestors(*HEADINGS)), None)
        folded.addprevious(details)
        details.extend((summary, folded))
        details.tail, folded.tail = folded.tail, None
        (toggle if heading is None or len(heading.text_content().split()) > len(words.split()) else heading).drop_tree()


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


def _blocks(element: HtmlElement, without: Collection[HtmlElement] = ()) -> Iterator[_Block]:
    """The blocks inside an element in document order, without some elements; stretches of inline content become paragraphs."""
    line: list[str] = [element.text or ""]
    for child in element:
        tail = child.tail or ""
        tag = child.tag if isinstance(child.tag, str) else "script"
        if tag in _SKIPPED or child in without:
            line.append(tail)
        elif tag in _INLINE:
            line += [_inline_text(child), tail]
        else:
            yield from _paragraph(line)
            yield from _block(child, tag, without)
            line = [tail]
    yield from _paragraph(line)


def _paragraph(line: Iterable[str]) -> Iterator[_Block]:
    lines = (" ".join(part.split()) for part in "".join(line).split("\n\v"))
    # A paragraph that looks like a heading gets a backslash, as Markdown has it.
    text = "\n".join(re.sub(r"^(?=#{1,6} )", r"\\", part) for part in lines if part)
    if text:
        yield _Block(text)


def _block(element: HtmlElement, tag: str, without: Collection[HtmlElement] = ()) -> Iterator[_Block]:
    if tag in HEADINGS:
        yield from _some(words_of(element), HEADINGS[tag])
    elif tag == "hr":
        yield _RULE
    elif tag in ("ul", "ol") and not _holds_parts(element):
        yield from _some(_list(element))
    elif tag in _TEXTS:
        yield from _some(_TEXTS[tag](element))
    elif tag in _MARKED:
        yield from _MARKED[tag](element)
    elif (pair := faq_pair(element)) is not None:
        yield from _asked(element, *pair)
    else:
        yield from _blocks(element, without)


def _bold_led(element: HtmlElement) -> Iterator[_Block]:
    """A paragraph, with a question in bold that it begins with as a heading of the lowest level: below whatever heading it stands under."""
    if (question := bold_question(element)) is not None:
        yield _Block(question, 6)
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


def _some(text: str, level: int = 0) -> Iterator[_Block]:
    if text:
        yield _Block(text, level)


def _joined(element: HtmlElement, separator: str = "\n\n") -> str:
    return _written(_blocks(element), 2, separator)


def _asked(element: HtmlElement, question: HtmlElement, answer: HtmlElement) -> Iterator[_Block]:
    """A question with its answer, and what else stands in its element: where a tag is left open, the questions after it."""
    further = [inner for inner in answer.iterdescendants() if faq_pair(inner) is not None]
    further = [inner for inner in further if not any(above in further for above in inner.iterancestors())]
    heading = next((above for above in (question, *question.iterancestors()) if above.tag in HEADINGS), None)
    yield _Block(
        words_of(question),
        0 if heading is None or element not in heading.iterancestors() else HEADINGS[str(heading.tag)],
        (*_blocks(answer, further),),
    )
    if len(words_of(element)) > len(words_of(question)) + len(words_of(answer)) + 1:
        yield from _blocks(element, [_outermost(question, element), _outermost(answer, element)])
    for inner in further:
        yield from _block(inner, "div")


def _outermost(part: HtmlElement, element: HtmlElement) -> HtmlElement:
    """The largest element inside another one that holds a part of it and nothing else."""
    above = part.getparent()
    return _outermost(above, element) if above is not None and above is not element and words_of(above) == words_of(part) else part


def _holds_parts(element: HtmlElement) -> bool:
    """Whether a list's items are parts of a page: they hold questions that the markup marks or, where they are not numbered steps, headings."""
    inside = [inner for inner in element.iter() if isinstance(inner.tag, str)]
    return any((inner.tag in HEADINGS and element.tag == "ul") or inner.tag == "details" or faq_pair(inner) is not None for inner in inside)


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
    yield from _answered(question, element)


def _definitions(element: HtmlElement) -> Iterator[_Block]:
    question = ""
    for child in element.iter("dt", "dd"):
        if child.tag == "dt":
            question = words_of(child)
        else:
            yield from _answered(question, child)
            question = ""


def _answered(question: str, answer: HtmlElement) -> Iterator[_Block]:
    """A FAQ where the term is a question, else the term as a heading above its text."""
    blocks = (*_blocks(answer),)
    if question.endswith("?") and blocks:
        yield _Block(question, answer=blocks)
    else:
        yield from _some(question, 4 if blocks else 0)
        yield from blocks


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


_TEXTS: dict[str, Callable[[HtmlElement], str]] = {"table": _table, "pre": _preformatted, "blockquote": _quotation}
"""Elements that are one block, and what makes its text."""
_MARKED: dict[str, Callable[[HtmlElement], Iterator[_Block]]] = {"p": _bold_led, "details": _details, "dl": _definitions}
"""Elements whose markup tells questions from answers."""
