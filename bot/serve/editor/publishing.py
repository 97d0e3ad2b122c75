"""The bar above the tabs: whether decisions wait to be published, and the button that publishes them."""

from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from bot.serve.editor.events import connect
from bot.serve.editor.question_html import answer_html, block
from bot.serve.editor.service import EditorService

_POLL = 1.0  # seconds between two updates while a build runs
_BUILDING = "Publishing; meanwhile visitors get answers from the present index."
_FAILED = "It could not be published; the tab Index shows why. Visitors still get answers from the previous index."
BEING_PUBLISHED = "Saved. It is being published; then the question is asked here, as a visitor would."
_SAVED = "Saved, but not published: the tab Index shows why."
_WAITS = "Decisions wait to be published."
_UP_TO_DATE = "Everything that was decided is published."


class PublishBar(NamedTuple):
    """The components of the bar."""

    status: gr.Markdown
    button: gr.Button
    timer: gr.Timer


def publish_bar(service: EditorService, page: gr.Blocks) -> PublishBar:
    """Create the bar."""
    with gr.Row(elem_id="publishing"):
        status = gr.Markdown(elem_id="publish-status")
        button = gr.Button("Publish now", variant="primary", size="sm", scale=0, elem_id="publish")
    bar = PublishBar(status, button, gr.Timer(_POLL, active=False))
    connect(partial(gr.on, [page.load, bar.timer.tick]), lambda: bar_state(service), None, bar)
    connect(button.click, lambda: start(service), None, bar)
    return bar


def start(service: EditorService) -> tuple[Any, ...]:
    """Start a build and return the state of the bar."""
    service.build.start()
    return bar_state(service)


def bar_state(service: EditorService) -> tuple[Any, ...]:
    """Return the values of `PublishBar`."""
    is_running = service.build.is_running
    waits = not is_running and service.waits
    words = _BUILDING if is_running else _FAILED if service.build.has_failed else _WAITS if waits else _UP_TO_DATE
    return words, gr.update(visible=waits or service.build.has_failed), gr.Timer(active=is_running)


def answer_once_published(
    service: EditorService, bar: PublishBar, notice: gr.Markdown, result: gr.Markdown
) -> gr.State:  # fmt: skip
    """Show in `result`, after a build, the answer to the question that the returned state holds.

    The state holds the question and the id of the editor's passage, or None for the FAQ with this question.
    """
    asked = gr.State(None)

    def ask(waiting: tuple[str, str | None] | None) -> Any:
        if waiting is None or service.build.is_running:
            return gr.skip()
        if service.build.has_failed:
            return _SAVED, "", None
        question, ident = waiting
        answer = service.bot.ask(question)
        passages = [source.passage for source in answer.sources]
        is_answered = any(each.id == ident if ident else each.question == question for each in passages)
        words = "Published: visitors get your answer." if is_answered else "Published, but visitors get another answer:"
        return words, block(f"<h2>Asked again</h2>{answer_html(answer)}"), None

    connect(bar.timer.tick, ask, [asked], [notice, result, asked])
    return asked
