"""The bar above the tabs: whether decisions wait to be published, and the button that publishes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bot.passages import Passage
from bot.serve.editor.events import EVENT_OPTIONS, show_errors
from bot.serve.editor.question_html import answer_html, block
from bot.serve.editor.service import EditorService

_POLL = 1.0  # seconds between two updates while a build runs
_BUILDING = "Publishing; meanwhile visitors get answers from the present index."
_FAILED = "It could not be published; the tab Index shows why. Visitors still get answers from the previous index."
BEING_PUBLISHED = "Saved. It is being published; then the question is asked here, as a visitor would."
_SAVED = "Saved, but not published: the tab Index shows why."
_WAITS = "Decisions wait to be published."
_UP_TO_DATE = "Everything that was decided is published."


@dataclass(frozen=True, slots=True)
class PublishBar:
    """The components of the bar."""

    status: gr.Markdown
    button: gr.Button
    timer: gr.Timer

    @property
    def outputs(self) -> list[Any]:
        return [self.status, self.button, self.timer]


def publish_bar(service: EditorService, page: gr.Blocks) -> PublishBar:
    """Create the bar."""
    with gr.Row(elem_id="publishing"):
        status = gr.Markdown(elem_id="publish-status")
        button = gr.Button("Publish now", variant="primary", size="sm", scale=0, elem_id="publish")
    bar = PublishBar(status, button, gr.Timer(_POLL, active=False))
    shown = show_errors(lambda: bar_state(service), status)
    gr.on([page.load, bar.timer.tick], shown, None, bar.outputs, **EVENT_OPTIONS)
    button.click(show_errors(lambda: start(service), status), None, bar.outputs, **EVENT_OPTIONS)
    return bar


def start(service: EditorService) -> tuple[Any, ...]:
    """Start a build and return the state of the bar."""
    service.build.start()
    return bar_state(service)


def bar_state(service: EditorService) -> tuple[Any, ...]:
    """Return the values of `PublishBar.outputs`."""
    is_running = service.build.is_running
    waits = not is_running and service.waits
    words = _BUILDING if is_running else _FAILED if service.build.has_failed else _WAITS if waits else _UP_TO_DATE
    return words, gr.update(visible=waits or service.build.has_failed), gr.Timer(active=is_running)


def ask_again(service: EditorService, question: str, is_own: Callable[[Passage], bool]) -> tuple[str, str]:
    """Return after a build whether a question is answered from an editor's own passage, and the answer as HTML."""
    if service.build.has_failed:
        return _SAVED, ""
    answer = service.bot.ask(question)
    is_answered = any(is_own(source.passage) for source in answer.sources)
    words = "Published: visitors get your answer." if is_answered else "Published, but visitors get another answer:"
    return words, block(f"<h2>Asked again</h2>{answer_html(answer)}")
