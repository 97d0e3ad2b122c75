"""The reranker: an optional second stage that reorders the first hits, such as a cross-encoder."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.encoder import forked_threads
from bot.errors import ModelError, requires
from bot.passages import context_and_text
from bot.retrieval.hit import Hit

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

RERANKED = 20
"""Number of hits that are reordered; the others stay behind them in their order."""

Reranker = Callable[[str, Sequence[Hit]], Sequence[float]]
"""Takes a question and its hits, best first, and returns a score for each; the higher, the better, in any unit."""


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder, by path or by name in the local cache; loaded at the first question.

    Nothing is downloaded. The first question raises `ModelError` if there is no such model on this machine, and
    `MissingExtra` if sentence-transformers is not installed.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, question: str, hits: Sequence[Hit]) -> Sequence[float]:
        pairs = [(question, context_and_text(hit.passage)) for hit in hits]
        with forked_threads():
            return [float(score) for score in self._model.predict(pairs, show_progress_bar=False)]

    @cached_property
    def _model(self) -> "CrossEncoder":
        with requires("sentence-transformers", "torch"):
            from sentence_transformers import CrossEncoder
        folder = Path(self.name).expanduser()
        name = str(folder) if folder.is_dir() else self.name
        try:
            model: CrossEncoder = CrossEncoder(name, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            reason = "is neither a folder nor in the local cache, or is no CrossEncoder"
            raise ModelError(f"The reranker {self.name!r} {reason}: check --reranker.") from error
        if model.num_labels != 1:
            reason = f"returns {model.num_labels} scores for each passage instead of one"
            raise ModelError(f"The reranker {self.name!r} {reason}: check --reranker.")
        return model


def reranked(question: str, hits: Sequence[Hit], reranker: Reranker) -> tuple[Hit, ...]:
    """Return the hits with the first `RERANKED` in the reranker's order; probabilities stay as they are."""
    first = hits[:RERANKED]
    scores = reranker(question, first) if first else ()
    pairs = zip(first, scores, strict=True)
    scored = [replace(hit, signals={**hit.signals, "reranker": float(score)}) for hit, score in pairs]
    return (*sorted(scored, key=lambda hit: -hit.signals["reranker"]), *hits[RERANKED:])
