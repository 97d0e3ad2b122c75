"""The second stage: whatever puts the first hits in an order of its own, such as a model that reads question and passage together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import MissingExtra, ModelError
from bot.passages import Passage, context
from bot.retrieval.hit import Hit

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

RERANKED = 20
"""Hits that are put in the reranker's order; those behind them keep theirs."""


Reranker = Callable[[str, Sequence[Hit]], Sequence[float]]
"""What orders hits anew: a question and its hits, best first → how well each answers it, the higher the better, in any unit."""


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder, by its path or its name in the local cache; loaded at the first question, never fetched.

    Raises `ModelError` when there is no such model here, `MissingExtra` when sentence-transformers is not installed; both at the first question.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, question: str, hits: Sequence[Hit]) -> Sequence[float]:
        found = self._model.predict([(question, _read(hit.passage)) for hit in hits], show_progress_bar=False)
        return [float(score) for score in found]

    @cached_property
    def _model(self) -> "CrossEncoder":
        try:
            from sentence_transformers import CrossEncoder
        except ModuleNotFoundError:
            raise MissingExtra("sentence-transformers", "build") from None
        name = str(Path(self.name).expanduser()) if Path(self.name).expanduser().is_dir() else self.name
        try:
            model: CrossEncoder = CrossEncoder(name, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise ModelError(
                f"The reranker {self.name!r} is neither a folder nor in the local cache, or is no CrossEncoder: check --reranker."
            ) from error
        if model.num_labels != 1:
            raise ModelError(
                f"The reranker {self.name!r} gives {model.num_labels} scores to each passage, and one is needed: check --reranker."
            )
        return model


def reranked(question: str, hits: Sequence[Hit], reranker: Reranker) -> tuple[Hit, ...]:
    """The hits with the first `RERANKED` in the reranker's order and its score among their signals; what each is worth by evidence, its probability, stays."""
    first = hits[:RERANKED]
    scores = reranker(question, first) if first else ()
    told = [
        replace(hit, signals={**hit.signals, "reranker": float(score)})
        for hit, score in zip(first, scores, strict=True)
    ]
    return (*sorted(told, key=lambda hit: -hit.signals["reranker"]), *hits[RERANKED:])


def _read(passage: Passage) -> str:
    return f"{context(passage)}\n{passage.text}"
