"""Finds the question and answer elements of plugins' FAQ blocks, of microdata, and of accordions."""

import re
from collections.abc import Mapping

from lxml import html
from lxml.html import HtmlElement

from bot.corpus.html.elements import HEADINGS, text_of

_GENERIC_LABEL = re.compile(
    r"(?i)(?:read|show|see|view|load|learn) (?:more|less|all)|expand(?: all)?|more|menu|open|close|toggle .*|\W*"
)
"""Labels of buttons that do not describe what they open."""
_QUESTION_CLASSES = {"schema-faq-question", "rank-math-question"}
_ANSWER_CLASSES = {"schema-faq-answer", "rank-math-answer"}


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


def controlled_panel(toggle: HtmlElement, panels: Mapping[str | None, HtmlElement]) -> HtmlElement | None:
    """Return the element that a button opens, by the attributes of WAI-ARIA's accordion pattern and of Bootstrap."""
    toggles = (toggle.get("data-toggle"), toggle.get("data-bs-toggle"))
    is_toggle = "collapse" in toggles or toggle.get("aria-expanded") is not None
    attributes = ("aria-controls", "data-bs-target", "data-target", *(["href"] if is_toggle else []))
    ids = ((toggle.get(name) or "").lstrip("#") for name in attributes)
    panel = next((panels[ident] for ident in ids if ident in panels), None)
    if panel is None or any(element is panel for element in toggle.iterancestors()):
        return None
    return None if any(element is toggle for element in panel.iter()) else panel


def is_descriptive_label(label: str) -> bool:
    """Whether the label of a button is a title of what it opens."""
    return _GENERIC_LABEL.fullmatch(label) is None


def accordions_to_details(tree: HtmlElement) -> None:
    """Turn accordions into `details`, with the label of the button as `summary`."""
    panels = {element.get("id"): element for element in tree.iter() if element.get("id")}
    for toggle in [*tree.iter("button", "a", "div", "span")]:
        panel = controlled_panel(toggle, panels)
        label = " ".join(toggle.text_content().split())
        if panel is None or not is_descriptive_label(label):
            continue
        del panels[panel.get("id")]
        details, summary = html.Element("details"), html.Element("summary")
        summary.text = label
        heading = next((above for above in toggle.iterancestors(*HEADINGS)), None)
        panel.addprevious(details)
        details.extend((summary, panel))
        details.tail, panel.tail = panel.tail, None
        is_whole = heading is not None and len(heading.text_content().split()) <= len(label.split())
        (heading if heading is not None and is_whole else toggle).drop_tree()
