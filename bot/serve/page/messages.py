"""Questions and answers → chat messages.

Everything that comes from an article or a visitor is text: no HTML, link or image of theirs runs or loads. The blocks of an article's plain form
(paragraphs, lists, tables, quotations) are the only structure that is drawn.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt

from bot.answering.answer import Answer, Source, hit_to_dict
from bot.index.filters import last_change
from bot.passages import Span
from bot.retrieval.hit import Hit
from bot.serve.texts import PageTexts

Message = dict[str, Any]
"""A message of `gr.Chatbot`: role, content, and options to click."""

_NAMED = 6
"""Categories that a sentence names."""
_SURE = 0.75
"""From this probability on a section is called the article's, below it the closest passage."""
_INLINE_RULES = ["emphasis", "link", "image", "autolink", "html_inline", "backticks", "entity"]
_BLOCKS = (
    MarkdownIt("commonmark", {"html": False})
    .enable("table")
    .disable([*_INLINE_RULES, "html_block", "reference", "lheading", "code"])
)
_SPECIAL = re.compile(r"[&<>\\`*_\[\]~|$#@]|:(?=//)|(?<=www)\.")
"""What Gradio's Markdown would draw or turn into links."""
_OPENING = re.compile(r"\A[-+]|(?<=\d)[.)](?=\s|\Z)")
"""What it would take for the mark of a list, or for a rule; only these, since the bubble is also read aloud as it is written."""
_LINE_MARK = re.compile(r"\s*(?:(?:[-*+>]|\d+[.)]|#{1,6})\s+)*")
_MARK, _UNMARK = "\ue000", "\ue001"
"""Stand for the edges of what is marked while the text is drawn; both are private to whoever uses them (Unicode, section 23.5)."""


def asked(question: str) -> Message:
    """What the visitor said, literally, on one line: further ones could open lists of their own."""
    return {"role": "user", "content": literal(question)}


def literal(words: str) -> str:
    """Markdown of which Gradio draws just these words, on one line."""
    return _OPENING.sub(_entity, _SPECIAL.sub(_entity, " ".join(words.split())))


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def question_of(message: Mapping[str, Any]) -> str:
    """The question that `asked` made a message of, in the form in which the page sends it back."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    return html.unescape(
        " ".join(
            part if isinstance(part, str) else str(part.get("text", ""))
            for part in parts
            if isinstance(part, (str, dict))
        )
    )


def answered(answer: Answer, texts: PageTexts, category: str | None = None, *, votes: bool = True) -> Message:
    """An answer's words with its sources below, or that there is none; questions to click.

    `category` is the one that was asked; `votes` whether one can say that the answer helped.
    """
    parts = (
        [_note(texts.corrected.format(question=answer.corrected), ("as-typed", texts.as_typed))]
        if answer.corrected
        else []
    )
    parts += (
        [_note(texts.topic.format(topic=answer.topic), ("alone", texts.alone))]
        if answer.topic and answer.sources
        else []
    )
    parts += [_source(source, texts) for source in answer.sources] or [_unanswered(answer, texts, category)]
    if answer.is_in_another_language:
        parts.append(_note(texts.other_language))
    if answer.newer:
        parts.append(_newer(answer.newer, texts))
    if answer.sources and category:
        parts.append(_note(texts.only_category.format(category=category)))
    if answer.sources:
        parts.append(_tools(texts, votes=votes))
    # One HTML block without empty lines: nothing inside is read as Markdown.
    content = f'<div class="answer" lang="{html.escape(texts.code)}" id="answer-{html.escape(answer.id)}">{"".join(parts)}</div>'
    return _reply(content, answer.did_you_mean or answer.suggestions)


def _reply(content: str, suggestions: Sequence[str]) -> Message:
    return {
        "role": "assistant",
        "content": content,
        "options": [{"value": question, "label": question} for question in suggestions],
    }


def _note(words: str, undo: tuple[str, str] | None = None) -> str:
    """A quiet line; `undo` is the class and the words of a button that takes back what it tells."""
    return f'<div class="note">{html.escape(words)}{f" {_button(*undo)}" if undo else ""}</div>'


def _button(name: str, words: str) -> str:
    return f'<button type="button" class="{name}">{html.escape(words)}</button>'


def _tools(texts: PageTexts, *, votes: bool) -> str:
    """What can be done with an answer; the page's script does it."""
    buttons = {
        "copy": texts.copy,
        "link": texts.link,
        **({"helpful": texts.helpful, "unhelpful": texts.unhelpful} if votes else {}),
    }
    return f'<div class="tools">{"".join(_button(name, words) for name, words in buttons.items())}</div>'


def _source(source: Source, texts: PageTexts) -> str:
    passage = source.passage
    question = f'<div class="asked">{html.escape(passage.question)}</div>' if passage.question else ""
    words = f'<div class="words" lang="{html.escape(passage.article.language)}">{_drawn(source.words, _matched(source))}</div>'
    more = (
        f"<details><summary>{html.escape(texts.more_of_section)}</summary>{_drawn(passage.text, source.quote)}</details>"
        if source.words != passage.text
        else ""
    )
    return f'<div class="sure">{html.escape(_sureness(source, texts))}</div>{question}{words}{more}{_origin(source, texts)}'


def _matched(source: Source) -> Span | None:
    """What of the quote is marked: the sentence that matches; nothing where that is all of it, or a list, which stands out by itself."""
    if source.matched == source.quote or "\n" in source.passage.text[slice(*source.matched)]:
        return None
    return source.matched[0] - source.quote[0], source.matched[1] - source.quote[0]


def _sureness(source: Source, texts: PageTexts) -> str:
    """How sure the answer is, in words."""
    if source.passage.kind == "faq":
        return texts.from_faq if _is_row(source) else texts.from_faqs.format(title=source.passage.article.title)
    return texts.from_article if source.probability >= _SURE else texts.closest


def _unanswered(answer: Answer, texts: PageTexts, category: str | None) -> str:
    if answer.talk and answer.reply:
        return f'<div class="none">{html.escape(texts.reply(answer.talk, answer.categories, answer.reply))}</div>'
    if answer.did_you_mean:
        return f'<div class="none">{html.escape(texts.ambiguous)}</div>'
    none = texts.no_answer_category.format(category=category, all=texts.all_articles) if category else texts.no_answer
    about = (
        texts.about.format(categories=", ".join(answer.categories[:_NAMED]))
        if answer.categories and not category
        else ""
    )
    below = (texts.begin if answer.categories else texts.nearest) if answer.suggestions else ""
    return f'<div class="none">{html.escape(none)}</div>' + (
        _note(f"{about} {below}".strip()) if about or below else ""
    )


def _newer(hit: Hit, texts: PageTexts) -> str:
    article, link = hit.passage.article, hit_to_dict(hit)["link"]
    title = (
        f'<a href="{html.escape(link)}">{html.escape(article.title)}</a>'
        if _is_web(link)
        else html.escape(article.title)
    )
    return f'<div class="note newer">{html.escape(texts.newer).format(title=title, day=texts.day(last_change(article)))}</div>'


def _drawn(text: str, marked: Span | None = None) -> str:
    markup: str = _BLOCKS.render(_with_marks(text, marked))
    # Line ends inside a block stand for themselves; as entities they cannot end the surrounding HTML block.
    kept = re.sub(
        r"(<pre>.*?</pre>)|\n", lambda match: (match[1] or " ").replace("\n", "&#10;"), markup, flags=re.DOTALL
    )
    kept = kept.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return kept.replace(_MARK, "<mark>").replace(_UNMARK, "</mark>")


def _with_marks(text: str, marked: Span | None) -> str:
    """A text with the edges of what is marked in each of its lines: a mark cannot reach from one block into the next, and tables stay without."""
    bare = text.replace(_MARK, " ").replace(_UNMARK, " ")
    if marked is None:
        return bare
    lines, place = [], 0
    for line in bare.splitlines(keepends=True):
        begin = _LINE_MARK.match(line)
        start = max(marked[0] - place, begin.end() if begin else 0)
        end = min(marked[1] - place, len(line.rstrip()))
        lines.append(
            line
            if start >= end or line.lstrip().startswith("|")
            else f"{line[:start]}{_MARK}{line[start:end]}{_UNMARK}{line[end:]}"
        )
        place += len(line)
    return "".join(lines)


def _origin(hit: Source, texts: PageTexts) -> str:
    """Where the words stand: title and section, category and dates, and a link to them."""
    article, facts = hit.passage.article, hit_to_dict(hit)
    days = [
        texts.published.format(day=texts.day(article.published)) if article.published else "",
        texts.updated.format(day=texts.day(article.updated)) if article.updated else "",
    ]
    parts = [_heading(hit), *(f"<span>{html.escape(part)}</span>" for part in [article.category or "", *days] if part)]
    parts.append(
        f'<a href="{html.escape(facts["link"])}">{html.escape(texts.read_more)}</a>' if _is_web(facts["link"]) else ""
    )
    shown = '<span class="dot"> · </span>'.join(part for part in parts if part)
    return f'<div class="origin">{shown}</div>' if shown else ""


def _heading(hit: Source) -> str:
    """The title and the section that the words are from; nothing for a FAQ row, whose title is the question shown above."""
    if _is_row(hit):
        return ""
    path = "".join(f' <span class="section">› {html.escape(heading)}</span>' for heading in hit.passage.section)
    return f'<span class="title">{html.escape(hit.passage.article.title)}{path}</span>'


def _is_row(hit: Hit) -> bool:
    """Whether a passage is an article of its own, as a row of a FAQ table is."""
    return hit.passage.text == hit.passage.article.text and hit.passage.question == hit.passage.article.title


def _is_web(link: str | None) -> bool:
    return link is not None and link.startswith(("https://", "http://"))


def earlier(history: Iterable[Mapping[str, Any]], most: int) -> list[str]:
    """The last questions of a conversation, oldest first."""
    return [question_of(message) for message in history if message.get("role") == "user"][-most:]


def conversation(remembered: object) -> list[Message]:
    """The turns that a browser remembers, question and answer by question and answer; none when what it remembers is something else."""
    messages = remembered if isinstance(remembered, list) else []
    pairs = zip(messages[::2], messages[1::2], strict=False)
    whole = all(_is_said(one, "user") and _is_said(other, "assistant") for one, other in pairs)
    return messages if whole and len(messages) % 2 == 0 else []


def _is_said(message: object, role: str) -> bool:
    return isinstance(message, dict) and message.get("role") == role and isinstance(message.get("content"), (str, list))
