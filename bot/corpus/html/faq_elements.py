"""Finds FAQs in the elements of a page: blocks of plugins, microdata, and tables and lists, which become `details`."""

from collections.abc import Iterator
from itertools import takewhile

from lxml.html import HtmlElement
from lxml.html.builder import E

from bot.corpus.columns import FaqColumns, find_faq_columns
from bot.corpus.html.elements import HEADINGS, own_descendants, text_of
from bot.corpus.outline import is_question

_QUESTION_CLASSES = {"schema-faq-question", "rank-math-question"}
_ANSWER_CLASSES = {"schema-faq-answer", "rank-math-answer"}
_LISTS = ("ol", "ul")
_LABELS = ("strong", "b", "p", "h3", "h4", "h5", "h6", "em", "span")


def faq_block(element: HtmlElement) -> tuple[HtmlElement, HtmlElement] | None:
    """Return the question and answer elements of a FAQ block of Yoast or Rank Math, or of a microdata Question."""
    question = next((child for child in element if _QUESTION_CLASSES & set(child.get("class", "").split())), None)
    answer = next((child for child in element if _ANSWER_CLASSES & set(child.get("class", "").split())), None)
    pair = microdata_faq(element) if question is None or answer is None else (question, answer)
    return pair if pair is not None and text_of(pair[0]) and text_of(pair[1]) else None


def microdata_faq(item: HtmlElement) -> tuple[HtmlElement, HtmlElement] | None:
    """Return the question and answer elements of a microdata item of type https://schema.org/Question."""
    if "schema.org/Question" not in (item.get("itemtype") or ""):
        return None
    question = next((element for element in item.iter() if "name" in (element.get("itemprop") or "").split()), None)
    answer = next((element for element in item.iter() if "Answer" in (element.get("itemprop") or "")), None)
    if question is None or answer is None:
        return None
    texts = (element for element in answer.iter() if "text" in (element.get("itemprop") or "").split())
    return question, next(texts, answer)


def faq_tables_to_details(tree: HtmlElement) -> None:
    """Replace each FAQ table by one `details` for each row; rows of one cell become headings above them."""
    for table in [*tree.iter("table")]:
        cells = [[*row.iterchildren("td", "th")] for row in own_descendants(table, "tr")]
        filled = [row for row in cells if any(map(text_of, row))]
        width = max(map(len, filled), default=0)
        # A cell that spans several rows, such as a category, is in the first of them only.
        rows = [[*[None] * (width - len(row) if len(row) > 1 else 0), *row] for row in filled]
        texts = [["" if cell is None else text_of(cell) for cell in row] for row in rows]
        if table.find(".//table") is not None or (columns := find_faq_columns(texts)) is None:
            continue
        container = E("div")
        for row, words in [*zip(rows, texts, strict=True)][bool(columns.names) :]:
            container.extend(_row_elements(row, words, columns))
        table.addprevious(container)
        table.drop_tree()


def _row_elements(row: list[HtmlElement | None], texts: list[str], columns: FaqColumns) -> Iterator[HtmlElement]:
    """Yield the elements that replace a row."""
    given = [text for text in texts if text]
    answer = row[columns.answer] if columns.answer < len(row) else None
    question = texts[columns.question] if columns.question < len(texts) else ""
    if len(given) == 1:
        yield E("h3" if texts[0] else "p", given[0])
    elif answer is None or not question or not texts[columns.answer]:
        yield from (E("p", text) for text in given)
    else:
        answer.tag, answer.tail = "div", None
        yield _details(question, answer, *(E("p", each) for each in columns.others(texts)))


def faq_lists_to_details(tree: HtmlElement) -> None:
    """Replace the items of a list where all are a question with its answer, and lists of nothing but one question."""
    for element in [*tree.iter(*_LISTS)]:
        items = [*own_descendants(element, "li")]
        if len(items) > 1 and all(map(_is_faq, items)):
            element.addprevious(E("div", *(_details(*_split(item)) for item in items)))
            element.drop_tree()
    lone = [each for each in tree.iter(*_LISTS) if is_question(text_of(each)) and len([*each.iter("li")]) == 1]
    answers = {each: _following(each, lone) for each in lone}
    if len(lone) > 1 and all(any(map(text_of, following)) for following in answers.values()):
        for each, following in answers.items():
            each.addprevious(_details(text_of(each), E("div", *following)))
            each.drop_tree()


def _is_faq(item: HtmlElement) -> bool:
    """Whether an item begins with a question that is a line or in bold, and goes on."""
    first = next(iter(item), None)
    before = (item.text or "").strip()
    if first is None:
        return False
    rest = [first.tail or "", *(text_of(each) + (each.tail or "") for each in first.itersiblings())]
    if before:
        is_line = first.tag in ("br", "p", "div", *_LISTS)
        return is_line and is_question(before) and bool((text_of(first) + "".join(rest)).strip())
    return first.tag in _LABELS and is_question(text_of(first)) and bool("".join(rest).strip())


def _split(item: HtmlElement) -> tuple[str, HtmlElement]:
    """Return the question of an item, and the item without it."""
    question, item.text = (item.text or "").strip(), None
    if not question:
        first = item[0]
        question, item.text = text_of(first), first.tail
        item.remove(first)
    item.tag, item.tail = "div", None
    return question, item


def _following(element: HtmlElement, lone: list[HtmlElement]) -> list[HtmlElement]:
    """Return what follows a list up to the next one, a heading or a rule."""
    siblings = element.itersiblings("*")
    return [*takewhile(lambda each: each not in lone and each.tag not in (*HEADINGS, "hr"), siblings)]


def _details(question: str, *answer: HtmlElement) -> HtmlElement:
    return E("details", E("summary", question), *answer)
