"""The editor's page: a Gradio application of its own, behind its own sign-in."""

from datetime import date
from typing import Any

import gradio as gr

from bot.evaluation.plot import trend_figure
from bot.evaluation.trend import read_points
from bot.serve.editor.events import EVENT_OPTIONS, connect
from bot.serve.editor.publishing import publish_bar
from bot.serve.editor.question_html import answer_html, block, candidates_html, tally_html
from bot.serve.editor.service import EditorService
from bot.serve.editor.tabs.correct_tab import correct_tab
from bot.serve.editor.tabs.faqs_tab import faqs_tab
from bot.serve.editor.tabs.history_tab import history_tab
from bot.serve.editor.tabs.index_tab import index_tab
from bot.serve.editor.tabs.questions_tab import questions_tab
from bot.serve.editor.tabs.starters_tab import starters_tab
from bot.serve.page.messages import escape_markdown

_CANDIDATES = 10  # number of nearest passages that are shown for a question that is tried
_HEADERS = ["what", "where", "why"]
_LEGEND = (
    "What visitors got in the last eight weeks. *Answered*: words that answer, with their source. *Closest passage "
    "only*: shown as words that may not answer. *Refused*: the articles do not answer, or it was not clear what was "
    "meant. Percentages are shares of the questions asked, or of the votes given."
)
_NO_FIGURES = "No build has recorded figures yet; the next one will."


def create_editor(service: EditorService) -> gr.Blocks:
    """Create the page with its tabs."""
    page: gr.Blocks
    with gr.Blocks(title="Editor", analytics_enabled=False) as page:
        with gr.Row(elem_id="header"):
            gr.Markdown("# Editor")
            who = gr.Markdown(elem_id="who")
            gr.Button("Sign out", link="sign-out", size="sm", scale=0, min_width=90, elem_id="sign-out")
        bar = publish_bar(service, page)
        # Outside of the tabs, whose content is in the page only once they are open.
        wanted = gr.Textbox(lines=2, visible="hidden", elem_id="wanted")
        with gr.Tabs() as tabs:
            with gr.Tab("Questions", id="questions"):
                questions = questions_tab(service, page, bar)
            with gr.Tab("Write FAQs", id="faqs"):
                faqs_tab(service, page, tabs, bar, questions)
            with gr.Tab("Correct words", id="correct"):
                correct_tab(service, tabs, bar, questions, wanted)
            with gr.Tab("Try a question"):
                _playground_tab(service)
            with gr.Tab("Starters") as starters:
                starters_tab(service, starters)
            with gr.Tab("History") as history:
                history_tab(service, history, bar)
            with gr.Tab("Index") as index:
                index_tab(service, index, bar)
            with gr.Tab("Articles"):
                _articles_tab(service)
            with gr.Tab("Figures") as figures:
                _figures_tab(service, figures)
        page.load(_greet, None, [who], **EVENT_OPTIONS)
    return page


def _greet(request: gr.Request) -> str:
    return escape_markdown(request.username or "")


def _playground_tab(service: EditorService) -> None:
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

    connect(check.click, find, None, [notice, table])


def _figures_tab(service: EditorService, tab: gr.Tab) -> None:
    """Create the tables of what visitors got, and the plot of what each build answers."""
    gr.Markdown(_LEGEND)
    tables = gr.Markdown(elem_id="tallies")
    with gr.Row():
        gr.Button("Download as CSV", link="figures.csv", size="sm", scale=0, elem_id="download-figures")
    gr.Markdown(
        "## What each build answers\n\nEach build tests itself: with its own questions in other words, with the same "
        "questions and their article left out, and with the questions that you have accepted."
    )
    notice = gr.Markdown(elem_classes="notice")
    plot = gr.Plot(show_label=False, elem_id="trend", visible=False)

    def draw() -> tuple[Any, ...]:
        points = read_points(service.index)
        by_week, by_category = service.tallies()
        weeks = {f"Week of {date.fromisoformat(monday):%d %B}": one for monday, one in by_week.items()}
        shown = tally_html("week", weeks) + tally_html("category of the answer", by_category)
        trend = gr.update(value=trend_figure(points), visible=bool(points))
        return "" if points else _NO_FIGURES, block(shown), trend

    connect(tab.select, draw, None, [notice, tables, plot])
