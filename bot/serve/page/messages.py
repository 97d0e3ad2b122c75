"""Messages of the Gradio chatbot; words of articles and visitors are text: no HTML, link or image of theirs loads."""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from bot.answering import schema
from bot.answering.answer import SURE
from bot.languages.registry import detect_language, written_language
from bot.passages import Span
from bot.serve.page.article_html import article_html
from bot.serve.page.conversation import Conversation, Exchange, SourceDetails
from bot.serve.texts import PageTexts

Message = dict[str, Any]
"""A message of `gr.Chatbot`: role, content, and questions to click."""

_Quoting = schema.Answer | schema.FurtherAnswer
_LEFT_OUT = "| […] |\n"
_MAX_CATEGORIES = 6  # number of categories that a sentence names
_SPECIAL = re.compile(r"[&<>\\`*_\[\]~|$#@]|:(?=//)|(?<=www)\.")
"""Characters that Gradio's Markdown renders, or turns into links."""
_LEADING = re.compile(r"\A[-+]|(?<=\d)[.)](?=\s|\Z)")
"""List markers and rules. Only these are escaped, since screen readers read the source of the bubble."""


def render_conversation(
    conversation: Conversation, texts: PageTexts, languages: Mapping[str, PageTexts], *, votes: bool
) -> list[Message]:
    """Render all messages in the page's language, or in the language of the question where that is another one."""
    messages: list[Message] = []
    for exchange in conversation.exchanges:
        answer_texts = texts if exchange.language == "en" else languages.get(exchange.language, texts)
        answer = answer_message(exchange, answer_texts, votes=votes, is_last=exchange is conversation.exchanges[-1])
        messages += [{"role": "user", "content": escape_markdown(exchange.question)}, answer]
    return messages


def escape_markdown(words: str) -> str:
    """Return Markdown that Gradio shows as exactly these words, on one line."""
    return _LEADING.sub(_entity, _SPECIAL.sub(_entity, " ".join(words.split())))


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def answer_message(exchange: Exchange, texts: PageTexts, *, votes: bool = True, is_last: bool = True) -> Message:
    """Render the quoted words with their sources, or the reason why there are none, and questions to click."""
    answer = exchange.answer
    parts = [*_notes_above(answer, texts), *_quotes(exchange, texts), *_notes_below(exchange, texts, votes=votes)]
    parts += [] if is_last else _links(exchange, texts)
    name = "answer closest" if answer.status == "closest" else "answer"
    attributes = f'class="{name}" lang="{html.escape(texts.code)}" id="answer-{html.escape(answer.id)}"'
    return {
        "role": "assistant",
        # One HTML block without empty lines, in which no Markdown is rendered.
        "content": f"<div {attributes}>{''.join(parts)}</div>",
        "options": [{"value": each, "label": texts.category(each)} for each in _options(exchange)],
    }


def _links(exchange: Exchange, texts: PageTexts) -> list[str]:
    """Render the questions to click as links: Gradio shows them below the last message only."""
    shown = [(urlencode({"q": each}), html.escape(texts.category(each))) for each in _options(exchange)]
    links = "".join(f'<li><a href="?{query}">{words}</a></li>' for query, words in shown)
    return [f'<ul class="links">{links}</ul>'] if links else []


def _options(exchange: Exchange) -> list[str]:
    """Return what is offered to click: questions, or the categories if none is near."""
    answer = exchange.answer
    if exchange.category and answer.status == "no_answer" and not exchange.talk:
        return []  # asking all articles comes first
    return answer.did_you_mean or answer.suggestions or answer.categories[:_MAX_CATEGORIES]


def _notes_above(answer: schema.Answer, texts: PageTexts) -> list[str]:
    """Render how the question was understood, with a button that undoes it."""
    notes = []
    if answer.corrected:
        button = _button("as-typed", texts["as_typed"])
        notes.append(_note(texts["corrected"].format(question=answer.corrected), button))
    if answer.topic and answer.sources:
        notes.append(_note(texts["topic"].format(topic=answer.topic), _button("alone", texts["alone"])))
    if answer.unknown:
        notes.append(_note(texts["unknown"].format(names=", ".join(answer.unknown))))
    return notes


def _notes_below(exchange: Exchange, texts: PageTexts, *, votes: bool) -> list[str]:
    """Render what restricts the quoted words, the buttons, and the lead of the questions that may be meant."""
    answer, notes = exchange.answer, []
    if exchange.is_in_another_language:
        notes.append(_note(texts["other_language"]))
    if answer.newer:
        notes.append(_newer(answer.newer, texts))
    if answer.sources and exchange.category:
        button = _button("everywhere", texts["ask_everywhere"]) if answer.status == "closest" else ""
        notes.append(_note(texts["only_category"].format(category=texts.category(exchange.category)), button))
    if answer.sources:
        names = ("copy", "link", "helpful", "unhelpful") if votes else ("copy", "link")
        notes.append(f'<div class="tools">{"".join(_button(name, texts[name]) for name in names)}</div>')
    if answer.status == "closest" and answer.suggestions:
        notes.append(_note(texts["ambiguous"]))
    offered = answer.did_you_mean or answer.suggestions
    if any(detect_language(each) != written_language(exchange.language) for each in offered):
        notes.append(_note(texts["other_language_questions"]))
    return notes


def _note(words: str, button: str = "") -> str:
    return f'<div class="note">{" ".join(filter(None, (html.escape(words), button)))}</div>'


def _button(name: str, words: str) -> str:
    """A button that the page's script handles by its class."""
    return f'<button type="button" class="{name}">{html.escape(words)}</button>'


def _quotes(exchange: Exchange, texts: PageTexts) -> list[str]:
    """Render each source below its certainty, or the reason why there is none."""
    parts = []
    answers: list[tuple[_Quoting, tuple[SourceDetails, ...]]] = [(exchange.answer, exchange.sources)]
    answers += zip(exchange.answer.answers, exchange.further, strict=False)
    for answer, sources in answers:
        shown = [f'<div class="part-question">{html.escape(answer.asked)}</div>'] if answer.asked else []
        for number, (hit, details) in enumerate(zip(answer.sources, sources, strict=False), 1):
            passed = answer.passed if number == len(answer.sources) else []
            certainty = _certainty(answer, hit, details, texts, is_other=number > 1)
            shown += [certainty, _source(hit, details, passed, texts)]
        name = "part closest" if answer.status == "closest" else "part"
        parts += [f'<div class="{name}">{"".join(shown)}</div>'] if answer.asked else shown
    return parts or [_without_sources(exchange, texts)]


def _certainty(answer: _Quoting, hit: schema.Hit, details: SourceDetails, texts: PageTexts, *, is_other: bool) -> str:
    """Render where words come from, and whether they are only likely to answer; or that they only come closest."""
    if answer.status == "closest":
        return f'<div class="none">{html.escape(texts["also_close"] if is_other else texts["closest"])}</div>'
    from_faqs = texts["from_faq"] if details.is_faq_row else texts["from_faqs"].format(title=hit.title)
    origin = from_faqs if hit.kind == "faq" else texts["from_article"]
    likely = texts["also_likely"] if is_other else texts["likely"]
    words = origin if answer.probability >= SURE else f"{likely} · {origin}"
    return f'<div class="{"sure other" if is_other else "sure"}">{html.escape(words)}</div>'


def _source(hit: schema.Hit, details: SourceDetails, passed: Sequence[str], texts: PageTexts) -> str:
    start, end = hit.quote
    quote = hit.text[start:end]
    head = hit.words.removesuffix(quote)  # of the table of quoted rows
    above, below = (_LEFT_OUT if is_left_out else "" for is_left_out in details.rows_left_out)
    first, last = (place + len(head + above) - start for place in hit.matched)
    # A list, or a sentence that is the whole quote, stands out by itself.
    is_whole = hit.matched == hit.quote or "\n" in hit.text[slice(*hit.matched)]
    markup = article_html(f"{head}{above}{quote}\n{below}", None if is_whole else (first, last))
    parts = [f'<div class="asked">{html.escape(hit.question)}</div>'] if hit.question else []
    parts.append(f'<div class="words" lang="{html.escape(hit.language)}">{markup}</div>')
    if quote != hit.text:
        parts.append(_section(hit.text, head + above if hit.text.startswith("|") else "", (start, end), texts))
    note = " ".join(texts["passed"].format(day=_day(each, texts)) for each in passed)
    parts += [f'<div class="note passed">{html.escape(note)}</div>'] if note else []
    return "".join([*parts, _origin(hit, details, texts)])


def _section(text: str, head: str, quote: Span, texts: PageTexts) -> str:
    """Render the whole passage, below the header of the table in the middle of which it begins, for a click."""
    names = ("more", texts["more_of_section"]), ("less", texts["less"])
    summary = "".join(f'<span class="{name}">{html.escape(words)}</span>' for name, words in names)
    words = article_html(head + text, (quote[0] + len(head), quote[1] + len(head)))
    return f"<details><summary>{summary}</summary>{words}</details>"


def _without_sources(exchange: Exchange, texts: PageTexts) -> str:
    answer, category = exchange.answer, exchange.category
    if exchange.talk and answer.reply:
        return f'<div class="none">{html.escape(texts.reply(exchange.talk, answer.categories, answer.reply))}</div>'
    if answer.status == "ambiguous":
        return f'<div class="none">{html.escape(texts["ambiguous"])}</div>'
    none = texts["no_answer"]
    if category:
        none = texts["no_answer_category"].format(category=texts.category(category), all=texts["all_articles"])
        button = _button("everywhere", texts["ask_everywhere"])
        return f'<div class="none">{html.escape(none)}</div>{_note("", button)}'
    named = ", ".join(map(texts.category, answer.categories[:_MAX_CATEGORIES]))
    notes = [texts["about"].format(categories=named)] if answer.categories else []
    notes += [texts["nearest"]] if answer.suggestions else [texts["begin"]] if answer.categories else []
    return f'<div class="none">{html.escape(none)}</div>' + (_note(" ".join(notes)) if notes else "")


def _newer(hit: schema.Hit, texts: PageTexts) -> str:
    title = html.escape(hit.title)
    if is_web(hit.link):
        title = f'<a href="{html.escape(hit.link or "")}">{title}</a>'
    changed = max(hit.published or "", hit.updated or "")
    words = html.escape(texts["newer"]).format(title=title, day=_day(changed, texts))
    return f'<div class="note newer">{words}</div>'


def _origin(hit: schema.Hit, details: SourceDetails, texts: PageTexts) -> str:
    """Render title and section; below them category and dates; and a link."""
    facts = [texts.category(hit.category)] if hit.category else []
    days = {"published": hit.published, "updated": hit.updated}
    facts += [texts[event].format(day=_day(day, texts)) for event, day in days.items() if day]
    path = "".join(f' <span class="section">› {html.escape(heading)}</span>' for heading in hit.section)
    parts = [] if details.is_faq_row else [f'<div class="title">{html.escape(hit.title)}{path}</div>']
    if facts:
        parts.append(f'<div class="facts">{" ".join(f"<span>{html.escape(fact)}</span>" for fact in facts)}</div>')
    if is_web(hit.link):
        parts.append(f'<a href="{html.escape(hit.link or "")}">{html.escape(texts["read_more"])}</a>')
    return f'<div class="origin">{"".join(parts)}</div>' if parts else ""


def _day(isoformat: str, texts: PageTexts) -> str:
    return texts.day(date.fromisoformat(isoformat)) if isoformat else ""


def is_web(link: str | None) -> bool:
    return link is not None and link.startswith(("https://", "http://"))
