"""Which elements ask and which answer: FAQ blocks of plugins, microdata, and the buttons and panels of accordions."""

import re
from collections.abc import Mapping

from lxml import html
from lxml.html import HtmlElement

from bot.corpus.html.elements import HEADINGS, text_of

_UNTELLING = re.compile(
    r"(?:(?:read|show|see|view|load|learn) (?:more|less|all)|expand(?: all)?|more|menu|open|close|toggle .*|\W*)",
    re.IGNORECASE,
)
"""What a button says that opens something without a title."""
_QUESTION_CLASSES = {"schema-faq-question", "rank-math-question"}
_ANSWER_CLASSES = {"schema-faq-answer", "rank-math-answer"}


def faq_block(element: HtmlElement) -> tuple[HtmlElement, HtmlElement] | None:
    """The question and answer elements of a FAQ block of Yoast or Rank Math, or of a microdata item of type Question."""
    question = next((child for child in element if _QUESTION_CLASSES & set(child.get("class", "").split())), None)
    answer = next((child for child in element if _ANSWER_CLASSES & set(child.get("class", "").split())), None)
    pair = microdata_faq(element) if question is None or answer is None else (question, answer)
    return pair if pair is not None and text_of(pair[0]) and text_of(pair[1]) else None


def microdata_faq(item: HtmlElement) -> tuple[HtmlElement, HtmlElement] | None:
    """The elements of the question and the answer of a microdata item of type Question (https://schema.org/Question)."""
    if "schema.org/Question" not in (item.get("itemtype") or ""):
        return None
    question = next((element for element in item.iter() if "name" in (element.get("itemprop") or "").split()), None)
    answer = next((element for element in item.iter() if "Answer" in (element.get("itemprop") or "")), None)
    if question is None or answer is None:
        return None
    return question, next(
        (element for element in answer.iter() if "text" in (element.get("itemprop") or "").split()), answer
    )


def controlled_panel(toggle: HtmlElement, panels: Mapping[str | None, HtmlElement]) -> HtmlElement | None:
    """The element that a button opens, as WAI-ARIA (https://www.w3.org/WAI/ARIA/apg/patterns/accordion/) and Bootstrap name it."""
    folds = (
        "collapse" in (toggle.get("data-toggle"), toggle.get("data-bs-toggle"))
        or toggle.get("aria-expanded") is not None
    )
    names = (
        toggle.get(name) for name in ("aria-controls", "data-bs-target", "data-target", *(["href"] if folds else []))
    )
    folded = next((panels[name] for name in ((named or "").lstrip("#") for named in names) if name in panels), None)
    if (
        folded is None
        or any(above is folded for above in toggle.iterancestors())
        or any(below is toggle for below in folded.iter())
    ):
        return None
    return folded


def is_descriptive_label(button: str) -> bool:
    """Whether the words of a button are the title of what it opens."""
    return _UNTELLING.fullmatch(button) is None


def accordions_to_details(tree: HtmlElement) -> None:
    """Make `details` of the buttons and panels of accordions: a button's words are the heading of what it opens."""
    panels = {element.get("id"): element for element in tree.iter() if element.get("id")}
    for toggle in [*tree.iter("button", "a", "div", "span")]:
        folded = controlled_panel(toggle, panels)
        words = " ".join(toggle.text_content().split())
        if folded is None or not is_descriptive_label(words):
            continue
        del panels[folded.get("id")]
        details, summary = html.Element("details"), html.Element("summary")
        summary.text = words
        heading = next((above for above in toggle.iterancestors(*HEADINGS)), None)
        folded.addprevious(details)
        details.extend((summary, folded))
        details.tail, folded.tail = folded.tail, None
        (toggle if heading is None or len(heading.text_content().split()) > len(words.split()) else heading).drop_tree()
