"""Which encoder a build uses: the exported one where it is fast enough, the original where it is faster or the only one."""

from collections.abc import Sequence
from pathlib import Path

from bot.encoder.encoder import Encoder, PassageEncoder
from bot.encoder.export import export_encoder
from bot.encoder.exported import ExportedEncoder
from bot.encoder.sentence import SentenceEncoder

FEW_TEXTS = 512
"""Texts that the exported encoder has encoded before sentence-transformers is even loaded (benchmarks/encoding.py)."""


def open_encoder(name: str, weights: str, folder: Path) -> Encoder:
    """The model exported into a folder by an earlier build, else the original."""
    return ExportedEncoder.find(folder, weights) or SentenceEncoder(name)


def exported_encoder(encoder: Encoder, weights: str, folder: Path, samples: Sequence[str]) -> Encoder:
    """The model exported into a folder, unless it is already; the original where its graph cannot be exported."""
    if not isinstance(encoder, SentenceEncoder):
        return encoder
    return export_encoder(encoder, folder, weights, samples) or encoder


def encoder_for_many(encoder: PassageEncoder, count: int) -> PassageEncoder:
    """What encodes so many texts soonest."""
    if not isinstance(encoder, ExportedEncoder) or (count <= FEW_TEXTS and encoder.original is None):
        return encoder
    original = encoder.original or SentenceEncoder(encoder.name)
    return original if original.bulk_is_fast else encoder
