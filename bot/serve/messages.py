"""Questions and answers → chat messages.

Everything that comes from an article or a visitor is text: no HTML, link or image of theirs runs or loads. The blocks of an article's plain form
(paragraphs, lists, tables, quotations) are the only structure that is drawn.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from markdown_it import MarkdownIt

from bot.answering.answer import Answer, Source, hit_to_dict
from bot.index.filters import last_change
from bot.retrieval.hit import Hit
from bot.serve import texts

Message = dict[str, Any]
"""A message of `gr.Chatbot`: role, content, and options to click."""

_NAMED = 6
"""Categories that a sentence names."""
_INLINE_RULES = ["emphasis", "link", "image", "autolink", "html_inline", "backticks", "entity"]
_BLOCKS = MarkdownIt("commonmark", {"html": False}).enable("table").disable([*_INLINE_RULES, "html_block", "reference", "lheading", "code"])
_SPECIAL = re.compile(r"[&<>\\`*_\[\]~|$#@]|:(?=//)|(?<=www)\.")
"""What Gradio's Markdown would draw or turn into links."""
_OPENING = re.compile(r"\A[-+]|(?<=\d)[.)](?=\s|\Z)")
"""What it would take for the mark of a list, or for a rule; only these, since the bubble is also read aloud as it is written."""


def asked(question: str) -> Message:
    """What the visitor said, literally, on one line: further ones could open lists of their own."""
    words = " ".join(question.split())
    return {"role": "user", "content": _OPENING.sub(_entity, _SPECIAL.sub(_entity, words))}


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def question_of(message: Mapping[str, Any]) -> str:
    """The question that `asked` made a message of, in the form in which the page sends it back."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    return html.unescape(" ".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts if isinstance(part, (str, dict))))


def answered(answer: Answer) -> Message:
    """An answer's words with its sources below, or that there is none; questions to click."""
    parts = [_note(texts.CORRECTED.format(question=answer.corrected))] if answer.corrected else []
    parts += [_note(texts.TOPIC.format(topic=answer.topic))] if answer.topic else []
    parts += [_source(hit) for hit in answer.sources] or [_unanswered(answer)]
    if answer.newer:
        parts.append(_newer(answer.newer))
    # One HTML block without empty lines: nothing inside is read as Markdown.
    return _reply(f'<div class="answer">{"".join(parts)}</div>', answer.did_you_mean or answer.suggestions)


def refused(sentence: str) -> Message:
    """A sentence about a question that was not looked for: it could not be asked, or something broke."""
    return _reply(f'<div class="answer"><div class="none">{html.escape(sentence)}</div></div>', ())


def _reply(content: str, suggestions: Sequence[str]) -> Message:
    return {"role": "assistant", "content": content, "options": [{"value": question, "label": question} for question in suggestions]}


def _note(words: str) -> str:
    return f'<div class="note">{html.escape(words)}</div>'


def _source(source: Source) -> str:
    passage = source.passage
    question = f'<div class="asked">{html.escape(passage.question)}</div>' if passage.question else ""
    more = f"<details><summary>{texts.MORE_OF_SECTION}</summary>{_drawn(passage.text)}</details>" if source.words != passage.text else ""
    return f'{question}<div class="words">{_drawn(source.words)}</div>{more}{_origin(source)}'


def _unanswered(answer: Answer) -> str:
    if answer.reply:
        return f'<div class="none">{html.escape(answer.reply)}</div>'
    if answer.did_you_mean:
        return f'<div class="none">{texts.AMBIGUOUS}</div>'
    about = texts.ABOUT.format(categories=", ".join(answer.categories[:_NAMED])) if answer.categories else ""
    below = (texts.BEGIN if answer.categories else texts.NEAREST) if answer.suggestions else ""
    return f'<div class="none">{texts.NO_ANSWER}</div>' + (_note(f"{about} {below}".strip()) if about or below else "")


def _newer(hit: Hit) -> str:
    article, link = hit.passage.article, hit_to_dict(hit)["link"]
    title = f'<a href="{html.escape(link)}">{html.escape(article.title)}</a>' if _is_web(link) else html.escape(article.title)
    return f'<div class="note newer">{texts.NEWER.format(title=title, day=_day(last_change(article)))}</div>'


def _drawn(text: str) -> str:
    markup: str = _BLOCKS.render(text)
    # Line ends inside a block stand for themselves; as entities they cannot end the surrounding HTML block.
    kept = re.sub(r"(<pre>.*?</pre>)|\n", lambda match: (match[1] or " ").replace("\n", "&#10;"), markup, flags=re.DOTALL)
    return kept.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def _origin(hit: Source) -> str:
    """Where the words stand: title and section, category and dates, and a link to them."""
    article, facts = hit.passage.article, hit_to_dict(hit)
    days = [
        texts.PUBLISHED.format(day=_day(article.published)) if article.published else "",
        texts.UPDATED.format(day=_day(article.updated)) if article.updated else "",
    ]
    line = " · ".join(html.escape(part) for part in [article.category or "", *days] if part)
    link = f'<a href="{html.escape(facts["link"])}">{texts.READ_MORE}</a>' if _is_web(facts["link"]) else ""
    shown = "".join(part for part in [_heading(hit), f"<div>{line}</div>" if line else "", link] if part)
    return f'<div class="origin">{shown}</div>' if shown else ""


def _heading(hit: Source) -> str:
    """The title and the section that the words are from; nothing for a FAQ row, whose title is the question shown above."""
    passage, article = hit.passage, hit.passage.article
    if passage.text == article.text and passage.question == article.title:
        return ""
    path = "".join(f' <span class="section">› {html.escape(heading)}</span>' for heading in passage.section)
    return f'<div class="title">{html.escape(article.title)}{path}</div>'


def _is_web(link: str | None) -> bool:
    return link is not None and link.startswith(("https://", "http://"))


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else ""


def earlier(history: Iterable[Mapping[str, Any]], most: int) -> list[str]:
    """The last questions of a conversation, oldest first."""
    return [question_of(message) for message in history if message.get("role") == "user"][-most:]
