"""How fast are passages encoded, and how close is that to the peak of the processor?

usage: python -m benchmarks.speed.encoding CORPUS [--texts N]

Encodes passages of a corpus with each encoder that a build may choose, and with `SentenceTransformer.encode` on torch
in float32. Prints passages per second and the least cosine with the vectors of the latter. "float operations" counts
two per weight of the transformer and token, without attention; the peak is measured with a product of two large
matrices of the same type.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.shared.timing import Row, machine, seconds, table
from bot.corpus import read_corpus
from bot.encoder import ExportedEncoder, SentenceEncoder, export_encoder
from bot.passages import context_and_text, split_articles

SIZE = 2048
"""Rows and columns of the matrices that the peak is measured with."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--texts", type=int, default=1000)
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(measure(arguments.corpus, arguments.texts))}")


def measure(corpus: Path, count: int = 1000) -> list[Row]:
    original = SentenceEncoder()
    texts = _texts(corpus, original, count)
    with TemporaryDirectory() as folder:
        exported = export_encoder(original, Path(folder, "encoder"), "", texts[:20])
        if exported is None:
            raise SystemExit("The model cannot be exported.")
        return _compare(original, exported, texts)


def _texts(corpus: Path, encoder: SentenceEncoder, count: int) -> list[str]:
    """Return texts with headings, the most frequent kind in a build, spread evenly over the corpus."""
    passages = split_articles(read_corpus(corpus).articles, encoder.token_starts, 160)
    both = [context_and_text(passage) for passage in passages]
    return both[:: max(1, len(both) // count)][:count]


def _compare(original: SentenceEncoder, exported: ExportedEncoder, texts: list[str]) -> list[Row]:
    tokens = sum(len(starts) + 2 for starts in original.token_starts(texts))
    operations = 2.0 * tokens * sum(weights.numel() for weights in original.model[0].auto_model.encoder.parameters())
    header = f"{len(texts)} passages of {tokens / len(texts):.0f} tokens"
    vectors: dict[str, np.ndarray] = {}
    rows: list[dict] = []
    for name, (encode, kind) in _encoders(original, exported).items():
        encode(texts[:64])
        duration = seconds(lambda name=name, encode=encode: vectors.update({name: np.asarray(encode(texts))}))
        reference, speed = next(iter(vectors.values())), len(texts) / duration
        rows.append({
            header: name, "passages/s": speed, "times the first": speed / (rows[0]["passages/s"] if rows else speed),
            "least cosine": f"{np.sum(vectors[name] * reference, axis=1).min():.5f}",
            "float operations/s, 10⁹": operations / duration / 1e9,
            "share of the peak": f"{100 * operations / duration / _peak(kind):.0f} %",
        })  # fmt: skip
    return rows


def _encoders(original: SentenceEncoder, exported: ExportedEncoder) -> dict[str, tuple[Callable, torch.dtype]]:
    """Return each encoder with the type of the numbers it computes with."""

    def reference(texts: list[str]) -> np.ndarray:
        return original.model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)

    return {
        "SentenceTransformer.encode, float32": (reference, torch.float32),
        "few texts: exported, onnxruntime float32": (exported.encode_passages, torch.float32),
        "many texts: sentence-transformers, bfloat16 where the processor has it": (
            original.encode_passages,
            torch.bfloat16,
        ),
    }


def _peak(kind: torch.dtype) -> float:
    """Return the float operations per second of a product of two large matrices."""
    one, other = (torch.randn(SIZE, SIZE).to(kind) for _ in range(2))
    return 2 * SIZE**3 / min(seconds(lambda: one @ other) for _ in range(10))


if __name__ == "__main__":
    main()
