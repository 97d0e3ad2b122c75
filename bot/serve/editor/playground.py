"""The tab in which the editor tries a question and sees what the answer comes from."""

from typing import Any

import gradio as gr

from bot.passages import context
from bot.serve.editor.editorial import Editorial
from bot.serve.editor.show_errors import QUIET, show_errors
from bot.serve.page.messages import escape_markdown

_CANDIDATES = 10


def playground_tab(editorial: Editorial) -> None:
    """A question, its answer, and a table of the passages that came into question, with their signals."""
    gr.Markdown("Ask as a visitor would: nothing of it is counted.")
    question = gr.Textbox(label="Question", submit_btn="Try", max_lines=3, elem_id="trial")
    notice = gr.Markdown(elem_classes="notice")
    answer = gr.Markdown(elem_id="trial-answer")
    candidates = gr.Dataframe(
        label="Candidates", datatype="str", interactive=False, elem_id="candidates", visible=False
    )

    def tried(words: str) -> tuple[Any, ...]:
        if not words.strip():
            return "Type a question first.", gr.skip(), gr.skip()
        return "", *_tried(editorial, words)

    question.submit(show_errors(tried, 2), [question], [notice, answer, candidates], **QUIET)


def _tried(editorial: Editorial, words: str) -> tuple[Any, ...]:
    answer = editorial.bot.ask(words)
    hits = editorial.bot.retriever.finder().find(words, _CANDIDATES).hits
    names = list(hits[0].signals) if hits else []
    rows = [
        [f"{hit.probability:.2f}", context(hit.passage), *(f"{hit.signals[name]:.2f}" for name in names), hit.passage.id]
        for hit in hits
    ]  # fmt: skip
    headers = ["prob.", "passage", *(name.replace("_", " ") for name in names), "id"]
    lines = [f"**{answer.status.replace('_', ' ')}**, probability {answer.probability:.2f}"]
    lines += [f"Read as: {escape_markdown(answer.corrected)}"] if answer.corrected else []
    lines += [f"> {escape_markdown(answer.text or answer.reply or '')}"] if answer.text or answer.reply else []
    lines += (
        ["Did you mean:\n" + "".join(f"\n* {escape_markdown(other)}" for other in answer.did_you_mean)]
        if answer.did_you_mean
        else []
    )
    return "\n\n".join(lines), gr.update(value={"headers": headers, "data": rows}, visible=bool(rows))
