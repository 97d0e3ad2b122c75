"""The editor's page: its own Gradio application, with its own sign-in."""

from typing import Any

import gradio as gr

from bot.evaluation.plot import trend_figure
from bot.evaluation.trend import read_points
from bot.serve.editor.editorial import Editorial
from bot.serve.editor.generations import generations_tab
from bot.serve.editor.playground import playground_tab
from bot.serve.editor.questions import questions_tab
from bot.serve.editor.show_errors import QUIET, show_errors
from bot.serve.page.head_middleware import file_of_page

TITLE = "Editor"
_HEADERS = ["what", "where", "why"]
_NO_POINTS = "No build has written figures down yet: the next one does."


def create_editor(editorial: Editorial) -> gr.Blocks:
    """The page: what was asked, a question to try, the index, the articles, and how builds answered over time."""
    page: gr.Blocks
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.Markdown(
            '<div class="top"><h1>Editor</h1><a href="/editor/sign-out" target="_self">Sign out</a></div>',
            elem_id="header",
        )
        with gr.Tabs():
            with gr.Tab("Questions"):
                questions_tab(editorial, page)
            with gr.Tab("Try a question"):
                playground_tab(editorial)
            with gr.Tab("Index"):
                generations_tab(editorial, page)
            with gr.Tab("Articles"):
                _articles_tab(editorial)
            with gr.Tab("Figures") as figures:
                _figures_tab(editorial, figures)
    return page


def editor_style() -> str:
    """The page's style sheet."""
    return file_of_page("editor.css", "bot.serve.editor")


def _articles_tab(editorial: Editorial) -> None:
    gr.Markdown("What could not be read, and what an editor may want to mend: nothing of it keeps an article out.")
    look = gr.Button("Look through the articles", variant="primary", elem_id="lint")
    notice = gr.Markdown(elem_id="articles-notice", elem_classes="notice")
    findings = gr.Dataframe(
        label="Findings",
        headers=_HEADERS,
        datatype="str",
        interactive=False,
        wrap=True,
        show_search="filter",
        elem_id="findings",
        visible=False,
    )

    def looked() -> tuple[Any, ...]:
        rows = [list(finding) for finding in editorial.findings()]
        return f"{len(rows)} findings." if rows else "Nothing found: all could be read.", gr.update(
            value={"headers": _HEADERS, "data": rows}, visible=bool(rows)
        )

    look.click(show_errors(looked, 1), None, [notice, findings], **QUIET)


def _figures_tab(editorial: Editorial, tab: gr.Tab) -> None:
    gr.Markdown(
        "Each build asks itself: its own questions in other words, the same with their article left out, and the questions that you have accepted."
    )
    notice, plot = gr.Markdown(elem_classes="notice"), gr.Plot(show_label=False, elem_id="trend")

    def drawn() -> tuple[Any, ...]:
        points = read_points(editorial.index)
        return "" if points else _NO_POINTS, trend_figure(points)

    tab.select(show_errors(drawn, 1), None, [notice, plot], **QUIET)
