"""The chat page: one handler that answers, and the ways to reach it."""

import html
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from bot.answering.bot import Bot
from bot.errors import QuestionError
from bot.retrieval.finder import LONGEST_QUESTION
from bot.serve import texts
from bot.serve.messages import Message, answered, asked, earlier, refused

_log = logging.getLogger(__name__)

_TURNS_KEPT = 20
"""Turns that the page sends back with each question; the whole conversation would grow without end."""
_EARLIER = 10
_CATEGORIES = 12
"""Categories that the header names; of more it tells the number."""

_Ask = Callable[[str, list[Message]], tuple[Any, Any]]
"""A question and the conversation → the conversation with the answer, and what stays in the box; both are skipped when nothing was asked."""

# Each event is one plain request: no queue, no public endpoint.
_QUIET: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}


def create_chat(bot: Bot) -> gr.Blocks:
    """The page over a bot."""
    ask, start = _asker(bot), _start(bot)
    page: gr.Blocks
    with gr.Blocks(title=texts.TITLE, fill_height=True, analytics_enabled=False) as page:
        # Markdown, not HTML: Gradio's HTML component compiles scripts, which the page's own security policy forbids.
        header = gr.Markdown(_header(bot), elem_id="header")
        chat = gr.Chatbot(
            elem_id="chat", show_label=False, label=texts.TITLE, scale=1, height=None, min_height=240, buttons=[], latex_delimiters=[], autoscroll=False,
            group_consecutive_messages=False, **start,
        )  # fmt: skip
        box = gr.Textbox(
            elem_id="question", label=texts.BOX_LABEL, show_label=False, placeholder=_placeholder(bot), submit_btn=texts.SEND, autofocus=True,
            max_lines=4, max_length=LONGEST_QUESTION, html_attributes=gr.InputHTMLAttributes(enterkeyhint="send", autocomplete="off"),
        )  # fmt: skip
        new = gr.Button(texts.NEW, elem_id="new", size="sm", variant="secondary")
        box.submit(ask, [box, chat], [chat, box], **_QUIET)
        chat.example_select(_clicked(ask, lambda value: value["text"]), [chat], [chat, box], **_QUIET)
        chat.option_select(_clicked(ask, str), [chat], [chat, box], **_QUIET)
        new.click(lambda: ([], ""), None, [chat, box], **_QUIET)
        page.load(_linked(ask), [chat], [chat], **_QUIET)
        page.load(_renewed(bot), None, [header, chat, box], **_QUIET)
    return page


def _asker(bot: Bot) -> _Ask:
    def ask(question: str, history: list[Message]) -> tuple[Any, Any]:
        if not question.strip():
            # By now the box may hold the beginning of a question, and the page a later answer.
            return gr.skip(), gr.skip()
        kept = history[-2 * _TURNS_KEPT :]
        return [*kept, asked(question), _reply(bot, question, kept)], ""

    return ask


def _reply(bot: Bot, question: str, history: list[Message]) -> Message:
    try:
        return answered(bot.ask(question, earlier(history, _EARLIER)))
    except QuestionError as error:
        return refused(str(error))
    except Exception:  # noqa: BLE001 - whatever broke, the visitor keeps the page and is told so; the log has the rest
        _log.exception("a question could not be answered")
        return refused(texts.BROKEN)


def _clicked(ask: _Ask, question_in: Callable[[Any], str]) -> Callable[[list[Message], gr.SelectData], tuple[Any, Any]]:
    def clicked(history: list[Message], event: gr.SelectData) -> tuple[Any, Any]:
        return ask(question_in(event.value), history)

    return clicked


def _linked(ask: _Ask) -> Callable[[list[Message], gr.Request], Any]:
    def linked(history: list[Message], request: gr.Request) -> Any:
        """Ask the question of the address, `?q=…`, when it has one; else leave alone what may have been asked since the page was loaded."""
        question = request.query_params.get("q", "")
        return ask(question, history)[0] if question.strip() else gr.skip()

    return linked


def _renewed(bot: Bot) -> Callable[[], tuple[Any, Any, Any]]:
    """What the page says of the articles is of the generation that it was made from: once another one is served it is said anew."""
    made_from = bot.generation.name

    def renewed() -> tuple[Any, Any, Any]:
        if bot.generation.name == made_from:
            return gr.skip(), gr.skip(), gr.skip()
        return _header(bot), gr.update(**_start(bot)), gr.update(placeholder=_placeholder(bot))

    return renewed


def _start(bot: Bot) -> dict[str, Any]:
    """What stands in the conversation before the first question."""
    examples = bot.suggestions.examples()
    return {"placeholder": texts.WELCOME if examples else texts.WELCOME_BARE, "examples": [{"text": question} for question in examples]}


def _header(bot: Bot) -> str:
    # Names of categories are the publisher's; escaped all the same.
    held = [f"{html.escape(name)}\u00a0{count}" for name, count in bot.generation.table.categories.items()]
    further = [texts.MORE.format(count=len(held) - _CATEGORIES)] if len(held) > _CATEGORIES else []
    knows = f'<p class="topics">{texts.KNOWS.format(categories=" · ".join([*held[:_CATEGORIES], *further]))}</p>' if held else ""
    return f"<h1>{texts.TITLE}</h1><p>{texts.LEAD}</p>{knows}"


def _placeholder(bot: Bot) -> str:
    # Two fit on one line of a phone.
    names = list(bot.generation.table.categories)[:2]
    return texts.PLACEHOLDER.format(topics=", ".join(names)) if names else texts.PLACEHOLDER_BARE
