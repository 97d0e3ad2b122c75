"""What `articlebot build` reports: what changed, and how well the new index answers."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.answering.bot import Bot
from bot.cli.output import count, count_kinds, print_facts, say_refusals, table
from bot.corpus.refused import write_refused
from bot.retrieval.retriever import Retriever
from bot.settings import AnswerSettings

if TYPE_CHECKING:
    from bot.build.build import BuildReport
    from bot.evaluation.evaluate import Figures
    from bot.index.manifest import ChangedArticles, Changes

_SHOWN_IDS = 5  # maximum number of article ids on a line


def test_and_report(report: "BuildReport", corpus: Path, index: Path, as_json: bool) -> None:
    """Test a new index, record its figures and print what the build did."""
    refusals = index / "generations" / report.generation / "refused.json"
    if not report.published:
        refusals = index / "dry-run-refused.json"
        write_refused(refusals, report.refused)
    say_refusals(report.refused, str(refusals))
    tested = _self_test(index) if report.built and report.published else []
    accepted = _record_figures(corpus, index, report, tested) if tested else None
    facts = {**_facts(report, tested), "accepted": accepted}
    print_facts(facts, as_json, lambda: "\n".join(_lines(report, tested, accepted)))


def _self_test(index: Path) -> list[dict[str, Any]]:
    from bot.evaluation.self_test import self_test

    return [asdict(coverage) for coverage in self_test(Retriever.open(index).finder())]


def _record_figures(corpus: Path, index: Path, report: "BuildReport", tested: list[dict[str, Any]]) -> "Figures | None":
    """Append the build's figures to the trend, and return the figures of accepted alternates, if any."""
    from bot.evaluation.trend import accepted_alternates_metrics, add_point, point_of

    figures = accepted_alternates_metrics(Bot.open(index), corpus)
    at_threshold = next(row for row in tested if row["threshold"] == AnswerSettings().threshold)
    manifest = report.manifest
    add_point(index, point_of(manifest.created, report.generation, manifest.passages, at_threshold, figures))
    return figures


def _facts(report: "BuildReport", tested: list[dict[str, Any]]) -> dict[str, Any]:
    manifest = report.manifest
    return {
        "generation": report.generation,
        "up_to_date": not report.built,
        "published": report.published,
        "articles": manifest.articles,
        "passages": manifest.passages,
        "vectors": manifest.vectors,
        "encoded": report.encoded,
        "question_encoder": manifest.question_encoder,
        "languages": list(manifest.settings.languages),
        "changes": asdict(manifest.changes) if report.built and manifest.changes else None,
        "refused": [asdict(each) for each in report.refused],
        "self_test": tested,
    }


def _lines(report: "BuildReport", tested: list[dict[str, Any]], accepted: "Figures | None") -> list[str]:
    manifest = report.manifest
    size = f"{count(manifest.articles, 'article')}, {count(manifest.passages, 'passage')}"
    if not report.built:
        return [f"Nothing changed; the index is up to date: {size}"]
    done = f"built {report.generation}" if report.published else "dry run, nothing published"
    work = f"{count(report.encoded, 'text')} encoded, {count_kinds(report.refused)}"
    return [f"{done}: {size}, {work}", *_change_lines(manifest.changes), *_self_test_lines(tested, accepted)]


def _change_lines(changes: "Changes | None") -> list[str]:
    """Return a line for each kind of change to articles, and one for each saved question whose answer changed."""
    if changes is None:
        return []
    kinds = {"new": changes.new, "edited": changes.edited, "removed": changes.removed, "moved": changes.moved}
    lines = [f"{name}: {_article_ids(articles)}" for name, articles in kinds.items() if articles.count]
    answers = changes.answers
    if answers.questions:
        lines.append(f"changed answers: {len(answers.changed)} of {count(answers.questions, 'saved question')}")
    lines += [f"  {one.question}: {one.before or 'no answer'} → {one.now or 'no answer'}" for one in answers.changed]
    return lines or ["no article changed"]


def _article_ids(articles: "ChangedArticles") -> str:
    shown = ", ".join(articles.ids[:_SHOWN_IDS])
    return f"{count(articles.count, 'article')} ({shown}{', …' if articles.count > _SHOWN_IDS else ''})"


def _self_test_lines(rows: list[dict[str, Any]], accepted: "Figures | None") -> list[str]:
    if not rows:
        return []
    names = ("threshold", "answered", "accuracy", "refused")
    cells = [[_cell(name, row[name]) for name in names] for row in rows]
    head = "self-test: the index's own questions, reworded (answered, accuracy) or without their article (refused);"
    lines = ["", head, f"the bot answers from a probability of {AnswerSettings().threshold:g}", *table(names, cells)]
    if accepted:
        found = f"{100 * (accepted['hit@1'] or 0):.1f} %"
        lines += ["", f"accepted questions: {found} of {accepted['questions']:g} find their FAQ first"]
    return lines


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if name == "threshold" else f"{100 * value:.0f} %"
