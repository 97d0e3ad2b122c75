"""Unfolds the questions of a page (`details`, accordions, FAQ blocks, definition lists) into headings and open text."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml.html import HtmlElement

from bot.corpus.html.elements import HEADINGS, text_of
from bot.corpus.html.faq_elements import controlled_panel, faq_block, is_descriptive_label
from bot.corpus.html.plain_form import take_bold_question, to_plain_form
from bot.corpus.html.structured_data import MarkedFaq
from bot.corpus.outline import is_faq_title, is_question

_LOWEST_LEVEL = 6
_MAX_DISTANCE = 5  # maximum number of elements between a button and its accordion


@dataclass(frozen=True, slots=True)
class FoldedFaq:
    """The elements of a question and of its answer."""

    question: HtmlElement
    answer: HtmlElement

    def is_within(self, body: HtmlElement) -> bool:
        """Whether both elements are still part of a page."""
        return all(any(above is body for above in part.iterancestors()) for part in (self.question, self.answer))

    def to_marked_faq(self) -> MarkedFaq | None:
        """Return the FAQ in plain form; None if it is no question or has no answer."""
        question, answer = text_of(self.question), to_plain_form(self.answer).text
        return MarkedFaq(question, answer) if is_question(question) and answer else None


def unfold_faqs(body: HtmlElement) -> list[FoldedFaq]:
    """Turn folded questions into headings and make their answers visible, in place; return what was found."""
    panels = {element.get("id"): element for element in body.iter() if element.get("id")}
    found = [pair for element in [*body.iter()] if isinstance(element.tag, str) for pair in _pairs(element, panels)]
    questions = {pair.question for pair in found}
    level = 2
    for element in [*body.iter()]:
        if element in questions:
            _make_heading(element, min(max(level + 1, 3), _LOWEST_LEVEL))
        elif element.tag in HEADINGS and not any(inner in questions for inner in element.iter()):
            level = HEADINGS[str(element.tag)]
    for pair in found:
        _make_visible(pair.answer)
    _bold_questions_to_headings(body)
    _lower_questions(body)
    return found


def _bold_questions_to_headings(body: HtmlElement) -> None:
    """Turn bold questions at the beginning of paragraphs into headings of the lowest level, as the plain form does."""
    for paragraph in [*body.iter("p")]:
        if (question := take_bold_question(paragraph)) is not None:
            heading = paragraph.makeelement(f"h{_LOWEST_LEVEL}")
            heading.text = question
            paragraph.addprevious(heading)


def _pairs(element: HtmlElement, panels: dict[str | None, HtmlElement]) -> Iterator[FoldedFaq]:
    if element.tag == "details":
        if (summary := element.find("summary")) is not None:
            summary.drop_tree()
            element.addprevious(summary)
            element.tag = "div"
            yield FoldedFaq(summary, element)
    elif element.tag == "dt":
        answer = element.getnext()
        if answer is not None and answer.tag == "dd" and is_question(text_of(element)):
            yield FoldedFaq(element, answer)
    elif (pair := faq_block(element)) is not None:
        yield FoldedFaq(*pair)
    elif (panel := controlled_panel(element, panels)) is not None and _is_accordion_title(element):
        yield FoldedFaq(element, panel)


def _is_accordion_title(toggle: HtmlElement) -> bool:
    """Whether a button is a question, or the title of a panel in an accordion, unlike the button of a menu."""
    label = " ".join(toggle.text_content().split())  # `text_of` skips buttons
    classes = " ".join(above.get("class") or "" for above in (toggle, *islice(toggle.iterancestors(), _MAX_DISTANCE)))
    return is_question(label) or ("accordion" in classes.lower() and is_descriptive_label(label))


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
    """Remove the attributes and tags that hide an answer."""
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
