"""The tab that tells what visitors asked and were not answered, and lets the editor do something about it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradio as gr

from bot.corpus.decisions import accept, draft, ignore, reject
from bot.errors import QuestionError
from bot.serve.editor.editorial import Editorial
from bot.serve.editor.show_errors import QUIET, show_errors
from bot.serve.page.messages import escape_markdown
from bot.usage.proposals import Proposal, require_faq
from bot.usage.report import Gap, Report

_SPANS = {"7 days": 7, "30 days": 30, "90 days": 90}
_SHOWN = 40
_LOOKED_THROUGH, _OFFERED = 50, 8
"""Passages among which FAQs are looked for that a question may mean, and how many of these are offered."""
_WHO = "editor"
_NOTHING = "Nothing waits for you here"
_NEXT = "The next build uses it."


def questions_tab(editorial: Editorial, page: gr.Blocks) -> None:
    """The report of a span of time; its questions, each with what can be done about it; what is proposed."""
    report = gr.State(None)
    with gr.Row():
        span = gr.Radio(list(_SPANS), value="7 days", label="Asked in the last", elem_id="span")
        again = gr.Button("Look again", size="sm", scale=0, elem_id="look-again")
    summary = gr.Markdown(elem_id="summary")
    notice = gr.Markdown(elem_id="questions-notice", elem_classes="notice")
    with gr.Column(visible=False) as proposed:
        gr.Markdown("## Seem to mean a question that has its answer")
        proposal = gr.Radio([], label="Proposed", elem_id="proposals")
        with gr.Row():
            agree, disagree = (
                gr.Button("Yes, they mean the same", variant="primary", size="sm"),
                gr.Button("No, they do not", size="sm"),
            )
    gr.Markdown("## Not answered, not surely, or not well")
    with gr.Row(elem_id="questions-and-deeds"):
        gap = gr.Radio([], label="Questions", elem_id="gaps")
        with gr.Column(visible=False, elem_id="deeds") as deeds:
            detail = gr.Markdown(elem_id="detail")
            faq = gr.Radio([], label="It means the same as", elem_id="faqs")
            means = gr.Button("It means this FAQ", variant="primary", elem_id="means")
            write = gr.Button("A FAQ has to be written", elem_id="write")
            unwanted = gr.Button("Not for us", elem_id="unwanted")
    further = gr.Markdown(elem_id="further")
    shown = [report, summary, gap, proposal, proposed, deeds, further]

    def look(days: str) -> tuple[Any, ...]:
        return _shown(editorial.report(_SPANS.get(days, 7)))

    def doing(deed: Callable[..., Path], told_of: str) -> Callable[..., tuple[Any, ...]]:
        """Do something about the question that is chosen, and look again."""

        def do(days: str, *chosen: Any) -> tuple[Any, ...]:
            if any(value is None for value in chosen):
                return "Choose one first.", *[gr.skip() for _ in shown]
            return f"Written to {escape_markdown(deed(*chosen).name)}. {told_of}", *look(days)

        return show_errors(do, len(shown))

    gr.on(
        [page.load, span.change, again.click],
        show_errors(lambda days: ("", *look(days)), len(shown)),
        [span],
        [notice, *shown],
        **QUIET,
    )
    gap.change(_detail_of(editorial), [report, gap], [deeds, detail, faq, means], **QUIET)
    means.click(doing(_accepting(editorial), _NEXT), [span, gap, faq], [notice, *shown], **QUIET)
    write.click(
        doing(lambda question: draft(editorial.corpus, question), "Write its answer there."),
        [span, gap],
        [notice, *shown],
        **QUIET,
    )
    unwanted.click(
        doing(lambda question: ignore(editorial.corpus, question), "It is not told again."),
        [span, gap],
        [notice, *shown],
        **QUIET,
    )
    agree.click(doing(_of_proposal(_accepting(editorial)), _NEXT), [span, proposal], [notice, *shown], **QUIET)
    disagree.click(
        doing(_of_proposal(lambda *pair: reject(editorial.corpus, *pair)), "It is not proposed again."),
        [span, proposal],
        [notice, *shown],
        **QUIET,
    )


def _accepting(editorial: Editorial) -> Callable[[str, str], Path]:
    def accept_faq(question: str, passage: str) -> Path:
        return accept(editorial.corpus, question, require_faq(editorial.bot.generation.table, passage), who=_WHO)

    return accept_faq


def _of_proposal(deed: Callable[[str, str], Path]) -> Callable[[str], Path]:
    """What is chosen of the proposals is question and passage in one."""
    return lambda chosen: deed(*chosen.split("\n", 1))


def _shown(report: Report) -> tuple[Any, ...]:
    gaps, proposals = report.gaps[:_SHOWN], report.proposals
    return (
        report, _summary(report),
        gr.update(choices=[(_label(gap), gap.question) for gap in gaps], value=None, visible=bool(gaps)),
        gr.update(choices=[(_proposal(one), f"{one.question}\n{one.passage}") for one in proposals], value=None),
        gr.update(visible=bool(proposals)), gr.update(visible=False), _further(report),
    )  # fmt: skip


def _summary(report: Report) -> str:
    day = datetime.fromtimestamp(report.since, UTC).strftime("%d %B")
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in report.statuses.items())
    asked = f"**{report.questions} questions** since {day}{f': {counts}' if counts else ''}."
    waiting = len(report.gaps) + report.further_gaps
    return f"{asked} {f'**{waiting}** wait for you' if waiting else _NOTHING}{f'; the {_SHOWN} asked most are shown' if waiting > _SHOWN else ''}."


def _label(gap: Gap) -> str:
    return f"{gap.question}  ·  {gap.times}× ({_trend(gap.times, gap.before)})"


def _trend(times: int, before: int) -> str:
    return "new" if before == 0 else f"{times - before:+d}"


def _proposal(one: Proposal) -> str:
    return f"{one.question} → {one.asks}  ·  {one.conversations} visitors, {one.signs} signs"


def _detail_of(editorial: Editorial) -> Callable[[Report | None, str | None], tuple[Any, ...]]:
    """What is known of the question that is chosen, and the FAQs that it may mean."""

    def detail(report: Report | None, question: str | None) -> tuple[Any, ...]:
        gap = next((gap for gap in report.gaps if gap.question == question), None) if report else None
        if gap is None:
            return gr.update(visible=False), "", gr.skip(), gr.skip()
        faqs = _near_faqs(editorial, gap.question)
        return (
            gr.update(visible=True),
            _detail(gap),
            gr.update(choices=faqs, value=None, visible=bool(faqs)),
            gr.update(visible=bool(faqs)),
        )

    return detail


def _near_faqs(editorial: Editorial, question: str) -> list[tuple[str, str]]:
    """The FAQs nearest to a question, and the id of each."""
    try:
        hits = editorial.bot.retriever.finder().find(question, _LOOKED_THROUGH).hits
    except QuestionError:
        return []
    return [(hit.passage.question, hit.passage.id) for hit in hits if hit.passage.question][:_OFFERED]


def _detail(gap: Gap) -> str:
    kinds = {
        "not answered": gap.unanswered,
        "several meanings": gap.ambiguous,
        "unsure": gap.unsure,
        "not helpful": gap.unhelpful,
    }
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    also = "".join(f"\n* {escape_markdown(example)}" for example in gap.examples[1:])
    near = "".join(f"\n* {near.probability:.2f} {escape_markdown(near.about)}" for near in gap.nearest)
    lines = [
        f"### {escape_markdown(gap.question)}",
        f"Asked {gap.times} times by {gap.conversations} visitors: {counts}.",
        f"Why: {escape_markdown(gap.why)}.",
    ]
    lines += [f"Also asked as:\n{also}"] if also else []
    lines += [f"The nearest passages:\n{near}"] if near else []
    return "\n\n".join(lines)


def _further(report: Report) -> str:
    """What else there is to know."""
    parts = {
        "Asked most": [
            f"{one.times}× ({_trend(one.times, one.before)}) {escape_markdown(one.question)}"
            for one in report.most_asked
        ],
        "No longer help": [
            f"{escape_markdown(one.passage)}: {one.helpful} helpful, {one.unhelpful} not" for one in report.turned
        ],
        "Found by a repaired spelling only": [escape_markdown(passage) for passage in report.only_corrected[:_SHOWN]],
    }
    show_errors = [
        f"## {title}\n\n" + "\n".join(f"* {line}" for line in lines) for title, lines in parts.items() if lines
    ]
    return "\n\n".join([*show_errors, f"FAQs that answered nothing: {len(report.never_found)} of {report.faqs}."])
