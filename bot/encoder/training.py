"""A model taught the words of one corpus: its questions and answers brought nearer together, and those that are not meant further apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot.encoder.sentence import SentenceEncoder, multiplies_bfloat16
from bot.errors import MissingExtra

if TYPE_CHECKING:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments

OnSteps = Callable[[int, int], None]
"""Hears how many of how many steps are done."""

_TOGETHER = 64
"""Lessons of a step: each one's passage is a wrong one for all others."""
_READ = 128
"""Tokens read of a text while learning: what a passage answers stands at its beginning, and a step takes half the time of one with 256."""
_RATE, _WARM_UP = 1e-4, 0.1
"""Chosen on one public set (stackfaq), where it gained twice as much as 2e-5 (benchmarks/tune.py)."""


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """A question, a text that answers or means it, and one near to it that does not."""

    question: str
    right: str
    wrong: str


def train(model: str, lessons: Sequence[TrainingPair], rounds: int, output: Path, done: OnSteps) -> None:
    """Teach a copy of a sentence-transformers model, and save it in the folder `output`.

    In-batch negatives and a hard one each (MultipleNegativesRankingLoss: Henderson et al. 2017), in bfloat16 where the processor multiplies it, on the GPU
    where there is one. Raises `ModelError` when the model cannot be loaded, `MissingExtra` when the trainer's packages are not installed.
    """
    try:
        import accelerate  # noqa: F401
        from datasets import Dataset
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "datasets", "tune") from None
    taught = SentenceEncoder(model).model
    columns = {name: [getattr(lesson, name) for lesson in lessons] for name in ("question", "right", "wrong")}
    # No card is written, so none has to be thought out.
    taught.model_card_data.generate_widget_examples = False
    reads = taught.max_seq_length
    taught.max_seq_length = min(_READ, reads or _READ)
    with TemporaryDirectory() as scratch:
        _run(taught, Dataset.from_dict(columns), _arguments(taught, rounds, scratch), done)
    taught.max_seq_length = reads
    taught.eval().to("cpu").save_pretrained(str(output), create_model_card=False)


def _arguments(model: "SentenceTransformer", rounds: int, scratch: str) -> "SentenceTransformerTrainingArguments":
    from sentence_transformers.sentence_transformer.training_args import (
        BatchSamplers,
        SentenceTransformerTrainingArguments,
    )

    question, passage = (model.prompts.get(name) or "" for name in ("query", "document"))
    return SentenceTransformerTrainingArguments(
        output_dir=scratch, num_train_epochs=rounds, per_device_train_batch_size=_TOGETHER, learning_rate=_RATE, warmup_steps=_WARM_UP,
        # The same text twice in a step would be right and wrong at once.
        batch_sampler=BatchSamplers.NO_DUPLICATES, prompts={"question": question, "right": passage, "wrong": passage},
        bf16=model.device.type != "cpu" or multiplies_bfloat16(), use_cpu=model.device.type == "cpu", dataloader_pin_memory=False,
        save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True, seed=0,
    )  # fmt: skip


def _run(
    model: "SentenceTransformer", lessons: "Dataset", arguments: "SentenceTransformerTrainingArguments", done: OnSteps
) -> None:
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PrinterCallback, TrainerCallback

    class Told(TrainerCallback):
        def on_step_end(self, args: object, state: Any, control: object, **kwargs: object) -> None:  # noqa: ARG002 - names of the trainer's
            done(state.global_step, state.max_steps)

    trainer = SentenceTransformerTrainer(
        model, arguments, train_dataset=lessons, loss=MultipleNegativesRankingLoss(model), callbacks=[Told()]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
