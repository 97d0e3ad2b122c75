"""The chat page in one language: one handler that answers, and the ways to reach it."""

import html
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

import gradio as gr

from bot.corpus.article import Article
from bot.errors import QuestionError, TooManyQuestions
from bot.retrieval.finder import LONGEST_QUESTION
from bot.serve.chat_service import ChatService
from bot.serve.page.messages import Message, answered, asked, conversation, earlier, question_of
from bot.serve.page.theme import page_title
from bot.serve.texts import PageTexts
from bot.serve.visitor import Visitor

_log = logging.getLogger(__name__)

_TURNS_KEPT = 20
"""Turns that the page keeps, and sends back with each question; the whole conversation would grow without end."""
_EARLIER = 10
_NEWEST = 3
_EVERY_CATEGORY = ""
_AS_TYPED, _ALONE = "as-typed", "alone"
"""How a question was asked again: without repairing its spelling, without the questions before it."""

# Each event is one plain request: no queue, no public endpoint.
_QUIET: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}

_Shown = tuple[Any, Any, Any, Any]
"""What an event leaves in the conversation, in the box, in the notice above the box, and in the browser's memory."""
_UNCHANGED: _Shown = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


def create_chat(desk: ChatService, texts: PageTexts, languages: Mapping[str, PageTexts]) -> gr.Blocks:
    """The page over a desk, in the language of `texts`, with links to itself in the other languages."""
    page: gr.Blocks
    with gr.Blocks(title=page_title(texts, desk.settings.publisher), fill_height=True, analytics_enabled=False) as page:
        # In the visitor's own browser only; the secret hides nothing, it keeps what is stored readable after the server has been started anew.
        saved = gr.BrowserState([], storage_key="articlebot-conversation", secret="articlebot")  # noqa: S106
        # Markdown, not HTML: Gradio's HTML component compiles scripts, which the page's own security policy forbids.
        gr.Markdown(_header(desk, texts, languages), elem_id="header")
        category = gr.Radio(
            **_categories(desk, texts),
            value=_EVERY_CATEGORY,
            label=texts.articles,
            show_label=False,
            elem_id="category",
        )
        # A category that came with a later build is no mistake of the visitor's.
        category.preprocess = lambda payload: payload  # type: ignore[method-assign]
        chat = gr.Chatbot(
            elem_id="chat", show_label=False, label=texts.conversation, scale=1, height=None, min_height=200, buttons=[], latex_delimiters=[],
            autoscroll=False, group_consecutive_messages=False, **_start(desk, texts),
        )  # fmt: skip
        notice = gr.Markdown("", elem_id="notice")
        box = gr.Textbox(
            elem_id="question", label=texts.question, show_label=False, placeholder=_placeholder(desk, texts), submit_btn=texts.send, autofocus=True,
            max_lines=4, html_attributes=gr.InputHTMLAttributes(enterkeyhint="send", autocomplete="off"),
        )  # fmt: skip
        new = gr.Button(texts.new, elem_id="new", size="sm", variant="secondary")
        # The page's script presses these two for the buttons in an answer.
        as_typed, alone = (gr.Button(name, elem_id=name, visible="hidden") for name in (_AS_TYPED, _ALONE))
        shown, asker = [chat, box, notice, saved], _Asker(desk, texts, languages)
        box.submit(asker.asked, [box, saved, category], shown, **_QUIET)
        chat.example_select(asker.clicked(lambda value: value["text"]), [saved, category], shown, **_QUIET)
        chat.option_select(asker.clicked(str), [saved, category], shown, **_QUIET)
        as_typed.click(asker.again(_AS_TYPED), [saved, category], shown, **_QUIET)
        alone.click(asker.again(_ALONE), [saved, category], shown, **_QUIET)
        new.click(lambda: ([], "", "", []), None, shown, **_QUIET)
        page.load(_opened(asker, desk, texts), [saved], [*shown, category], **_QUIET)
    return page


class _Asker:
    """Answers the page's events."""

    def __init__(self, desk: ChatService, texts: PageTexts, languages: Mapping[str, PageTexts]) -> None:
        self._desk, self._texts, self._languages = desk, texts, languages

    def asked(self, question: str, saved: Sequence[Message], category: str, request: gr.Request) -> _Shown:
        """The box is sent."""
        return self.ask(question, saved, category, request)

    def clicked(
        self, question_in: Callable[[Any], str]
    ) -> Callable[[list[Message], str, gr.SelectData, gr.Request], _Shown]:
        """A question on the page is clicked."""

        def clicked(saved: list[Message], category: str, event: gr.SelectData, request: gr.Request) -> _Shown:
            return self.ask(question_in(event.value), saved, category, request)

        return clicked

    def again(self, how: str) -> Callable[[list[Message], str, gr.Request], _Shown]:
        """The last question is asked again in another way, besides those in which it was already."""

        def again(saved: list[Message], category: str, request: gr.Request) -> _Shown:
            if not conversation(saved):
                return _UNCHANGED
            *before, question, answer = conversation(saved)
            hows = {how, *_told_of(answer)[1:]}
            return self.ask(question_of(question), before, category, request, hows)

        return again

    def ask(
        self, question: str, saved: Sequence[Message], category: str, request: gr.Request, hows: Collection[str] = ()
    ) -> _Shown:
        """Answer a question after what was said before."""
        if not question.strip():
            # By now the box may hold the beginning of a question, and the page a later answer.
            return _UNCHANGED
        kept = conversation(saved)[-2 * (_TURNS_KEPT - 1) :]
        try:
            reply = self._answer(question, kept, category or None, request, hows)
        except QuestionError:
            return self._told(
                self._texts.too_long.format(length=len(question.strip()), longest=LONGEST_QUESTION), question
            )
        except TooManyQuestions as error:
            return self._told(self._texts.too_many.format(seconds=error.seconds), question)
        except Exception:  # noqa: BLE001 - whatever broke, the visitor keeps the page and the question, and is told so; the log has the rest
            _log.exception("a question could not be answered")
            return self._told(self._texts.broken, question)
        messages = [*kept, asked(question), reply]
        return messages, "", "", messages

    def _answer(
        self, question: str, kept: list[Message], category: str | None, request: gr.Request, hows: Collection[str]
    ) -> Message:
        history = [] if _ALONE in hows else earlier(kept, _EARLIER)
        conversation_id = next(iter(_told_of(kept[-1]) if kept else ()), None) or uuid4().hex
        visitor = Visitor(request.client.host if request.client else "", "chat", conversation=conversation_id)
        answer = self._desk.ask(question, history, visitor, category=category, as_typed=_AS_TYPED in hows)
        return {
            # Around an answer stand words of the question's own language, where the page speaks it.
            **answered(
                answer,
                self._texts if answer.language == "en" else self._languages.get(answer.language, self._texts),
                category,
                votes=self._desk.takes_votes,
            ),
            "metadata": {"id": " ".join([conversation_id, *sorted(hows)])},
        }

    @staticmethod
    def _told(sentence: str, question: str) -> _Shown:
        """Nothing is asked: a sentence says why, and the question stays in the box."""
        return gr.skip(), question, f'<div role="alert">{html.escape(sentence)}</div>', gr.skip()


def _told_of(answer: Message) -> list[str]:
    """The id of an answer's conversation, and how its question was asked."""
    return str((answer.get("metadata") or {}).get("id") or "").split()


def _opened(
    asker: _Asker, desk: ChatService, texts: PageTexts
) -> Callable[[list[Message], gr.Request], tuple[Any, ...]]:
    """The page is opened: what was said before comes back, the question of the address, `?q=…`, is asked, and what is new since the page was made is told."""
    made_with = _start(desk, texts)

    def opened(memory: list[Message], request: gr.Request) -> tuple[Any, ...]:
        saved, start = conversation(memory), _start(desk, texts)
        question = request.query_params.get("q", "")
        if question.strip() and earlier(saved, 1) != [" ".join(question.split())]:
            shown = asker.ask(question, saved, _EVERY_CATEGORY, request)
        else:
            shown = (saved or gr.skip(), gr.skip(), gr.skip(), gr.skip())
        if start == made_with:
            return *shown, gr.skip()
        chat, box, notice, memory_after = shown
        said = (
            gr.update(**start, **_valued(chat)),
            gr.update(placeholder=_placeholder(desk, texts), **_valued(box)),
            notice,
            memory_after,
        )
        return *said, gr.update(**_categories(desk, texts))

    return opened


def _valued(value: Any) -> dict[str, Any]:
    """The value of an update; none where it stays as it is, which Gradio tells by a dictionary."""
    return {} if isinstance(value, dict) else {"value": value}


def _start(desk: ChatService, texts: PageTexts) -> dict[str, Any]:
    """What stands in the conversation before the first question: questions to begin with, and the newest articles."""
    often, examples = desk.often_asked(), desk.bot.suggestions.examples()
    questions = list(dict.fromkeys([*often, *examples]))[: max(len(often), len(examples))]
    newest = "".join(
        f"<li>{_newest(article, texts)}</li>" for article in desk.bot.generation.table.newest_articles(_NEWEST)
    )
    greeting = f"<p>{html.escape(texts.greeting if questions else texts.greeting_bare)}</p>"
    label = f'<p class="label">{html.escape(texts.most_asked)}</p>' if often else ""
    new = (
        f'<div class="newest"><p class="label">{html.escape(texts.newest)}</p><ul>{newest}</ul></div>' if newest else ""
    )
    return {
        "placeholder": f'<div class="greeting">{greeting}{label}</div>{new}',
        "examples": [{"text": question} for question in questions],
    }


def _newest(article: Article, texts: PageTexts) -> str:
    title = html.escape(article.title)
    return f'{title} <span class="day">{html.escape(texts.day(article.published))}</span>'


def _header(desk: ChatService, texts: PageTexts, languages: Mapping[str, PageTexts]) -> str:
    publisher = desk.settings.publisher
    name = html.escape(publisher.name)
    # Beside its name a logo says nothing more.
    logo = f'<img class="logo" src="/logo" alt="{"" if name else html.escape(texts.title)}">' if publisher.logo else ""
    by = (
        f'<a class="publisher" href="{html.escape(publisher.site)}">{logo}{name}</a>'
        if publisher.site
        else f'<span class="publisher">{logo}{name}</span>'
    )
    others = " ".join(
        f'<a class="language" href="?lang={code}">{html.escape(each.language)}</a>'
        for code, each in languages.items()
        if code != texts.code
    )
    languages_shown = f'<span class="languages">{others}</span>' if others else ""
    title, lead = f"<h1>{html.escape(texts.title)}</h1>", f"<p>{html.escape(texts.lead)}</p>"
    if publisher.name or publisher.logo:
        return f'<div class="top">{by}{languages_shown}</div>{title}{lead}'
    return f'<div class="top">{title}{languages_shown}</div>{lead}'


def _categories(desk: ChatService, texts: PageTexts) -> dict[str, Any]:
    """What one can choose to ask: all articles, or those of a category; with how many each has."""
    table = desk.bot.generation.table
    held = table.categories
    every = (f"{texts.all_articles}\u00a0{table.count_articles()}", _EVERY_CATEGORY)
    choices = [every, *((f"{name}\u00a0{count}", name) for name, count in held.items())]
    return {"choices": choices, "visible": len(held) > 1}


def _placeholder(desk: ChatService, texts: PageTexts) -> str:
    # Two fit on one line of a phone.
    names = list(desk.bot.generation.table.categories)[:2]
    return texts.placeholder.format(topics=", ".join(names)) if names else texts.placeholder_bare
