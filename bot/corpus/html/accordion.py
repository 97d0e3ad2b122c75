"""Unfolds the questions of a page (`details`, accordions, FAQ blocks, tables and lists) into headings and open text."""

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

from lxml.html import HtmlElement
from lxml.html.builder import E

from bot.corpus.html.elements import HEADINGS, text_of
from bot.corpus.html.faq_elements import faq_block, faq_lists_to_details, faq_tables_to_details
from bot.corpus.html.folds import Fold, FoldFinder
from bot.corpus.html.plain_form import take_bold_question, to_plain_form
from bot.corpus.html.structured_data import MarkedFaq
from bot.corpus.outline import is_faq_title, is_question

_LOWEST_LEVEL = 6


def unfold_faqs(body: HtmlElement) -> list[Fold]:
    """Turn folded questions into headings and make their answers visible, in place; return what was found."""
    faq_tables_to_details(body)
    faq_lists_to_details(body)
    found = FoldFinder(body, is_page=True).find()
    found += [fold for element in [*body.iter()] for fold in _folds(element)]
    questions = {fold.label for fold in found}
    level = 2
    for element in [*body.iter()]:
        if element in questions:
            _make_heading(element, min(max(level + 1, 3), _LOWEST_LEVEL))
        elif element.tag in HEADINGS and not any(inner in questions for inner in element.iter()):
            level = HEADINGS[str(element.tag)]
    for fold in found:
        _make_visible(fold.panel)
    for paragraph in [*body.iter("p")]:  # as the plain form does
        if (question := take_bold_question(paragraph)) is not None:
            paragraph.addprevious(E(f"h{_LOWEST_LEVEL}", question))
    _lower_questions(body)
    return found


def folded_faqs(folds: Iterable[Fold], body: HtmlElement) -> Iterator[MarkedFaq]:
    """Yield the FAQs of folds that are still part of a page, in plain form, once for each of their questions."""
    for fold in folds:
        if all(body in part.iterancestors() for part in (fold.label, fold.panel)):
            answer = to_plain_form(fold.panel).text
            questions = filter(is_question, (text_of(fold.label), *fold.alternates))
            yield from (MarkedFaq(question, answer) for question in questions if answer)


def _folds(element: HtmlElement) -> Iterator[Fold]:
    if element.tag == "details":
        if (summary := element.find("summary")) is not None:
            summary.drop_tree()
            summary.tail = None  # it is the answer's now
            element.addprevious(summary)
            element.tag = "div"
            yield Fold(summary, element)
    elif element.tag == "dt":
        yield from _definition(element)
    elif (pair := faq_block(element)) is not None:
        yield Fold(*pair)


def _definition(term: HtmlElement) -> Iterator[Fold]:
    """Yield the FAQ of a group of terms and definitions, which become one answer."""
    terms = [term, *takewhile(lambda each: each.tag == "dt", term.itersiblings("dt", "dd"))]
    rest = islice(term.itersiblings("dt", "dd"), len(terms) - 1, None)
    definitions = [*takewhile(lambda each: each.tag == "dd", rest)]
    previous = next(term.itersiblings("dt", "dd", preceding=True), None)
    question = next((each for each in terms if is_question(text_of(each))), None)
    if question is None or not definitions or (previous is not None and previous.tag == "dt"):
        return
    answer = definitions[0]
    for other in definitions[1:]:
        other.tag = "div"
        answer.append(other)
    others = [each for each in terms if each is not question]
    alternates = tuple(map(text_of, others))
    for each in others:
        each.drop_tree()
    yield Fold(question, answer, alternates)


def _make_heading(element: HtmlElement, level: int) -> None:
    """Turn an element into a heading, or into text of the heading around it."""
    for button in [*element.iter("button")]:
        if button is not element:
            button.drop_tag()
    if any(above.tag in HEADINGS for above in element.iterancestors()):
        element.tag = "span"
    elif element.tag not in HEADINGS:
        for inner in [*element.iter(*HEADINGS)]:
            inner.drop_tag()
        element.tag = f"h{level}"
    for name in ("class", "id", "style"):
        element.attrib.pop(name, None)


def _make_visible(element: HtmlElement) -> None:
    for name in ("hidden", "style", "aria-hidden", "class", "id"):
        element.attrib.pop(name, None)
    if element.tag == "dd":
        element.tag = "div"
        if (above := element.getparent()) is not None and above.tag == "dl":
            above.tag = "div"


def _lower_questions(body: HtmlElement) -> None:
    """Lower questions whose heading level is not below that of the heading "FAQs" above them."""
    faq_level = 0
    for heading in [*body.iter(*HEADINGS)]:
        level = HEADINGS[str(heading.tag)]
        if is_faq_title(text_of(heading)):
            faq_level = level
        elif faq_level and level <= faq_level:
            faq_level = faq_level if is_question(text_of(heading)) and faq_level < _LOWEST_LEVEL else 0
            heading.tag = f"h{faq_level + 1}" if faq_level else heading.tag
