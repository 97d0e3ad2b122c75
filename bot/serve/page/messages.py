"""Messages of the Gradio chatbot, rendered from the exchanges of a conversation.

Words of articles and visitors are always shown as text: no HTML, link or image of theirs runs or loads.
"""

import html
import re
from collections.abc import Mapping
from typing import Any

from bot.serve.page.article_html import article_html
from bot.serve.page.conversation import Conversation, Exchange, NewerArticle, ShownAnswer, ShownSource
from bot.serve.texts import PageTexts

Message = dict[str, Any]
"""A message of `gr.Chatbot`: role, content, and questions to click."""

_MAX_CATEGORIES = 6
"""Number of categories that a sentence names."""
_LIKELY = 0.75
"""Probability from which a section is called an answer; below it, the closest passage."""
_SPECIAL = re.compile(r"[&<>\\`*_\[\]~|$#@]|:(?=//)|(?<=www)\.")
"""Characters that Gradio's Markdown renders, or turns into links."""
_LEADING = re.compile(r"\A[-+]|(?<=\d)[.)](?=\s|\Z)")
"""List markers and rules. Only these are escaped, since screen readers read the source of the bubble."""


def render_conversation(
    conversation: Conversation, texts: PageTexts, languages: Mapping[str, PageTexts], *, votes: bool
) -> list[Message]:
    """Render all messages in the page's language, or in the language of the question where that is another one."""
    messages = []
    for exchange in conversation.exchanges:
        language = exchange.answer.language
        answer_texts = texts if language == "en" else languages.get(language, texts)
        messages.append({"role": "user", "content": escape_markdown(exchange.question)})
        messages.append(answer_message(exchange, answer_texts, votes=votes))
    return messages


def escape_markdown(words: str) -> str:
    """Return Markdown that Gradio shows as exactly these words, on one line."""
    return _LEADING.sub(_entity, _SPECIAL.sub(_entity, " ".join(words.split())))


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def answer_message(exchange: Exchange, texts: PageTexts, *, votes: bool = True) -> Message:
    """Render the quoted words with their sources, or the reason why there are none, and questions to click."""
    answer, category = exchange.answer, exchange.category
    parts = _notes_above(answer, texts)
    parts += [_source(source, texts) for source in answer.sources] or [_without_sources(answer, texts, category)]
    if answer.is_in_another_language:
        parts.append(_note(texts.other_language))
    if answer.newer:
        parts.append(_newer(answer.newer, texts))
    if answer.sources and category:
        parts.append(_note(texts.only_category.format(category=category)))
    if answer.sources:
        parts.append(_tools(texts, votes=votes))
    attributes = f'class="answer" lang="{html.escape(texts.code)}" id="answer-{html.escape(answer.id)}"'
    return {
        "role": "assistant",
        # One HTML block without empty lines, in which no Markdown is rendered.
        "content": f"<div {attributes}>{''.join(parts)}</div>",
        "options": [{"value": each, "label": each} for each in answer.did_you_mean or answer.suggestions],
    }


def _notes_above(answer: ShownAnswer, texts: PageTexts) -> list[str]:
    """Render how the question was understood, with a button that undoes it."""
    notes = []
    if answer.corrected:
        notes.append(_note(texts.corrected.format(question=answer.corrected), _button("as-typed", texts.as_typed)))
    if answer.topic and answer.sources:
        notes.append(_note(texts.topic.format(topic=answer.topic), _button("alone", texts.alone)))
    return notes


def _note(words: str, button: str = "") -> str:
    return f'<div class="note">{html.escape(words)}{f" {button}" if button else ""}</div>'


def _button(name: str, words: str) -> str:
    """A button that the page's script handles by its class."""
    return f'<button type="button" class="{name}">{html.escape(words)}</button>'


def _tools(texts: PageTexts, *, votes: bool) -> str:
    names = ("copy", "link", "helpful", "unhelpful") if votes else ("copy", "link")
    return f'<div class="tools">{"".join(_button(name, getattr(texts, name)) for name in names)}</div>'


def _source(source: ShownSource, texts: PageTexts) -> str:
    start, end = source.quote
    quote = source.text[start:end]
    highlight = (source.highlight[0] - start, source.highlight[1] - start) if source.highlight else None
    parts = [f'<div class="sure">{html.escape(_confidence(source, texts))}</div>']
    if source.question:
        parts.append(f'<div class="asked">{html.escape(source.question)}</div>')
    parts.append(f'<div class="words" lang="{html.escape(source.language)}">{article_html(quote, highlight)}</div>')
    if quote != source.text:
        summary = f"<summary>{html.escape(texts.more_of_section)}</summary>"
        parts.append(f"<details>{summary}{article_html(source.text, source.quote)}</details>")
    return "".join([*parts, _origin(source, texts)])


def _confidence(source: ShownSource, texts: PageTexts) -> str:
    if source.kind == "faq row":
        return texts.from_faq
    if source.kind == "faq":
        return texts.from_faqs.format(title=source.title)
    return texts.from_article if source.probability >= _LIKELY else texts.closest


def _without_sources(answer: ShownAnswer, texts: PageTexts, category: str | None) -> str:
    if answer.talk and answer.reply:
        return f'<div class="none">{html.escape(texts.reply(answer.talk, answer.categories, answer.reply))}</div>'
    if answer.status == "ambiguous":
        return f'<div class="none">{html.escape(texts.ambiguous)}</div>'
    none = texts.no_answer_category.format(category=category, all=texts.all_articles) if category else texts.no_answer
    notes = []
    if answer.categories and not category:
        notes.append(texts.about.format(categories=", ".join(answer.categories[:_MAX_CATEGORIES])))
    if answer.suggestions:
        notes.append(texts.begin if answer.categories else texts.nearest)
    return f'<div class="none">{html.escape(none)}</div>' + (_note(" ".join(notes)) if notes else "")


def _newer(newer: NewerArticle, texts: PageTexts) -> str:
    title = html.escape(newer.title)
    if _is_web(newer.link):
        title = f'<a href="{html.escape(newer.link or "")}">{title}</a>'
    words = html.escape(texts.newer).format(title=title, day=texts.day(newer.changed))
    return f'<div class="note newer">{words}</div>'


def _origin(source: ShownSource, texts: PageTexts) -> str:
    """Render title and section, category, dates and a link."""
    facts = [source.category] if source.category else []
    if source.published:
        facts.append(texts.published.format(day=texts.day(source.published)))
    if source.updated:
        facts.append(texts.updated.format(day=texts.day(source.updated)))
    parts = [] if source.kind == "faq row" else [_heading(source)]
    parts += [f"<span>{html.escape(fact)}</span>" for fact in facts]
    if _is_web(source.link):
        parts.append(f'<a href="{html.escape(source.link or "")}">{html.escape(texts.read_more)}</a>')
    separator = '<span class="dot"> · </span>'
    return f'<div class="origin">{separator.join(parts)}</div>' if parts else ""


def _heading(source: ShownSource) -> str:
    path = "".join(f' <span class="section">› {html.escape(heading)}</span>' for heading in source.section)
    return f'<span class="title">{html.escape(source.title)}{path}</span>'


def _is_web(link: str | None) -> bool:
    return link is not None and link.startswith(("https://", "http://"))
