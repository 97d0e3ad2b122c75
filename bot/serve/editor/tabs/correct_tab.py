"""The tab in which an editor corrects the words of an article in its file."""

from typing import Any

import gradio as gr

from bot.corpus.decisions.actions import correct
from bot.errors import ArticlebotError
from bot.passages import context
from bot.serve.editor.diff_html import diff_html
from bot.serve.editor.events import EVENT_OPTIONS, connect
from bot.serve.editor.publishing import BEING_PUBLISHED, PublishBar, answer_once_published, start
from bot.serve.editor.question_html import block, place_html
from bot.serve.editor.service import EditorService
from bot.serve.editor.tabs.questions_tab import QuestionsTab
from bot.serve.page.messages import escape_markdown

_HINT = (
    "Choose “Correct these words” under Questions or Try a question: the passage opens here as it stands in its file."
)
_INFO = "Markdown or text, as in the file. Everything around these lines stays as it is."
_UNCHANGED = "Nothing is changed yet."


def correct_tab(
    service: EditorService, tabs: gr.Tabs, bar: PublishBar, questions: QuestionsTab, wanted: gr.Textbox
) -> None:  # fmt: skip
    """Create the words of the chosen passage, the difference, and the answer after publishing.

    The page's script writes into `wanted` the id of a passage, and the question that it was shown for.
    """
    gr.Markdown(_HINT)
    notice = gr.Markdown(elem_id="correct-notice", elem_classes="notice")
    opened = gr.State(None)
    with gr.Column(visible=False, elem_id="correction") as panel:
        place = gr.Markdown(elem_id="place")
        words = gr.Textbox(label="Words in the file", info=_INFO, lines=6, max_lines=24, elem_id="words")
        changes = gr.Markdown(elem_id="changes")
        save = gr.Button("Save & publish", variant="primary", elem_id="save-words")
    result = gr.Markdown(elem_id="corrected-answer")
    asked = answer_once_published(service, bar, notice, result)
    outputs = [notice, tabs, opened, panel, place, words, changes, result]

    def on_open(ident: str, question: str | None) -> tuple[Any, ...]:
        try:
            passage, excerpt = service.excerpt(ident)
        except ArticlebotError as error:
            # The tab is shown all the same: the notice is there.
            closed = None, gr.update(visible=False), "", "", "", ""
            return escape_markdown(str(error)), gr.Tabs(selected="correct"), *closed
        shown = gr.update(visible=True), block(place_html(passage, excerpt.line)), excerpt.words, _UNCHANGED, ""
        return "", gr.Tabs(selected="correct"), (passage, excerpt, question), *shown

    def on_save(who: str, now: tuple[Any, ...] | None, text: str) -> Any:
        if now is None:
            return {notice: "Choose a passage first."}
        passage, excerpt, question = now
        correct(service.corpus, excerpt, text, context(passage), passage.id, who=who)
        again = question or passage.question or context(passage), passage.id
        return BEING_PUBLISHED, None, gr.update(visible=False), "", again, *start(service)

    connect(wanted.change, lambda value: on_open(*value.split("\n")[:2]), [wanted], outputs)
    picked = [questions.passage, questions.chosen]
    connect(
        questions.correct.click, lambda *ids: ("", *on_open(*ids)), picked, [questions.notice, *outputs], chosen=True
    )
    words.change(
        lambda now, text: (block(diff_html(now[1].words, text.strip("\n"))) or _UNCHANGED) if now else "",
        [opened, words], [changes], **EVENT_OPTIONS,
    )  # fmt: skip
    connect(save.click, on_save, [opened, words], [notice, opened, panel, result, asked, *bar], signed=True)
