"""Fine-tune the model of an index to its corpus."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Literal

from bot.answering.bot import Bot
from bot.build.build import build
from bot.encoder import find_model, train
from bot.encoder.encoder import OnCount
from bot.errors import EvaluationError, ModelError
from bot.evaluation.evaluate import Figures, ask_all, figures
from bot.index.store import LocalStore
from bot.settings import BuildSettings
from bot.tuning.holdout import Holdout, choose_held_out, make_holdout
from bot.tuning.training_pairs import training_triplets

Stage = Literal["before", "training", "after"]
"""Texts encoded by the original model, training steps, texts encoded by the tuned model."""
OnProgress = Callable[[Stage, int, int], None]
"""Called with the stage, the number of items done and the total."""

_MIN_QUESTIONS = 20  # minimum number of held-out questions; with fewer, chance decides


@dataclass(frozen=True, slots=True)
class Tuning:
    """The outcome of tuning."""

    kept: bool
    """Whether the tuned model answers better by the margin and was saved."""
    lessons: int
    """Number of training pairs."""
    questions: int
    """Number of held-out questions."""
    before: Figures
    after: Figures


def tune(
    index: Path | str, output: Path, rounds: int = 1, margin: float = 1.0, progress: OnProgress = lambda *_: None
) -> Tuning:
    """Fine-tune the model of an index on its own questions and answers; save it in `output` if it answers better.

    A fifth of the articles with FAQs is held out. Indexes without the held-out questions are built with both models and
    asked them: the tuned model is kept if nDCG@10 rises by at least `margin` points (hundredths) and hit@1 does not
    fall. Raises `EvaluationError` if there are too few FAQs, `ModelError` if `output` is not empty or the model cannot
    be loaded, `MissingExtra` if the training packages are not installed, and the errors of opening an index.
    """
    if output.is_file() or (output.exists() and any(output.iterdir())):
        raise ModelError(f"The folder {output} is not empty: name another one for the tuned model.")
    generation = LocalStore(index).open_current()
    model, held_out = generation.manifest.settings.model, choose_held_out(generation.table)
    find_model(model)
    holdout, pairs = make_holdout(generation.table, held_out), training_triplets(generation, held_out)
    if len(holdout.questions) < _MIN_QUESTIONS:
        found = f"The articles have FAQs for {len(holdout.questions)} held-out questions"
        raise EvaluationError(f"{found}, {_MIN_QUESTIONS} are needed to measure whether tuning helps.")
    with TemporaryDirectory() as scratch:
        before = evaluate(holdout, model, Path(scratch, "before"), lambda *counts: progress("before", *counts))
        tuned = Path(scratch, "model")
        train(model, pairs, rounds, tuned, lambda done, total: progress("training", done, total))
        after = evaluate(holdout, str(tuned), Path(scratch, "after"), lambda *counts: progress("after", *counts))
        is_kept = _is_better(before, after, margin)
        if is_kept:
            copytree(tuned, output, dirs_exist_ok=True)
    return Tuning(is_kept, len(pairs), len(holdout.questions), before, after)


def evaluate(holdout: Holdout, model: str, index: Path, on_encoded: OnCount) -> Figures:
    """Build an index of the holdout's articles with a model and ask it the held-out questions."""

    def on_step(step: str, done: int, total: int) -> None:
        if step == "texts":
            on_encoded(done, total)

    build(holdout.articles, index, BuildSettings(model=model), on_step)
    return figures(ask_all(Bot.open(index), holdout.questions))


def _is_better(before: Figures, after: Figures, margin: float) -> bool:
    gains = {name: 100 * ((after[name] or 0) - (before[name] or 0)) for name in ("ndcg@10", "hit@1")}
    return gains["ndcg@10"] >= margin and gains["hit@1"] >= 0
