"""The tab of the questions that visitors asked, with what they saw and what an editor can decide about each."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from bot.corpus.decisions.actions import accept, ignore, reject
from bot.index.generation import require_passage
from bot.serve.editor.downloads import Kind
from bot.serve.editor.events import connect
from bot.serve.editor.publishing import PublishBar, bar_state
from bot.serve.editor.service import EditorService
from bot.serve.page.messages import escape_markdown
from bot.usage.report import Report
from bot.usage.report_text import trend
from bot.usage.seen import SeenQuestion

_PERIODS = {"7 days": 7, "30 days": 30, "90 days": 90}
_WAITING, _MOST_ASKED, _UNHELPFUL = "Waiting for you", "Most asked, as answered", "Voted not helpful"
_KINDS: dict[str, Kind] = {_WAITING: "waiting", _MOST_ASKED: "asked", _UNHELPFUL: "unhelpful"}
_MAX_QUESTIONS, _MAX_ASKED_AGAIN = 40, 20
_NEXT_BUILD = "Visitors get it once it is published."
_IGNORED = "Written to {}. Neither this question nor one with its meaning is reported again."
_REJECTED = "Written to {}. It is not proposed again."
_LONGEST = 100  # maximum number of characters shown of an answer in the list


class QuestionsTab(NamedTuple):
    """The components that another tab uses."""

    chosen: gr.Radio
    write: gr.Button
    passage: gr.Radio
    correct: gr.Button
    notice: gr.Markdown


def questions_tab(service: EditorService, page: gr.Blocks, bar: PublishBar) -> QuestionsTab:
    """Create the list of questions of a period, the decisions about each, and the proposed alternates."""
    report = gr.State(None)
    with gr.Row(elem_id="choice"):
        period = gr.Radio(list(_PERIODS), value="7 days", label="Asked in the last", elem_id="period")
        kind = gr.Radio([_WAITING, _MOST_ASKED, _UNHELPFUL], value=_WAITING, label="Show", elem_id="kind")
        refresh = gr.Button("Refresh", size="sm", scale=0, elem_id="refresh")
    with gr.Row(elem_id="counted"):
        summary = gr.Markdown(elem_id="summary")
        download = gr.Button("Download as CSV", size="sm", scale=0, elem_id="download-questions")
    with gr.Row(elem_id="decided"):
        notice = gr.Markdown(elem_id="questions-notice", elem_classes="notice")
        back = gr.Button("Undo", size="sm", scale=0, visible=False, elem_id="undo-last")
    with gr.Column(visible=False) as proposed:
        gr.Markdown("## Seem to mean an existing FAQ")
        proposal = gr.Radio([], label="Proposed", elem_id="proposals")
        with gr.Row():
            agree = gr.Button("Yes, they mean the same", variant="primary", size="sm")
            disagree = gr.Button("No, they do not", size="sm")
    with gr.Row(elem_id="questions-and-actions"):
        gap = gr.Radio([], label="Questions", elem_id="gaps")
        with gr.Column(visible=False, elem_id="actions") as actions:
            detail = gr.Markdown(elem_id="detail")
            passage = gr.Radio([], label="Passages that may answer it", elem_id="faqs")
            words = gr.Textbox(
                label="Search all FAQs and sections", submit_btn="Search", max_lines=1, elem_id="find-passage"
            )
            with gr.Row():
                means = gr.Button("This passage answers it", variant="primary", elem_id="means")
                correct = gr.Button("Correct these words", elem_id="correct")
            with gr.Row(elem_id="decide"):
                write = gr.Button("Write a FAQ", elem_id="write", min_width=100)
                unwanted = gr.Button("Not for us", elem_id="unwanted", min_width=100)
    shown = [report, summary, download, gap, proposal, proposed, actions, gr.Markdown(elem_id="further")]
    outputs = [notice, back, *bar, *shown]

    def show(days: str, which: str) -> tuple[Any, ...]:
        return _report(service, _PERIODS.get(days, 7), which)

    def on_click(button: gr.Button, decide: Callable[..., str], *choices: gr.Radio) -> None:
        def handle(who: str, days: str, which: str, *chosen: str) -> tuple[Any, ...]:
            said = escape_markdown(decide(who, *chosen))
            return said, gr.update(visible=button is not back), *bar_state(service), *show(days, which)

        connect(button.click, handle, [period, kind, *choices], outputs, signed=True, chosen=True)

    def load(days: str, which: str) -> tuple[Any, ...]:
        return "", gr.update(visible=False), *show(days, which)

    def find(typed: str) -> tuple[Any, ...]:
        return "", gr.update(choices=service.search(typed), value=None, visible=True)

    changed = partial(gr.on, [page.load, period.change, kind.change, refresh.click])
    connect(changed, load, [period, kind], [notice, back, *shown])
    connect(gap.change, partial(_choose, service), [report, period, gap], [notice, actions, detail, passage])
    connect(words.submit, find, [words], [notice, passage])
    on_click(means, lambda *chosen: _accepted(service, *chosen), gap, passage)
    on_click(unwanted, lambda who, question: _IGNORED.format(ignore(service.corpus, question, who=who).name), gap)
    on_click(agree, lambda who, pair: _accepted(service, who, *pair.split("\n", 1)), proposal)
    on_click(
        disagree,
        lambda who, pair: _REJECTED.format(reject(service.corpus, *pair.split("\n", 1), who=who).name),
        proposal,
    )
    on_click(back, lambda who: f"Undone: “{service.undo_last(who).question}”.")
    return QuestionsTab(gap, write, passage, correct, notice)


def _accepted(service: EditorService, who: str, question: str, passage: str) -> str:
    known = require_passage(service.bot.generation.table, passage)
    return f"Written to {accept(service.corpus, question, known.id, who=who).name}. {_NEXT_BUILD}"


def _report(service: EditorService, days: int, kind: str) -> tuple[Any, ...]:
    report = service.report(days)
    proposals = []
    for each in report.proposals:
        label = f"{each.question} → {each.asks}  ·  {each.conversations} visitors, {each.signs} signs"
        proposals.append((label, f"{each.question}\n{each.passage}"))
    choices = _questions(service, report, days, kind)
    return (
        report, _summary(report), gr.update(link=f"questions.csv?days={days}&kind={_KINDS[kind]}"),
        gr.update(choices=choices, value=None, visible=bool(choices), label=kind),
        gr.update(choices=proposals, value=None), gr.update(visible=bool(proposals) and kind == _WAITING),
        gr.update(visible=False), _further(report),
    )  # fmt: skip


def _questions(service: EditorService, report: Report, days: int, kind: str) -> list[tuple[str, str]]:
    """Return the questions that wait, or were asked most or voted on, with what visitors see today."""
    if kind == _WAITING:
        gaps = report.gaps[:_MAX_QUESTIONS]
        return [(f"{gap.question}\n{gap.times}× ({trend(gap.times, gap.before)})", gap.question) for gap in gaps]
    seen = service.seen(days, only_unhelpful=kind == _UNHELPFUL)
    if kind == _UNHELPFUL:
        return [(_label(each), each.question) for each in seen[:_MAX_QUESTIONS]]
    return [(f"{_label(each)}\n{_today(service, each)}", each.question) for each in seen[:_MAX_ASKED_AGAIN]]


def _label(seen: SeenQuestion) -> str:
    votes = {"helpful": seen.helpful, "not helpful": seen.unhelpful}
    said = "".join(f", {count} {kind}" for kind, count in votes.items() if count)
    return f"{seen.question}\n{seen.times}× · {seen.answers[0].certainty}{said}"


def _today(service: EditorService, seen: SeenQuestion) -> str:
    words = " ".join(service.bot.ask(seen.question).text.split())
    return f"“{words[:_LONGEST]}{'…' if len(words) > _LONGEST else ''}”" if words else "No answer today"


def _summary(report: Report) -> str:
    day = datetime.fromtimestamp(report.since, UTC).strftime("%d %B")
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in report.statuses.items())
    asked = f"**{report.questions} questions** since {day}{f': {counts}' if counts else ''}."
    waiting = len(report.gaps) + report.further_gaps
    if not waiting:
        return f"{asked} Nothing waits for you here."
    limit = f"; the {_MAX_QUESTIONS} asked most are shown" if waiting > _MAX_QUESTIONS else ""
    return f"{asked} **{waiting}** wait for you{limit}."


def _choose(service: EditorService, report: Report | None, days: str, question: str | None) -> tuple[Any, ...]:
    """Show the details of the chosen question and the passages that may answer it."""
    if report is None or question is None:
        # A decision empties the choice, and what it says should stay.
        return gr.skip(), gr.update(visible=False), "", gr.skip()
    gap = next((gap for gap in report.gaps if gap.question == question), None)
    detail, choices = service.describe(_PERIODS.get(days, 7), question, gap), service.candidates(question)
    return "", gr.update(visible=True), detail, gr.update(choices=choices, value=None, visible=bool(choices))


def _further(report: Report) -> str:
    turned = [f"{each.passage}: {each.helpful} helpful, {each.unhelpful} not" for each in report.turned]
    corrected = report.only_corrected[:_MAX_QUESTIONS]
    parts = {"No longer help": turned, "Found only after a spelling correction": corrected}
    lists = {title: "\n".join(f"* {escape_markdown(line)}" for line in lines) for title, lines in parts.items()}
    shown = [f"## {title}\n\n{lines}" for title, lines in lists.items() if lines]
    return "\n\n".join([*shown, f"FAQs that answered nothing: {len(report.never_found)} of {report.faqs}."])
