"""The vectors of questions that no article answers; a question near one of them is hardly answered, either."""

from pathlib import Path

import numpy as np

from bot.encoder import Matrix
from bot.errors import IndexCorrupt
from bot.index.vectors import RowSource

UNANSWERED_VECTORS = "unanswered.f16"  # a file of a generation with such questions
_BLOCK = 16_384


def write_unanswered(folder: Path, source: RowSource) -> None:
    """Write the rows of a source as float16; no file if there are none."""
    blocks = [block.astype("<f2").tobytes() for block in source.blocks(_BLOCK)]
    if blocks:
        (folder / UNANSWERED_VECTORS).write_bytes(b"".join(blocks))


def stored_unanswered(folder: Path, dimension: int) -> Matrix:
    """Return the vectors of a generation; shape (questions, dimension). Raises `IndexCorrupt` for another dimension."""
    path = folder / UNANSWERED_VECTORS
    content = path.read_bytes() if path.is_file() else b""
    if len(content) % (2 * dimension):
        raise IndexCorrupt(f"{path} does not hold vectors of {dimension} numbers: run articlebot build.")
    return np.frombuffer(content, "<f2").reshape(-1, dimension).astype(np.float32)
