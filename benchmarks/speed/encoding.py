"""How fast are passages encoded, and how far is that from what the processor can do?

usage: python -m benchmarks.speed.encoding CORPUS [--texts N]

Encodes passages of a corpus with each way that a build may choose, against `SentenceTransformer.encode` on torch in float32 in the same run, and prints
passages a second and how near the vectors come. "float operations" counts two for each weight of the transformer and token, attention left out; the peak is
that of one product of large matrices of the same type.
"""

import argparse
import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.shared.timing import Row, machine, seconds, table
from bot.corpus import read_corpus
from bot.encoder import ExportedEncoder, SentenceEncoder, export_encoder
from bot.index.generation import texts_to_encode
from bot.passages import split_articles

SIZE = 2048
"""Rows and columns of the matrices by which the peak is measured."""


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
    """Texts with headings, spread evenly over the corpus: what is encoded most of."""
    passages = split_articles(read_corpus(corpus).articles, encoder.token_starts, 160)
    both = [text for passage in passages for role, text in texts_to_encode(passage) if role == "both"]
    return both[:: max(1, len(both) // count)][:count]


def _compare(original: SentenceEncoder, exported: ExportedEncoder, texts: list[str]) -> list[Row]:
    model = original.model
    ways = {
        "SentenceTransformer.encode, float32": lambda some: model.encode(
            some, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        ),
        "few texts: exported, onnxruntime float32": exported.encode_passages,
        "many texts: sentence-transformers, bfloat16 where the processor has it": original.encode_passages,
    }
    tokens = sum(len(starts) + 2 for starts in original.token_starts(texts))
    operations = 2.0 * tokens * sum(weights.numel() for weights in model[0].auto_model.encoder.parameters())
    vectors, rows = {}, []
    for (name, encode), kind in zip(ways.items(), (torch.float32, torch.float32, torch.bfloat16), strict=True):
        encode(texts[:64])
        took = seconds(lambda name=name, encode=encode: vectors.update({name: np.asarray(encode(texts))}))
        first = next(iter(vectors.values()))
        rows.append({
            f"{len(texts)} passages of {tokens / len(texts):.0f} tokens": name, "passages/s": len(texts) / took,
            "times the first": len(texts) / took / (rows[0]["passages/s"] if rows else len(texts) / took),
            "least cosine": f"{np.sum(vectors[name] * first, axis=1).min():.5f}",
            "float operations/s, 10⁹": operations / took / 1e9, "of the peak": f"{100 * operations / took / _peak(kind):.0f} %",
        })  # fmt: skip
    return rows


def _peak(kind: torch.dtype) -> float:
    """Float operations a second of a product of large matrices."""
    one, other = (torch.randn(SIZE, SIZE).to(kind) for _ in range(2))
    took = min(seconds(lambda: one @ other) for _ in itertools.repeat(None, 10))
    return 2 * SIZE**3 / took


if __name__ == "__main__":
    main()
