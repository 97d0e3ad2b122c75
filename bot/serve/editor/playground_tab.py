"""The tab in which an editor tries a question and sees where its answer comes from."""

from typing import Any

import gradio as gr

from bot.answering.answer import Answer
from bot.passages import context
from bot.serve.editor.events import EVENT_OPTIONS, show_errors
from bot.serve.editor.service import EditorService
from bot.serve.page.messages import escape_markdown

_CANDIDATES = 10


def playground_tab(service: EditorService) -> None:
    """Create a box for a question, its answer, and a table of candidate passages with their features."""
    gr.Markdown("Ask as a visitor would; questions asked here are not counted.")
    question = gr.Textbox(label="Question", submit_btn="Try", max_lines=3, elem_id="trial")
    notice, answer = gr.Markdown(elem_classes="notice"), gr.Markdown(elem_id="trial-answer")
    candidates = gr.Dataframe(label="Candidates", interactive=False, elem_id="candidates", visible=False)

    def ask(words: str) -> tuple[Any, ...]:
        if not words.strip():
            return "Type a question first.", gr.skip(), gr.skip()
        return "", _answer(service.bot.ask(words)), _candidates(service, words)

    question.submit(show_errors(ask, 2), [question], [notice, answer, candidates], **EVENT_OPTIONS)


def _answer(answer: Answer) -> str:
    parts = [f"**{answer.status.replace('_', ' ')}**, probability {answer.probability:.2f}"]
    if answer.corrected:
        parts.append(f"Read as: {escape_markdown(answer.corrected)}")
    is_closest = answer.status == "closest"
    if is_closest:
        parts.append("Visitors are told that this passage only comes closest:")
    if words := answer.text or answer.reply:
        parts.append(f"> {escape_markdown(words)}")
    if meant := answer.suggestions if is_closest else answer.did_you_mean:
        parts.append("Did you mean:\n" + "".join(f"\n* {escape_markdown(each)}" for each in meant))
    return "\n\n".join(parts)


def _candidates(service: EditorService, question: str) -> dict[str, Any]:
    hits = service.bot.retriever.finder().find(question, _CANDIDATES).hits
    names = list(hits[0].signals) if hits else []
    rows = []
    for hit in hits:
        features = [f"{hit.signals[name]:.2f}" for name in names]
        rows.append([f"{hit.probability:.2f}", context(hit.passage), *features, hit.passage.id])
    headers = ["prob.", "passage", *(name.replace("_", " ") for name in names), "id"]
    table: dict[str, Any] = gr.update(value={"headers": headers, "data": rows}, visible=bool(rows))
    return table
