"""The vectors of questions that no article answers; a question near one of them is probably not answered either."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bot.encoder import Matrix
from bot.errors import IndexCorrupt

UNANSWERED_VECTORS = "unanswered.f16"  # a file of a generation with such questions


def write_unanswered(folder: Path, blocks: Iterable[Matrix]) -> None:
    """Write rows as float16; no file if there are none."""
    if content := b"".join(block.astype("<f2").tobytes() for block in blocks):
        (folder / UNANSWERED_VECTORS).write_bytes(content)


def stored_unanswered(folder: Path, dimension: int) -> Matrix:
    """Return the vectors of a generation; shape (questions, dimension). Raises `IndexCorrupt` for another dimension."""
    path = folder / UNANSWERED_VECTORS
    content = path.read_bytes() if path.is_file() else b""
    if len(content) % (2 * dimension):
        raise IndexCorrupt(f"{path} does not hold vectors of {dimension} numbers: run articlebot build.")
    return np.frombuffer(content, "<f2").reshape(-1, dimension).astype(np.float32)
