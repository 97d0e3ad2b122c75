"""The tab of the questions that were not answered well, with what an editor can decide about each."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from bot.corpus.decisions import draft, ignore, reject
from bot.errors import QuestionError
from bot.serve.editor.events import EVENT_OPTIONS, show_errors
from bot.serve.editor.service import EditorService
from bot.serve.page.messages import escape_markdown
from bot.usage.gaps import Gap
from bot.usage.report import Report
from bot.usage.report_text import trend

_PERIODS = {"7 days": 7, "30 days": 30, "90 days": 90}
_MAX_QUESTIONS = 40
_CANDIDATES, _MAX_FAQS = 50, 8
"""Number of passages searched for FAQs that a question may mean, and number of these FAQs offered."""
_NEXT_BUILD = "The next build uses it."


def questions_tab(service: EditorService, page: gr.Blocks) -> None:
    """Create the report of a period: its questions with the decisions about each, and proposed alternates."""
    report = gr.State(None)
    with gr.Row():
        period = gr.Radio(list(_PERIODS), value="7 days", label="Asked in the last", elem_id="period")
        refresh = gr.Button("Refresh", size="sm", scale=0, elem_id="refresh")
    summary = gr.Markdown(elem_id="summary")
    notice = gr.Markdown(elem_id="questions-notice", elem_classes="notice")
    with gr.Column(visible=False) as proposed:
        gr.Markdown("## Seem to mean an existing FAQ")
        proposal = gr.Radio([], label="Proposed", elem_id="proposals")
        with gr.Row():
            agree = gr.Button("Yes, they mean the same", variant="primary", size="sm")
            disagree = gr.Button("No, they do not", size="sm")
    gr.Markdown("## Not answered, not surely, or not well")
    with gr.Row(elem_id="questions-and-actions"):
        gap = gr.Radio([], label="Questions", elem_id="gaps")
        with gr.Column(visible=False, elem_id="actions") as actions:
            detail = gr.Markdown(elem_id="detail")
            faq = gr.Radio([], label="It means the same as", elem_id="faqs")
            means = gr.Button("It means this FAQ", variant="primary", elem_id="means")
            write = gr.Button("A FAQ has to be written", elem_id="write")
            unwanted = gr.Button("Not for us", elem_id="unwanted")
    outputs = [report, summary, gap, proposal, proposed, actions, gr.Markdown(elem_id="further")]

    def show(days: str) -> tuple[Any, ...]:
        return _report(service.report(_PERIODS.get(days, 7)))

    def on_click(button: gr.Button, decide: Callable[..., Path], then: str, *choices: gr.Radio) -> None:
        def handle(days: str, *chosen: str | None) -> tuple[Any, ...]:
            if None in chosen:
                return "Choose one first.", *[gr.skip() for _ in outputs]
            return f"Written to {escape_markdown(decide(*chosen).name)}. {then}", *show(days)

        button.click(show_errors(handle, len(outputs)), [period, *choices], [notice, *outputs], **EVENT_OPTIONS)

    shown = show_errors(lambda days: ("", *show(days)), len(outputs))
    gr.on([page.load, period.change, refresh.click], shown, [period], [notice, *outputs], **EVENT_OPTIONS)
    gap.change(lambda *chosen: _choose(service, *chosen), [report, gap], [actions, detail, faq, means], **EVENT_OPTIONS)
    on_click(means, service.accept, _NEXT_BUILD, gap, faq)
    on_click(write, partial(draft, service.corpus), "Write its answer there.", gap)
    on_click(unwanted, partial(ignore, service.corpus), "It is not reported again.", gap)
    on_click(agree, lambda pair: service.accept(*_unpack(pair)), _NEXT_BUILD, proposal)
    on_click(disagree, lambda pair: reject(service.corpus, *_unpack(pair)), "It is not proposed again.", proposal)


def _report(report: Report) -> tuple[Any, ...]:
    gaps, proposals = report.gaps[:_MAX_QUESTIONS], report.proposals
    gap_choices = [(f"{gap.question}  ·  {gap.times}× ({trend(gap.times, gap.before)})", gap.question) for gap in gaps]
    proposal_choices = []
    for each in proposals:
        label = f"{each.question} → {each.asks}  ·  {each.conversations} visitors, {each.signs} signs"
        proposal_choices.append((label, f"{each.question}\n{each.passage}"))
    return (
        report, _summary(report), gr.update(choices=gap_choices, value=None, visible=bool(gaps)),
        gr.update(choices=proposal_choices, value=None), gr.update(visible=bool(proposals)), gr.update(visible=False),
        _further(report),
    )  # fmt: skip


def _unpack(choice: str) -> tuple[str, str]:
    """Return question and passage of the proposal that is the value of a choice."""
    question, passage = choice.split("\n", 1)
    return question, passage


def _summary(report: Report) -> str:
    day = datetime.fromtimestamp(report.since, UTC).strftime("%d %B")
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in report.statuses.items())
    asked = f"**{report.questions} questions** since {day}{f': {counts}' if counts else ''}."
    waiting = len(report.gaps) + report.further_gaps
    if not waiting:
        return f"{asked} Nothing waits for you here."
    limit = f"; the {_MAX_QUESTIONS} asked most are shown" if waiting > _MAX_QUESTIONS else ""
    return f"{asked} **{waiting}** wait for you{limit}."


def _choose(service: EditorService, report: Report | None, question: str | None) -> tuple[Any, ...]:
    """Show the details of the chosen question and the FAQs that it may mean."""
    gap = next((gap for gap in report.gaps if gap.question == question), None) if report else None
    if gap is None:
        return gr.update(visible=False), "", gr.skip(), gr.skip()
    faqs = _nearest_faqs(service, gap.question)
    choices = gr.update(choices=faqs, value=None, visible=bool(faqs))
    return gr.update(visible=True), _detail(gap), choices, gr.update(visible=bool(faqs))


def _nearest_faqs(service: EditorService, question: str) -> list[tuple[str, str]]:
    """Return question and passage id of the FAQs nearest to a question."""
    try:
        hits = service.bot.retriever.finder().find(question, _CANDIDATES).hits
    except QuestionError:
        return []
    return [(hit.passage.question, hit.passage.id) for hit in hits if hit.passage.question][:_MAX_FAQS]


def _detail(gap: Gap) -> str:
    kinds = {
        "not answered": gap.unanswered, "closest passage only": gap.closest, "several meanings": gap.ambiguous,
        "unsure": gap.unsure, "not helpful": gap.unhelpful,
    }  # fmt: skip
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    parts = [
        f"### {escape_markdown(gap.question)}",
        f"Asked {gap.times} times by {gap.conversations} visitors: {counts}.",
        f"Why: {escape_markdown(gap.why)}.",
    ]
    if also := [escape_markdown(example) for example in gap.examples[1:]]:
        parts.append(f"Also asked as:\n\n{_list(also)}")
    if near := [f"{each.probability:.2f} {escape_markdown(each.about)}" for each in gap.nearest]:
        parts.append(f"The nearest passages:\n\n{_list(near)}")
    return "\n\n".join(parts)


def _further(report: Report) -> str:
    """Return the rest of the report as Markdown."""
    asked = [f"{each.times}× ({trend(each.times, each.before)}) {each.question}" for each in report.most_asked]
    turned = [f"{each.passage}: {each.helpful} helpful, {each.unhelpful} not" for each in report.turned]
    corrected = report.only_corrected[:_MAX_QUESTIONS]
    parts = {"Asked most": asked, "No longer help": turned, "Found only after a spelling correction": corrected}
    lists = [f"## {title}\n\n{_list(map(escape_markdown, lines))}" for title, lines in parts.items() if lines]
    return "\n\n".join([*lists, f"FAQs that answered nothing: {len(report.never_found)} of {report.faqs}."])


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines)
