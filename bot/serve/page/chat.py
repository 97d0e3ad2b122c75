"""The chat page in one language, and the handlers of its events."""

import html
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import gradio as gr

from bot.errors import ArticlebotError, QuestionError, TooManyQuestions
from bot.retrieval.finder import LONGEST_QUESTION
from bot.serve.chat_service import ChatService
from bot.serve.page import welcome
from bot.serve.page.conversation import Conversation, Exchange
from bot.serve.page.messages import Message, render_conversation
from bot.serve.page.theme import page_title
from bot.serve.texts import PageTexts
from bot.serve.visitor import Visitor

_log = logging.getLogger(__name__)

_MAX_HISTORY = 10  # number of earlier questions, with their answers, that a question is read together with

_MAX_HANDED_OVER = 5  # number of earlier questions that the address of the page may hold

EVENT_OPTIONS: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
"""Each event is one plain request: no queue, no public endpoint."""
_Outputs = tuple[Any, Any, Any, Any]  # the values of chat, box, notice and the browser's storage after an event
_UNCHANGED: _Outputs = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


def create_chat(service: ChatService, texts: PageTexts, languages: Mapping[str, PageTexts]) -> gr.Blocks:
    """Create the page in the language of `texts`, with links to the other languages."""
    page: gr.Blocks
    title = page_title(texts, service.settings.publisher)
    with gr.Blocks(title=title, fill_height=True, analytics_enabled=False) as page:
        # The fixed secret hides nothing; it keeps the conversation readable after a restart of the server.
        stored = gr.BrowserState(None, storage_key="articlebot-conversation", secret="articlebot")  # noqa: S106
        # Gradio's HTML component compiles scripts, which the page's security policy forbids; Markdown does not.
        gr.Markdown(welcome.header(service, texts, languages), elem_id="header")
        category = _category_choice(service, texts)
        chat = gr.Chatbot(
            elem_id="chat", show_label=False, label=texts["conversation"], scale=1, height=None, min_height=200,
            buttons=[], latex_delimiters=[], autoscroll=False, group_consecutive_messages=False,
            **welcome.empty_chat(service, texts),
        )  # fmt: skip
        notice = gr.Markdown("", elem_id="notice")
        box = gr.Textbox(
            elem_id="question", label=texts["question"], show_label=False, submit_btn=texts["send"], autofocus=True,
            placeholder=welcome.placeholder(service, texts), max_lines=4,
            html_attributes=gr.InputHTMLAttributes(enterkeyhint="send", autocomplete="off"),
        )  # fmt: skip
        new = gr.Button(texts["new"], elem_id="new", size="sm", variant="secondary")
        # The page's script clicks these for the buttons in an answer.
        names = "as-typed", "alone", "everywhere"
        as_typed, alone, everywhere = (gr.Button(name, elem_id=name, visible="hidden") for name in names)
        handlers, outputs = _Handlers(service, texts, languages), [chat, box, notice, stored]
        box.submit(handlers.submit, [box, stored, category], outputs, **EVENT_OPTIONS)
        chat.example_select(handlers.click, [stored, category], outputs, **EVENT_OPTIONS)
        chat.option_select(handlers.click, [stored, category], outputs, **EVENT_OPTIONS)
        as_typed.click(handlers.ask_as_typed, [stored, category], outputs, **EVENT_OPTIONS)
        alone.click(handlers.ask_alone, [stored, category], outputs, **EVENT_OPTIONS)
        everywhere.click(handlers.ask_everywhere, [stored], [*outputs, category], **EVENT_OPTIONS)
        # `BrowserState` stores no empty value: None would leave the old conversation for the next reload.
        new.click(lambda: ([], "", "", Conversation().dump()), None, outputs, **EVENT_OPTIONS)
        page.load(handlers.open_page, [stored], [*outputs, category], **EVENT_OPTIONS)
    return page


def _category_choice(service: ChatService, texts: PageTexts) -> gr.Radio:
    choice = gr.Radio(
        **welcome.categories(service, texts), value=welcome.ALL_CATEGORIES, label=texts["articles"], show_label=False,
        elem_id="category",
    )  # fmt: skip
    # Gradio would refuse a category that a later build has added.
    choice.preprocess = lambda payload: payload  # type: ignore[method-assign]
    return choice


class _Handlers:
    def __init__(self, service: ChatService, texts: PageTexts, languages: Mapping[str, PageTexts]) -> None:
        self._service, self._texts, self._languages = service, texts, languages
        self._created_with = welcome.empty_chat(service, texts)

    def submit(self, question: str, stored: object, category: str, request: gr.Request) -> _Outputs:
        return self._ask(question, Conversation.load(stored), category, request)

    def click(self, stored: object, category: str, event: gr.SelectData, request: gr.Request) -> _Outputs:
        """Ask the question of an example, whose value is a dictionary, or of an option."""
        question = event.value["text"] if isinstance(event.value, dict) else event.value
        return self._ask(question, Conversation.load(stored), category, request)

    def ask_as_typed(self, stored: object, category: str, request: gr.Request) -> _Outputs:
        """Ask the last question again without correcting its spelling."""
        return self._ask_again(stored, category, request, as_typed=True)

    def ask_alone(self, stored: object, category: str, request: gr.Request) -> _Outputs:
        """Ask the last question again without the earlier ones."""
        return self._ask_again(stored, category, request, alone=True)

    def ask_everywhere(self, stored: object, request: gr.Request) -> tuple[Any, ...]:
        """Ask the last question again in all categories."""
        return *self._ask_again(stored, welcome.ALL_CATEGORIES, request), welcome.ALL_CATEGORIES

    def open_page(self, stored: object, request: gr.Request) -> tuple[Any, ...]:
        """Show the stored conversation or ask the question of `?q=…`, and update what a build has changed.

        `?earlier=…` holds the questions before it, each on a line.
        """
        chat, box, notice, memory = self._open(Conversation.load(stored), request)
        empty_chat = welcome.empty_chat(self._service, self._texts)
        if empty_chat == self._created_with:
            return chat, box, notice, memory, gr.skip()
        placeholder = welcome.placeholder(self._service, self._texts)
        return (
            gr.update(**empty_chat, **_as_update(chat)), gr.update(placeholder=placeholder, **_as_update(box)),
            notice, memory, gr.update(**welcome.categories(self._service, self._texts)),
        )  # fmt: skip

    def _open(self, conversation: Conversation, request: gr.Request) -> _Outputs:
        *earlier, question = _questions_of_address(request)
        if question and [each.question for each in conversation.exchanges[-1:]] != [question]:
            for each in earlier:  # as the widget hands them over
                with suppress(ArticlebotError):
                    conversation = self._answer(each, conversation, welcome.ALL_CATEGORIES, request)
            answered = self._ask(question, conversation, welcome.ALL_CATEGORIES, request)
            if isinstance(answered[0], list):
                return answered
        else:
            answered = _UNCHANGED
        return self._render(conversation) or gr.skip(), *answered[1:]

    def _ask_again(self, stored: object, category: str, request: gr.Request, **how: bool) -> _Outputs:
        conversation = Conversation.load(stored)
        if not conversation.exchanges:
            return _UNCHANGED
        *before, last = conversation.exchanges
        how = {"as_typed": last.as_typed, "alone": last.alone, **how}
        return self._ask(last.question, Conversation(conversation.id, tuple(before)), category, request, **how)

    def _ask(
        self, question: str, conversation: Conversation, category: str, request: gr.Request, **how: bool
    ) -> _Outputs:
        if not question.strip():
            # By now the box may hold the beginning of another question, and the chat a later answer.
            return _UNCHANGED
        try:
            conversation = self._answer(question, conversation, category, request, **how)
            return self._render(conversation), "", "", conversation.dump()
        except QuestionError:
            length = len(question.strip())
            if length <= LONGEST_QUESTION:
                return self._refuse(question, "broken")
            return self._refuse(question, "too_long", length=length, longest=LONGEST_QUESTION)
        except TooManyQuestions as error:
            # The page's script counts these seconds down.
            return self._refuse(question, "too_many", seconds=f'<span class="seconds">{error.seconds}</span>')
        except Exception:  # noqa: BLE001 - whatever broke, the visitor keeps the page and the question
            _log.exception("a question could not be answered")
            return self._refuse(question, "broken")

    def _refuse(self, question: str, text: str, **facts: object) -> _Outputs:
        """Say why a question was not asked, and leave it in the box."""
        sentence = html.escape(self._texts[text]).format(**facts)
        # By the id the page's script recognizes the same sentence as said again.
        return gr.skip(), question, f'<div role="alert" id="refusal-{uuid4().hex}">{sentence}</div>', gr.skip()

    def _answer(
        self, question: str, conversation: Conversation, category: str, request: gr.Request, *, as_typed: bool = False,
        alone: bool = False,
    ) -> Conversation:  # fmt: skip
        history = [] if alone else conversation.messages(_MAX_HISTORY)
        visitor = Visitor(request.client.host if request.client else "", "chat", conversation=conversation.id)
        answer = self._service.ask(question, history, visitor, category=category or None, as_typed=as_typed)
        return conversation.with_exchange(Exchange.of(answer, category or None, as_typed=as_typed, alone=alone))

    def _render(self, conversation: Conversation) -> list[Message]:
        return render_conversation(conversation, self._texts, self._languages, votes=self._service.accepts_votes)


def _questions_of_address(request: gr.Request) -> list[str]:
    """Return the earlier questions of the address, and the one to ask, which may be empty."""
    asked, earlier = (request.query_params.get(name, "") for name in ("q", "earlier"))
    before = filter(None, (" ".join(line.split()) for line in earlier.split("\n")))
    return [*list(before)[-_MAX_HANDED_OVER:], " ".join(asked.split())]


def _as_update(value: Any) -> dict[str, Any]:
    """Return a new value as part of an update; `gr.skip()`, which is a dictionary, sets none."""
    return {} if isinstance(value, dict) else {"value": value}
