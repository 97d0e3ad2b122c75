"""Finds the question and answer elements of plugins' FAQ blocks, and of microdata."""

from lxml.html import HtmlElement

from bot.corpus.html.elements import text_of

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
