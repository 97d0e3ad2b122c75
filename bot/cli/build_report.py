"""What `articlebot build` reports: what changed, and how well the new index answers."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.answering.bot import Bot
from bot.cli.output import count, count_kinds, print_facts, say_refusals
from bot.corpus.refused import write_refused
from bot.settings import AnswerSettings

if TYPE_CHECKING:
    from bot.build.build import BuildReport
    from bot.build.generation_writer import BuildPlan
    from bot.evaluation.evaluate import Figures
    from bot.index.manifest import ChangedArticles, Changes

_DRY_RUN_REFUSED = "dry-run-refused.json"
_UP_TO_DATE = "Nothing changed; the index is up to date"
_SHOWN_IDS = 5  # maximum number of article ids on a line


def report_plan(plan: "BuildPlan | None", index: Path, as_json: bool) -> None:
    """Print what a build would do; nothing if the index is up to date."""
    if plan is None:
        print_facts({"up_to_date": True, "published": False}, as_json, lambda: _UP_TO_DATE)
        return
    write_refused(index / _DRY_RUN_REFUSED, plan.refused)
    say_refusals(plan.refused, str(index / _DRY_RUN_REFUSED))
    size = f"{count(plan.articles, 'article')}, {count(plan.passages, 'passage')}"
    work = f"{count(plan.to_encode, 'text')} to encode, {count_kinds(plan.refused)}"
    lines = [f"dry run, nothing published: {size}, {work}", *_change_lines(plan.changes)]
    print_facts({"up_to_date": False, "published": False, **asdict(plan)}, as_json, lambda: "\n".join(lines))


def test_and_report(report: "BuildReport", corpus: Path, index: Path, answers: AnswerSettings, as_json: bool) -> None:
    """Test a new index, record its figures and print what the build did."""
    refusals = index / "generations" / report.generation / "refused.json"
    if not report.published:
        refusals = index / _DRY_RUN_REFUSED
        write_refused(refusals, report.refused)
    say_refusals(report.refused, str(refusals))
    is_new = report.built and report.published
    tested, accepted = _measured(report, corpus, index, answers) if is_new else (None, None)
    facts = {**_facts(report, tested), "accepted": accepted}
    print_facts(facts, as_json, lambda: "\n".join(_lines(report, tested, accepted)))


def _measured(
    report: "BuildReport", corpus: Path, index: Path, answers: AnswerSettings
) -> "tuple[dict[str, Any], Figures | None]":
    """Return the figures of the self-test and of accepted alternates, if any, and append both to the trend."""
    from bot.evaluation.self_test import self_test
    from bot.evaluation.trend import accepted_alternates_metrics, add_point, point_of

    bot, manifest = Bot.open(index, settings=answers), report.manifest
    (point,) = self_test(bot.retriever.finder(), (answers.threshold,))
    tested, accepted = asdict(point), accepted_alternates_metrics(bot, corpus)
    add_point(index, point_of(manifest.created, report.generation, manifest.passages, tested, accepted))
    return tested, accepted


def _facts(report: "BuildReport", tested: dict[str, Any] | None) -> dict[str, Any]:
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


def _lines(report: "BuildReport", tested: dict[str, Any] | None, accepted: "Figures | None") -> list[str]:
    manifest = report.manifest
    size = f"{count(manifest.articles, 'article')}, {count(manifest.passages, 'passage')}"
    if not report.built:
        return [f"{_UP_TO_DATE}: {size}"]
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


def _self_test_lines(tested: dict[str, Any] | None, accepted: "Figures | None") -> list[str]:
    """Return one sentence on the new index's own questions, and one on those that editors accepted."""
    lines = []
    if tested and tested["answered"] is not None:
        shares = (tested[name] for name in ("answered", "accuracy", "refused"))
        answered, right, refused = ("none" if share is None else f"{100 * share:.0f} %" for share in shares)
        lines.append(
            f"self-test: of the articles' own questions in other words {answered} are answered, {right} of them"
            f" rightly; with their own article left out, {refused} are refused; if this falls from build to build, see"
            " which articles changed, and measure with articlebot eval before you move the threshold of"
            f" {tested['threshold']:g}"
        )
    if accepted:
        found = f"{100 * (accepted['hit@1'] or 0):.1f} %"
        lines.append(f"accepted questions: {found} of {accepted['questions']:g} find their FAQ first")
    return lines
