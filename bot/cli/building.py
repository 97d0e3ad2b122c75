"""The verbs that make, check and replace an index: build, update, status, check, rollback and pull."""

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, BadParameter, Option

from bot.alternates import notes_on
from bot.backends.location import is_remote, publish_to, store_at, update_at
from bot.cli import options
from bot.cli.build_report import report_plan, test_and_report
from bot.cli.options import AsJson, Corpus, Index, IndexFolder, SettingsFile
from bot.cli.output import Progress, count, format_value, print_facts, say, say_refusals, show_progress
from bot.cli.settings import read_settings_file, settings_of_build
from bot.corpus.corpus import read_corpus
from bot.corpus.refused import Refused
from bot.retrieval.finder import Finder
from bot.settings import AnswerSettings, BuildChoices, Settings

if TYPE_CHECKING:
    from bot.build.build import BuildReport, Review
    from bot.build.workers import Workers

_SHOWN = 5  # number of findings of a kind that check shows


def build(
    corpus: Corpus = Path("corpus"),
    index: IndexFolder = Path("index"),
    model: options.Model = None,
    exact_rows: options.ExactRows = None,
    languages: options.Languages = None,
    multilingual_model: options.MultilingualModel = None,
    to: options.PublishTo = "",
    questions: options.SavedQuestions = None,
    guard: options.Guard = None,
    max_drop: options.MaxDrop = 2.0,
    dry_run: options.DryRun = False,
    workers: options.RayAddress = None,
    tell_progress: options.TellProgress = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring the index up to date with the articles."""
    written = read_settings_file(settings)
    review = _reviewer(questions, corpus, guard, max_drop, written.answers)
    codes = tuple(languages.split(",")) if languages else None
    chosen = BuildChoices(model=model, exact_rows=exact_rows, languages=codes, multilingual_model=multilingual_model)
    _run_build(corpus, index, written, chosen, review, to, workers, tell_progress, dry_run, as_json)


def _run_build(
    corpus: Path, index: Path, written: Settings, chosen: BuildChoices, review: "Review | None", to: str,
    workers: str | None, tell_progress: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    settings, changes = settings_of_build(index, written.build, chosen)
    plan, report = None, None
    with show_progress(tell_progress) as progress, _build_process() as builder, _workers(workers) as who:
        if dry_run and review is None:  # without questions to ask nothing has to be encoded
            plan = builder.plan_build(corpus, index, settings, progress, workers=who)
        else:
            report = builder.build(corpus, index, settings, progress, review, publish=not dry_run, workers=who)
            if to and report.published:
                _publish(report, index, to, progress)
    if report is None:
        return report_plan(plan, index, as_json)
    if changes and report.built:
        say(f"this build changes {', '.join(changes)}")
    return test_and_report(report, corpus, index, written.answers, as_json)


@contextmanager
def _build_process() -> Iterator[Any]:
    """Prepare this process for a build: threads wait passively, and Ctrl-C and SIGTERM end it cleanly."""
    # The threads of faiss and torch spin while they wait, which slows down the second process of a build.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from bot.build import build as builder

    handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield builder
    except KeyboardInterrupt:
        say("articlebot: stopped; the served index is unchanged, and the next build reuses what was encoded")
        sys.exit(130)
    finally:
        signal.signal(signal.SIGTERM, handler)


def _publish(report: "BuildReport", index: Path, address: str, progress: Progress) -> None:
    """Serve the published index from a Milvus server as well."""
    is_new = publish_to(address, index, lambda done, total: progress("passages", done, total))
    note = ", without the multilingual vectors: Hindi questions are translated word by word there"
    say(f"served by Milvus {'from now on' if is_new else 'already'}{note if report.manifest.multilingual else ''}")


@contextmanager
def _workers(address: str | None) -> Iterator["Workers"]:
    if address is None:
        from bot.build.workers import LocalWorkers

        yield LocalWorkers()
        return
    from bot.build.ray import ray_workers

    # Ray reports lost processes on standard output, where only facts go.
    with redirect_stdout(sys.stderr), ray_workers(address) as workers:
        yield workers


def _reviewer(
    questions: Path | None, corpus: Path, guard: Path | None, max_drop: float, answers: AnswerSettings
) -> "Review | None":
    from bot.evaluation.question_set import read_questions
    from bot.evaluation.review import RegressionGuard, Reviewer

    default = corpus.absolute().with_name("questions.csv")
    saved = questions or (default if default.is_file() else None)
    if saved is None and guard is None:
        return None
    regression = RegressionGuard(str(guard), read_questions(guard), max_drop) if guard else None
    return Reviewer(read_questions(saved) if saved else (), regression, answers, say)


def update(
    articles: Annotated[list[str] | None, Argument(help="Ids of articles, or their files in the corpus.")] = None,
    to: options.UpdatedIndex = "",
    corpus: Corpus = Path("corpus"),
    remove: Annotated[list[str] | None, Option(help="Id of an article to remove; may be repeated.")] = None,
    index: Annotated[Path, Option(help="Folder of the last build, for its exported model.")] = Path("index"),
    as_json: AsJson = False,
) -> None:
    """Write single articles into the index that a Milvus server serves, without a build."""
    if not is_remote(to):
        message = "name an index on a server, milvus://host:port/name; build brings one in a folder up to date."
        raise BadParameter(message, param_hint="--to")
    wanted = set(articles or ())
    found = [each for each in read_corpus(corpus).articles if wanted & {each.id, each.source}] if wanted else []
    if missing := sorted(wanted - {name for each in found for name in (each.id, each.source)}):
        raise BadParameter(f"the corpus {corpus} has no article {', '.join(missing)}.", param_hint="ARTICLES")
    updated = asdict(update_at(to, found, remove or (), folder=index))
    print_facts(updated, as_json, lambda: ", ".join(f"{len(ids)} {change}" for change, ids in updated.items()))


def status(index: Index = "index", corpus: Corpus = Path("corpus"), as_json: AsJson = False) -> None:
    """Show which index is served, what it holds, and whether the articles have changed since."""
    from bot.index.status import index_status

    facts = index_status(store_at(index), corpus)
    lines = [f"{key.replace('_', ' '):18}{format_value(value)}" for key, value in facts.items() if key != "generations"]
    lines += ["", "generations", *(f"  {_generation_line(each)}" for each in facts["generations"])]
    print_facts(facts, as_json, lambda: "\n".join(lines))


def _generation_line(facts: dict[str, Any]) -> str:
    name = f"{facts['name']}{'  served' if facts['served'] else ''}"
    if facts["fault"]:
        return f"{name}  {facts['fault']}"
    counts = f"{count(facts['articles'], 'article')}, {count(facts['passages'], 'passage')}"
    return f"{name}  {counts}, {facts['bytes'] / 1e6:.1f} MB, {facts['model']}"


def check(
    index: Index = "index",
    corpus: Corpus = Path("corpus"),
    show_all: Annotated[bool, Option("--all", help=f"List all findings instead of {_SHOWN} of each kind.")] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the index, and report what was read of the corpus and what an editor may want to correct."""
    from bot.evaluation.lint import lint
    from bot.evaluation.verification import verify

    verified, generation = verify(index)
    facts: dict[str, Any] = asdict(verified)
    if corpus.is_dir():
        read = read_corpus(corpus)
        read = replace(read, refused=(*read.refused, *notes_on(read.alternates, generation.table.all_passages())))
        findings = lint(read.articles, Finder(generation), datetime.now(UTC).date())
        facts |= {"formats": read.by_format(), "refused": [asdict(each) for each in read.refused]}
        facts["findings"] = [asdict(finding) for finding in findings]
    print_facts(facts, as_json, lambda: "\n".join([*_verified_lines(facts), *_corpus_lines(facts, show_all)]).rstrip())


def _verified_lines(facts: dict[str, Any]) -> list[str]:
    reason = facts["not_encoded"]
    encoded = f"not encoded again ({reason})" if reason else f"{facts['encoded_again']} encoded again"
    counts = ", ".join(count(facts[f"{noun}s"], noun) for noun in ("file", "passage", "vector"))
    return [
        f"{facts['generation']}: {counts}, all as built",
        f"vectors: {encoded}; FAQs first for their own question: {facts['faqs_found']} of {facts['faqs_asked']} tried",
    ]


def _corpus_lines(facts: dict[str, Any], show_all: bool) -> list[str]:
    if "formats" not in facts:
        return []
    columns = ("files", "articles", "faqs", "refused")
    counted = ([counts[name] for name in columns] for counts in facts["formats"].values())
    head, *rows = ("".join(f"{cell:>10}" for cell in row) for row in (columns, *counted))
    return [
        "",
        f"format    {head}",
        *(f"{suffix:10}{row}" for suffix, row in zip(facts["formats"], rows, strict=True)),
        "",
        *_grouped(((each["kind"], str(Refused(**each))) for each in facts["refused"]), show_all),
        *_grouped(((each["kind"], f"{each['article']}: {each['message']}") for each in facts["findings"]), show_all),
    ]


def _grouped(lines: Iterable[tuple[str, str]], show_all: bool) -> Iterator[str]:
    """Yield lines, each with its kind; of a kind with many only the first, and how many there are."""
    groups: dict[str, list[str]] = {}
    for kind, line in lines:
        groups.setdefault(kind, []).append(line)
    for kind, group in groups.items():
        shown = group if show_all else group[:_SHOWN]
        yield from (f"{kind}: {line}" for line in shown)
        if len(shown) < len(group):
            yield f"{kind}: {len(group) - len(shown)} more, {len(group)} in all (--all lists them)"


def rollback(index: Index = "index", as_json: AsJson = False) -> None:
    """Serve the previous generation instead of the current one."""
    name = store_at(index).roll_back()
    print_facts({"generation": name}, as_json, lambda: f"serving {name}")


def pull(
    address: str,
    corpus: Corpus = Path("corpus"),
    since: options.ChangedSince = None,
    types: Annotated[str, Option(help="Further types of posts in WordPress's API, such as faq,docs.")] = "",
    most: Annotated[int, Option(min=1, help="Maximum number of articles; the next pull continues there.")] = 10_000,
    delay: Annotated[float, Option(min=0, help="Seconds between requests, unless the site asks for more.")] = 1.0,
    allow_private: Annotated[bool, Option("--allow-private", help="Allow private networks.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy a live site's articles into the corpus: by WordPress's API, else its sitemap, else the one page."""
    from bot.corpus.pull import PullLimits
    from bot.corpus.pull import pull as run

    limits = PullLimits(articles=most, delay=delay)
    wanted = tuple(filter(None, map(str.strip, types.split(","))))
    report = run(address, corpus, since=since, types=wanted, limits=limits, allow_private=allow_private, report=say)
    say_refusals([Refused(page, None, reason) for page, reason in report.refused])
    total = count(report.new + report.changed + report.unchanged, "article")
    changes = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged, {report.removed} removed"
    refused = f", {len(report.refused)} refused"
    print_facts(asdict(report), as_json, lambda: f"{total} in {corpus / report.folder}: {changes}{refused}")
