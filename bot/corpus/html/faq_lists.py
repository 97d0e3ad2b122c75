"""Turns lists whose items are questions into `details`: with the answer in the item, or below a list of one item."""

from itertools import takewhile

from lxml.html import HtmlElement
from lxml.html.builder import E

from bot.corpus.html.elements import HEADINGS, own_descendants, text_of
from bot.corpus.outline import is_question

_LISTS = ("ol", "ul")
_LABELS = ("strong", "b", "p", "h3", "h4", "h5", "h6", "em", "span")


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


def _details(question: str, answer: HtmlElement) -> HtmlElement:
    return E("details", E("summary", question), answer)


def _following(element: HtmlElement, lone: list[HtmlElement]) -> list[HtmlElement]:
    """Return what follows a list up to the next one, a heading or a rule."""
    siblings = element.itersiblings("*")
    return [*takewhile(lambda each: each not in lone and each.tag not in (*HEADINGS, "hr"), siblings)]
