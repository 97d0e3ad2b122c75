"""Fine-tuning of a sentence-transformers model to the questions and answers of one corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot.encoder.encoder import OnCount
from bot.encoder.model import write_projection
from bot.encoder.sentence import SentenceEncoder, multiplies_bfloat16
from bot.errors import requires

if TYPE_CHECKING:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer

_BATCH = 64  # number of pairs per step; the passage of each pair is a negative for all others
_MAX_TOKENS = 128
"""Maximum number of tokens per text: answers stand early in a passage, and 256 tokens would double the time."""
_LEARNING_RATE, _WARM_UP = 1e-4, 0.1
"""Chosen on one public set (stackfaq), where this rate gained twice as much as 2e-5 (benchmarks/quality/tune.py)."""


@dataclass(frozen=True, slots=True)
class TrainingTriplet:
    """A question, a text that answers or paraphrases it, and a similar text that does not."""

    question: str
    right: str
    wrong: str


def train(model: str, pairs: Sequence[TrainingTriplet], epochs: int, output: Path, done: OnCount) -> None:
    """Fine-tune a copy of a sentence-transformers model, and save it in the folder `output`.

    Minimises MultipleNegativesRankingLoss (Henderson et al. 2017) with in-batch negatives and one hard negative each,
    in bfloat16 if the processor supports it, and on a GPU if there is one. Raises `ModelError` if the model cannot be
    loaded, `MissingExtra` if the packages for training are not installed.
    """
    with requires(None, "tune"):
        import accelerate  # noqa: F401
        from datasets import Dataset
    encoder = SentenceEncoder(model)
    tuned = encoder.model
    # Skip the model card.
    tuned.model_card_data.generate_widget_examples = False
    columns = {name: [getattr(pair, name) for pair in pairs] for name in ("question", "right", "wrong")}
    limit = tuned.max_seq_length
    tuned.max_seq_length = min(_MAX_TOKENS, limit or _MAX_TOKENS)
    with TemporaryDirectory() as scratch:
        _run(tuned, Dataset.from_dict(columns), epochs, scratch, done)
    tuned.max_seq_length = limit
    tuned.eval().to("cpu").save_pretrained(str(output), create_model_card=False)
    write_projection(output, encoder.projection)


def _run(model: "SentenceTransformer", pairs: "Dataset", epochs: int, scratch: str, done: OnCount) -> None:
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer import training_args
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PrinterCallback, TrainerCallback

    class Progress(TrainerCallback):  # type: ignore[misc]  # mypy does not read transformers
        def on_step_end(self, args: object, state: Any, control: object, **kwargs: object) -> None:  # noqa: ARG002
            done(state.global_step, state.max_steps)

    question, passage = (model.prompts.get(name) or "" for name in ("query", "document"))
    on_cpu = model.device.type == "cpu"
    arguments = training_args.SentenceTransformerTrainingArguments(
        output_dir=scratch, num_train_epochs=epochs, per_device_train_batch_size=_BATCH,
        learning_rate=_LEARNING_RATE, warmup_steps=_WARM_UP,
        # A text that appears twice in a batch would be a positive and a negative at once.
        batch_sampler=training_args.BatchSamplers.NO_DUPLICATES,
        prompts={"question": question, "right": passage, "wrong": passage},
        bf16=not on_cpu or multiplies_bfloat16(), use_cpu=on_cpu, dataloader_pin_memory=False,
        save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True, seed=0,
    )  # fmt: skip
    loss = MultipleNegativesRankingLoss(model)
    trainer = SentenceTransformerTrainer(model, arguments, train_dataset=pairs, loss=loss, callbacks=[Progress()])
    trainer.remove_callback(PrinterCallback)
    trainer.train()
