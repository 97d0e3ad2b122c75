"""An index → a model tuned to it, if that answers better."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Literal

from bot.answering.bot import Bot
from bot.build.build import build
from bot.encoder import find_model, train
from bot.errors import EvaluationError, ModelError
from bot.evaluation.evaluate import Figures, ask_all, figures
from bot.index.store import LocalStore
from bot.settings import BuildSettings
from bot.tuning.holdout import Holdout, held_out, make_holdout
from bot.tuning.training_pairs import training_pairs

Stage = Literal["before", "training", "after"]
"""What is counted: texts encoded by the model as it is, steps of training, texts encoded by the tuned one."""
OnStage = Callable[[Stage, int, int], None]

_LEAST = 20
"""Questions held out, with fewer of which chance decides."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What tuning did."""

    kept: bool
    """Whether the tuned model answers held-out questions better by the margin, and was saved."""
    lessons: int
    questions: int
    """Held out."""
    before: Figures
    after: Figures


def _unheard(_stage: Stage, _done: int, _total: int) -> None:
    pass


def tune(index: Path | str, output: Path, rounds: int = 1, margin: float = 1.0, progress: OnStage = _unheard) -> Tuning:
    """Fine-tune the model of an index on its own questions and answers, and save it in the folder `output` if it answers better.

    A fifth of the articles with FAQs is held out of what is taught. Indexes of the whole corpus without their alternates, or their questions where they
    have none, are built with both models and asked them: the tuned one is kept if nDCG@10 rises by `margin` points (hundredths) or more, and hit@1 does
    not fall. Raises `EvaluationError` when there are too few FAQs, `ModelError` when `output` holds something already or the model cannot be loaded,
    `MissingExtra` when the trainer's packages are not installed, and what opening the index raises.
    """
    if output.exists() and any(output.iterdir()):
        raise ModelError(f"The folder {output} holds something already: name another one for the tuned model.")
    generation = LocalStore(index).open_current()
    model, held = generation.manifest.settings.model, held_out(generation.table)
    find_model(model)
    exam, lessons = make_holdout(generation.table, held), training_pairs(generation, held)
    if len(exam.questions) < _LEAST:
        raise EvaluationError(
            f"The articles have FAQs for {len(exam.questions)} held-out questions, {_LEAST} are needed to tell whether tuning helps."
        )
    with TemporaryDirectory() as scratch:
        before = _sit(exam, model, Path(scratch, "before"), lambda done, total: progress("before", done, total))
        tuned = Path(scratch, "model")
        train(model, lessons, rounds, tuned, lambda done, total: progress("training", done, total))
        after = _sit(exam, str(tuned), Path(scratch, "after"), lambda done, total: progress("after", done, total))
        kept = _is_better(before, after, margin)
        if kept:
            copytree(tuned, output, dirs_exist_ok=True)
    return Tuning(kept, len(lessons), len(exam.questions), before, after)


def _sit(exam: Holdout, model: str, index: Path, encoded: Callable[[int, int], None]) -> Figures:
    """The figures of an index of the exam's articles, built with a model."""

    def told(step: str, done: int, total: int) -> None:
        if step == "texts":
            encoded(done, total)

    build(exam.articles, index, BuildSettings(model=model), told)
    return figures(ask_all(Bot.open(index), exam.questions))


def _is_better(before: Figures, after: Figures, margin: float) -> bool:
    gains = {name: 100 * ((after[name] or 0) - (before[name] or 0)) for name in ("ndcg@10", "hit@1")}
    return gains["ndcg@10"] >= margin and gains["hit@1"] >= 0
