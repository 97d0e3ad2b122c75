"""The tab in which an editor tries a question and sees where its answer comes from."""

from typing import Any

import gradio as gr

from bot.serve.editor.events import connect
from bot.serve.editor.question_html import answer_html, block, candidates_html
from bot.serve.editor.service import EditorService

_CANDIDATES = 10


def playground_tab(service: EditorService) -> None:
    """Create a box for a question, its answer, and the passages nearest to it with the numbers behind their order."""
    gr.Markdown("Ask as a visitor would; questions asked here are not counted.")
    question = gr.Textbox(label="Question", submit_btn="Try", max_lines=3, elem_id="trial")
    notice, answer = gr.Markdown(elem_classes="notice"), gr.Markdown(elem_id="trial-answer")
    candidates = gr.Markdown(elem_id="candidates")

    def ask(words: str) -> Any:
        if not words.strip():
            return {notice: "Type a question first."}
        hits = service.bot.retriever.finder().find(words, _CANDIDATES).hits
        return "", block(answer_html(service.bot.ask(words))), block(candidates_html(hits, words))

    connect(question.submit, ask, [question], [notice, answer, candidates])
