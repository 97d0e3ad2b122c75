"""The editor's page: a Gradio application of its own, behind its own sign-in."""

from typing import Any

import gradio as gr

from bot.evaluation.plot import trend_figure
from bot.evaluation.trend import read_points
from bot.serve.editor.events import EVENT_OPTIONS, show_errors
from bot.serve.editor.index_tab import index_tab
from bot.serve.editor.playground_tab import playground_tab
from bot.serve.editor.questions_tab import questions_tab
from bot.serve.editor.service import EditorService

_HEADERS = ["what", "where", "why"]
_NO_FIGURES = "No build has recorded figures yet; the next one will."
_HEADER = '<div class="top"><h1>Editor</h1><a href="sign-out" target="_self">Sign out</a></div>'


def create_editor(service: EditorService) -> gr.Blocks:
    """Create the page with its tabs."""
    page: gr.Blocks
    with gr.Blocks(title="Editor", analytics_enabled=False) as page:
        gr.Markdown(_HEADER, elem_id="header")
        with gr.Tabs():
            with gr.Tab("Questions"):
                questions_tab(service, page)
            with gr.Tab("Try a question"):
                playground_tab(service)
            with gr.Tab("Index"):
                index_tab(service, page)
            with gr.Tab("Articles"):
                _articles_tab(service)
            with gr.Tab("Figures") as figures:
                _figures_tab(service, figures)
    return page


def _articles_tab(service: EditorService) -> None:
    gr.Markdown("Files that could not be read, and what you may want to mend. No finding keeps an article out.")
    check = gr.Button("Check the articles", variant="primary", elem_id="lint")
    notice = gr.Markdown(elem_id="articles-notice", elem_classes="notice")
    table = gr.Dataframe(
        label="Findings", headers=_HEADERS, datatype="str", interactive=False, wrap=True, show_search="filter",
        elem_id="findings", visible=False,
    )  # fmt: skip

    def find() -> tuple[Any, ...]:
        rows = [list(finding) for finding in service.findings()]
        message = f"{len(rows)} findings." if rows else "Nothing found; every file could be read."
        return message, gr.update(value={"headers": _HEADERS, "data": rows}, visible=bool(rows))

    check.click(show_errors(find, 1), None, [notice, table], **EVENT_OPTIONS)


def _figures_tab(service: EditorService, tab: gr.Tab) -> None:
    gr.Markdown(
        "Each build tests itself: with its own questions in other words, with the same questions and their article "
        "left out, and with the questions that you have accepted."
    )
    notice, plot = gr.Markdown(elem_classes="notice"), gr.Plot(show_label=False, elem_id="trend")

    def draw() -> tuple[Any, ...]:
        points = read_points(service.index)
        return "" if points else _NO_FIGURES, trend_figure(points)

    tab.select(show_errors(draw, 1), None, [notice, plot], **EVENT_OPTIONS)
