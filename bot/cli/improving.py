"""The verbs that measure and improve the answers: questions, forget, eval and tune."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from typer import Argument, BadParameter, Context, Exit, Option, Typer, confirm

from bot.answering.bot import Bot
from bot.backends.location import state_folder
from bot.cli.options import AsJson, Corpus, Index, IndexFolder, SettingsFile, parse_day
from bot.cli.output import count, print_facts, say, show_progress
from bot.cli.settings import read_settings_file
from bot.corpus.decisions import actions
from bot.corpus.decisions.files import Decisions
from bot.errors import MissingExtra
from bot.export.atomic import writing
from bot.index.generation import require_passage
from bot.retrieval.retriever import Retriever
from bot.settings import AnswerSettings, Settings

if TYPE_CHECKING:
    from bot.evaluation.evaluate import Figures, Outcome

_THRESHOLD = "Minimum probability of an answer, by default [answers] threshold of the settings."
questions = Typer(invoke_without_command=True)
PassageId = Annotated[str, Argument(metavar="PASSAGE", help="Id of the FAQ or section.")]
Who = Annotated[str, Option(help="Name of the editor, for the history.")]


@questions.callback()
def report(
    context: Context,
    index: Index = "index",
    corpus: Corpus = Path("corpus"),
    since: Annotated[str, Option(help="How far back: 7d, 12h, or a day such as 2026-01-31.")] = "7d",
    to_csv: Annotated[Path | None, Option("--csv", help="Write the unanswered questions to this file.")] = None,
    accept_proposed: Annotated[bool, Option("--accept-proposed", help="Accept all proposals without review.")] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Report what visitors asked without a good answer, in groups of similar questions."""
    if context.invoked_subcommand:
        return
    _print_report(index, corpus, since, to_csv, accept_proposed, read_settings_file(settings), as_json)


def _print_report(
    index: str, corpus: Path, since: str, to_csv: Path | None, accept_proposed: bool, read: Settings, as_json: bool
) -> None:
    from bot.usage.report import make_report
    from bot.usage.report_text import report_text, write_csv
    from bot.usage.store import UsageStore

    until = datetime.now(UTC)
    period = (_start(since, until).timestamp(), until.timestamp())
    store, finder = UsageStore(state_folder(index), read.log), Retriever.open(index).finder()
    made = make_report(store, finder, *period, read.answers.threshold, Decisions.read(corpus))
    if to_csv:
        with writing(to_csv):
            write_csv(to_csv, made)
    for proposal in made.proposals if accept_proposed else ():
        say(f"accepted: {proposal.question} → {proposal.asks}")
        actions.accept(corpus, proposal.question, proposal.passage, who="articlebot")
    print_facts(asdict(made), as_json, lambda: report_text(made))


def _start(since: str, now: datetime) -> datetime:
    """Return the time that `--since` names: a day, or a number of days or hours ago."""
    units = {"d": "days", "h": "hours"}
    try:
        if span := re.fullmatch(r"([0-9]{1,9})([dh])", since):
            return now - timedelta(**{units[span[2]]: int(span[1])})
        return datetime.combine(parse_day(since), time(), UTC)
    except (BadParameter, OverflowError):
        message = f"{since!r} is neither a span such as 7d or 12h nor a day such as 2026-01-31."
        raise BadParameter(message, param_hint="--since") from None


@questions.command("accept")
def accept_alternate(
    question: str, passage: PassageId, index: Index = "index", corpus: Corpus = Path("corpus"), who: Who = ""
) -> None:
    """Make a question an alternate of a FAQ or section, from the next build on."""
    known = require_passage(Retriever.open(index).generation.table, passage)
    say(f"written to {actions.accept(corpus, question, known.id, who=who)}: the next articlebot build uses it")


@questions.command("reject")
def reject_alternate(question: str, passage: PassageId, corpus: Corpus = Path("corpus"), who: Who = "") -> None:
    """Stop proposing a question as an alternate of a FAQ."""
    say(f"written to {actions.reject(corpus, question, passage, who=who)}: no longer proposed")


@questions.command("draft")
def draft_faq(question: str, corpus: Corpus = Path("corpus"), who: Who = "") -> None:
    """Add a question to the table of FAQs to write."""
    say(f"written to {actions.draft(corpus, question, who=who)}: write its answer there")


@questions.command("ignore")
def ignore_question(question: str, corpus: Corpus = Path("corpus"), who: Who = "") -> None:
    """Leave a question, and what means the same, out of reports."""
    say(f"written to {actions.ignore(corpus, question, who=who)}: reports leave it out")


def forget(
    text: Annotated[str | None, Argument(help="Delete the questions and comments that contain this text.")] = None,
    conversation: Annotated[str | None, Option(help="Delete the questions of the conversation with this id.")] = None,
    index: Index = "index",
    settings: SettingsFile = None,
    yes: Annotated[bool, Option("--yes", help="Delete without asking, as a script must.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete visitors' questions from the log for good."""
    from bot.usage.store import UsageStore

    kinds = {"that contain": text, "of the conversation": conversation}
    chosen = {kind: words for kind, words in kinds.items() if words is not None}
    if not chosen or not all(words.strip() for words in chosen.values()):
        raise BadParameter("name a text, or a conversation with --conversation; an empty one would be all of them.")
    if not yes:
        if not sys.stdin.isatty():
            raise BadParameter("without a terminal to confirm on, say --yes.", param_hint="--yes")
        described = " and those ".join(f"{kind} {words!r}" for kind, words in chosen.items())
        confirm(f"Delete for good the questions {described}?", abort=True, err=True)
    store = UsageStore(state_folder(index), read_settings_file(settings).log)
    deleted = store.forget(text=text, conversation=conversation)
    print_facts({"forgotten": deleted}, as_json, lambda: f"{count(deleted, 'question')} forgotten")


_QUESTION_SET = "CSV (question, expected) to ask the index, or a folder with a corpus of its own."


def evaluate(
    questions: Annotated[Path, Argument(help=_QUESTION_SET)],
    index: Index = "index",
    work: Annotated[Path | None, Option(help="Keep the index of a question set's own corpus in this folder.")] = None,
    most: Annotated[int | None, Option(min=1, help="Maximum number of questions, spread evenly.")] = None,
    threshold: Annotated[float | None, Option(min=0, max=1, help=_THRESHOLD)] = None,
    save: Annotated[Path | None, Option(help="Write the figures to this file.")] = None,
    compare: Annotated[Path | None, Option(help="Exit 1 if a figure is worse than in this saved file.")] = None,
    margin: Annotated[float, Option(min=0, help="Percentage points that a figure may lose.")] = 1.0,
    failures: Annotated[Path | None, Option(help="Write the questions that went wrong to this CSV.")] = None,
    plot: Annotated[Path | None, Option(help="Draw calibration, and coverage against accuracy, as PNG.")] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the answers to questions whose right answers are known."""
    from bot.evaluation.evaluate import figures_by_group
    from bot.evaluation.report import table

    answers = read_settings_file(settings).answers
    answers = answers if threshold is None else replace(answers, threshold=threshold)
    outcomes = _ask(questions, index, work, most, answers)
    groups = figures_by_group(outcomes)
    print_facts(groups, as_json, lambda: table(groups))
    _write_outcomes(outcomes, answers.threshold, failures, plot)
    _compare_and_save(groups, compare, margin, save)


def _ask(path: Path, index: str, work: Path | None, most: int | None, settings: AnswerSettings) -> list["Outcome"]:
    """Ask the index the questions of a set, or an index of the corpus that the set brings."""
    from bot.evaluation import question_set
    from bot.evaluation.evaluate import ask_all

    questions = question_set.spread(question_set.read_questions(path), most)
    with TemporaryDirectory() as scratch:
        if question_set.has_corpus(path):
            from bot.build.build import build

            folder = work or Path(scratch)
            index = str(folder / "index")
            question_set.write_corpus(path, folder / "corpus")
            with show_progress() as progress:
                build(folder / "corpus", index, progress=progress)
        bot = Bot.open(index, settings=settings)
        if names := question_set.unknown_ids(questions, bot.generation.table):
            say(question_set.unknown_sentence(names, path))
        return ask_all(bot, questions)


def _write_outcomes(outcomes: Sequence["Outcome"], threshold: float, failures: Path | None, plot: Path | None) -> None:
    from bot.evaluation.plot import plot as draw
    from bot.evaluation.report import write_failures

    if failures:
        with writing(failures):
            say(f"{write_failures(failures, outcomes)} of {len(outcomes)} questions went wrong: {failures}")
    if plot:
        with writing(plot):
            draw(plot, outcomes, threshold)


def _compare_and_save(groups: Mapping[str, "Figures"], compare: Path | None, margin: float, save: Path | None) -> None:
    """Save the figures and exit with 1 if one is worse than before.

    If `compare` and `save` are the same file, it keeps figures that are better than these.
    """
    from bot.evaluation import report
    from bot.evaluation.evaluate import regressions

    losses = regressions(groups, report.load(compare), margin) if compare else []
    if save and not (losses and compare and save.resolve() == compare.resolve()):
        with writing(save):
            report.save(save, groups)
    for line in losses:
        say(f"worse: {line}")
    if losses:
        raise Exit(1)


def tune(
    index: IndexFolder = Path("index"),
    output: Annotated[Path, Option("--output", "-o", help="Folder of the tuned model.")] = Path("tuned-model"),
    rounds: Annotated[int, Option(min=1, help="Number of passes over the training pairs.")] = 1,
    margin: Annotated[float, Option(min=0, help="Points of nDCG@10 that held-out questions must gain.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Tune the model to the articles, and keep it only if it answers held-out questions better."""
    for package in ("accelerate", "datasets", "ir_measures", "sentence_transformers"):
        if find_spec(package) is None:
            raise MissingExtra(package, "tune")
    from bot.evaluation.report import table
    from bot.tuning.tune import tune as run

    with show_progress() as progress:
        done = run(index, output, rounds, margin, progress)
    facts = {**asdict(done), "output": str(output) if done.kept else None}
    no_gain = f"not kept: held-out questions gained less than {margin:g} points"
    verdict = f"kept: articlebot build --model {output}" if done.kept else no_gain
    summary = f"{count(done.lessons, 'training pair')}; on {count(done.questions, 'held-out question')}:"
    figures = table({"before": done.before, "after": done.after})
    print_facts(facts, as_json, lambda: f"{summary}\n\n{figures}\n\n{verdict}")
