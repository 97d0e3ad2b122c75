"""The tab of the decisions: who decided what and when, and a button that undoes it."""

from datetime import datetime
from typing import Any

import gradio as gr

from bot.corpus.decisions.history import Decision, in_force, read_history, undo
from bot.serve.editor.events import connect
from bot.serve.editor.publishing import PublishBar, bar_state
from bot.serve.editor.service import EditorService
from bot.serve.page.messages import escape_markdown

_MOST = 100
_VERBS = {
    "accept": "accepted", "draft": "put on the list to write", "ignore": "ignored", "reject": "rejected",
    "write": "wrote the FAQ", "change": "changed the FAQ", "withdraw": "withdrew the FAQ",
    "correct": "corrected the words", "starters": "changed the starters", "undo": "undid:",
}  # fmt: skip


def history_tab(service: EditorService, tab: gr.Tab, bar: PublishBar) -> None:
    """Create the list of decisions, latest first, and the button."""
    gr.Markdown("Everything that was decided here. What was undone can be done again by undoing that.")
    notice = gr.Markdown(elem_id="history-notice", elem_classes="notice")
    decision = gr.Radio([], label="Decisions", elem_id="history")
    with gr.Row():
        back = gr.Button("Undo this decision", variant="primary", elem_id="undo")
        gr.Button("Download as CSV", link="history.csv", scale=0, elem_id="download-history")

    def show() -> Any:
        history = read_history(service.corpus)
        holds, verbs = in_force(history), {one.id: _VERBS[one.action] for one in history}
        latest = reversed(history[-_MOST:])
        return gr.update(choices=[(_label(one, verbs, holds=holds[one.id]), one.id) for one in latest], value=None)

    def on_undo(who: str, ident: str) -> tuple[Any, ...]:
        undone = undo(service.corpus, ident, who=who)
        return f"Undone: “{escape_markdown(undone.question)}”.", show(), *bar_state(service)

    connect(tab.select, lambda: ("", show()), None, [notice, decision])
    connect(back.click, on_undo, [decision], [notice, decision, *bar], signed=True, chosen=True)


def _label(decision: Decision, verbs: dict[str, str], *, holds: bool) -> str:
    what = " ".join(filter(None, (_VERBS[decision.action], verbs.get(decision.undoes))))
    about = f" for {decision.passage}" if decision.passage else ""
    when = f"{datetime.fromisoformat(decision.when):%d %b %Y %H:%M} UTC"
    end = "" if holds else " (undone)"
    return f"{decision.question}\n{when} · {decision.who or 'somebody'} {what}{about}{end}"
