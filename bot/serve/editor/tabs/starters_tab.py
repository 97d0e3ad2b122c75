"""The tab of the questions that an empty chat offers: pin them, order them, hide them."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from bot.corpus.decisions.starters import StarterChoices, hide_starter, pin_starter, show_starter, unpin_starter
from bot.errors import CorpusError
from bot.serve.editor.events import connect
from bot.serve.editor.service import EditorService
from bot.serve.page.messages import escape_markdown
from bot.serve.starters import Starters

_HINT = (
    "An empty chat offers these questions: first the pinned ones, then frequent ones (asked in three conversations or "
    "more, with a sure answer and no vote against it), then one of each large category. Changes here take effect at "
    "once."
)


def starters_tab(service: EditorService, tab: gr.Tab) -> None:
    """Create the list of the questions that are offered, and of the hidden ones."""
    gr.Markdown(_HINT)
    notice = gr.Markdown(elem_id="starters-notice", elem_classes="notice")
    offered = gr.Radio([], label="Offered", elem_id="offered")
    with gr.Row():
        pin = gr.Button("Pin", variant="primary", size="sm", elem_id="pin")
        up = gr.Button("Move up", size="sm", elem_id="up")
        unpin = gr.Button("Unpin", size="sm", elem_id="unpin")
        hide = gr.Button("Hide", size="sm", elem_id="hide")
    words = gr.Textbox(label="Pin another question", submit_btn="Pin", max_lines=1, elem_id="another")
    hidden = gr.Radio([], label="Hidden", elem_id="hidden")
    again = gr.Button("Offer it again", size="sm", elem_id="again")
    lists = [offered, hidden, again]

    def on(event: Callable[..., Any], decide: Callable[[str, str], object], choice: Any) -> None:
        def handle(who: str, question: str) -> tuple[Any, ...]:
            decide(question, who)
            return f"Done: “{escape_markdown(question)}”.", *_lists(service)

        connect(event, handle, [choice], [notice, *lists], signed=True, chosen=True)

    corpus = service.corpus
    connect(tab.select, lambda: ("", *_lists(service)), None, [notice, *lists])
    on(pin.click, lambda question, who: pin_starter(corpus, question, len(_pinned(service)), who=who), offered)
    on(up.click, lambda question, who: pin_starter(corpus, question, _above(service, question), who=who), offered)
    on(unpin.click, lambda question, who: unpin_starter(corpus, question, who=who), offered)
    on(hide.click, lambda question, who: hide_starter(corpus, question, who=who), offered)
    on(words.submit, lambda question, who: _pin_answered(service, question, who), words)
    on(again.click, lambda question, who: show_starter(corpus, question, who=who), hidden)


def _pinned(service: EditorService) -> tuple[str, ...]:
    return StarterChoices.read(service.corpus).pinned


def _above(service: EditorService, question: str) -> int:
    """Return the place above the question's own among the pinned ones; the last place if it is not pinned."""
    pinned = _pinned(service)
    return max(pinned.index(question) - 1, 0) if question in pinned else len(pinned)


def _pin_answered(service: EditorService, question: str, who: str) -> None:
    if service.bot.ask(question).status != "answered":
        raise CorpusError("Visitors would get no sure answer to this question: pin another, or write a FAQ first.")
    pin_starter(service.corpus, " ".join(question.split()), len(_pinned(service)), who=who)


def _lists(service: EditorService) -> tuple[Any, ...]:
    choices = StarterChoices.read(service.corpus)
    questions = Starters(service.bot, service.usage, service.corpus).offer().questions
    offered = [(f"{each}\npinned" if each in choices.pinned else each, each) for each in questions]
    return (
        gr.update(choices=offered, value=None),
        gr.update(choices=list(choices.hidden), value=None, visible=bool(choices.hidden)),
        gr.update(visible=bool(choices.hidden)),
    )
