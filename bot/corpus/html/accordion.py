"""Questions that a page folds away (`details`, accordions of buttons and panels, FAQ blocks, definition lists) → headings with open text below."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml.html import HtmlElement

from bot.corpus.html.elements import HEADINGS, text_of
from bot.corpus.html.faq_elements import controlled_panel, faq_block, is_descriptive_label
from bot.corpus.html.plain_form import take_bold_question, to_plain_form
from bot.corpus.html.structured_data import MarkedFaq
from bot.corpus.outline import is_faq_title, is_question

_SMALLEST = 6
_NEAR = 5
"""Elements between a button and the accordion that it is part of."""


@dataclass(frozen=True, slots=True)
class FoldedFaq:
    """The element that asks a question, and the one that answers it."""

    question: HtmlElement
    answer: HtmlElement

    def within(self, body: HtmlElement) -> bool:
        """Whether both are still part of a page."""
        return all(any(above is body for above in part.iterancestors()) for part in (self.question, self.answer))

    def faq(self) -> MarkedFaq | None:
        """The question and its answer in plain form; None where it is no question or has no answer."""
        question, answer = text_of(self.question), to_plain_form(self.answer).text
        return MarkedFaq(question, answer) if is_question(question) and answer else None


def unfold_faqs(body: HtmlElement) -> list[FoldedFaq]:
    """Make headings of the questions that a page folds away, and their answers visible, in place; lists what it found."""
    panels = {element.get("id"): element for element in body.iter() if element.get("id")}
    found = [pair for element in [*body.iter()] if isinstance(element.tag, str) for pair in _pairs(element, panels)]
    questions = {pair.question for pair in found}
    level = 2
    for element in [*body.iter()]:
        if element in questions:
            _as_heading(element, min(max(level + 1, 3), _SMALLEST))
        elif element.tag in HEADINGS and not any(inner in questions for inner in element.iter()):
            level = HEADINGS[str(element.tag)]
    for pair in found:
        _open(pair.answer)
    _bold_as_headings(body)
    _below_faq_titles(body)
    return found


def _bold_as_headings(body: HtmlElement) -> None:
    """Set the questions in bold that paragraphs begin with as headings of the lowest level, as the plain form has them."""
    for paragraph in [*body.iter("p")]:
        if (question := take_bold_question(paragraph)) is not None:
            heading = paragraph.makeelement(f"h{_SMALLEST}")
            heading.text = question
            paragraph.addprevious(heading)


def _pairs(element: HtmlElement, panels: dict[str | None, HtmlElement]) -> Iterator[FoldedFaq]:
    if element.tag == "details":
        summary = element.find("summary")
        if summary is not None:
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
    elif (folded := controlled_panel(element, panels)) is not None and (
        is_question(_words_of_button(element)) or _titles_a_part(element)
    ):
        yield FoldedFaq(element, folded)


def _titles_a_part(toggle: HtmlElement) -> bool:
    """Whether a button that asks nothing is the title of what it opens: one of an accordion, not the button of a menu."""
    names = " ".join(above.get("class") or "" for above in (toggle, *islice(toggle.iterancestors(), _NEAR)))
    return "accordion" in names.lower() and is_descriptive_label(_words_of_button(toggle))


def _words_of_button(element: HtmlElement) -> str:
    """The words of an element that may be a button, which the plain form leaves out."""
    return " ".join(element.text_content().split())


def _as_heading(element: HtmlElement, level: int) -> None:
    """Make an element the heading of what follows it, or its words those of the heading that it stands in."""
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


def _open(element: HtmlElement) -> None:
    """Take from an answer what hides it."""
    for name in ("hidden", "style", "aria-hidden", "class", "id"):
        element.attrib.pop(name, None)
    if element.tag == "dd":
        element.tag = "div"
        if (above := element.getparent()) is not None and above.tag == "dl":
            above.tag = "div"


def _below_faq_titles(body: HtmlElement) -> None:
    """Make questions that are as large as the heading "FAQs" above them smaller than it."""
    faq_level = 0
    for heading in [*body.iter(*HEADINGS)]:
        level = HEADINGS[str(heading.tag)]
        if is_faq_title(text_of(heading)):
            faq_level = level
        elif faq_level and level <= faq_level:
            faq_level = faq_level if is_question(text_of(heading)) and faq_level < _SMALLEST else 0
            heading.tag = f"h{faq_level + 1}" if faq_level else heading.tag
