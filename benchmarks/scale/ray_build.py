"""What does sharing a build out to a Ray cluster cost, and what is the most that more machines can gain?

usage: python -m benchmarks.scale.ray_build DATA [--passages N] [--nodes N] [--words]

Builds a mixed corpus (mixed_corpus.py) here, and with a Ray cluster of nodes of one processor each on this machine, compares the two indexes, and prints for
each part of a build the seconds it took and the processor seconds of the process that builds. On a machine with no more processors than nodes nothing is
gained: what is measured is what sharing out costs, and what is left for the one process that decides about the whole, which is
the most that any number of machines can do. With --words the words are the vectors, so that many passages show that without the hours of encoding.
"""

import argparse
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.shared.mixed_corpus import write
from benchmarks.shared.timing import machine, table
from bot.build.build import BuildReport, build
from bot.build.cache import Encoded, UncachedTexts
from bot.build.ray import ray_workers
from bot.build.workers import LocalWorkers, Workers
from bot.corpus import ArticleSource
from bot.encoder import Encoder, HashingEncoder
from bot.encoder.encoder import OnBatch
from bot.index.passage_table import PASSAGES
from bot.index.store import LocalStore
from bot.passages import Passage

PARTS = ("open the model", "read, split, decide", "export the model", "encode", "write, measure")
Moment = tuple[float, float]
"""Seconds, and processor seconds of this process."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--passages", type=int, default=1_000)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--words", action="store_true")
    arguments = parser.parse_args()
    print(machine())
    encoder = HashingEncoder() if arguments.words else None
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write(arguments.data, place, arguments.passages)
        report, here = built(place, "here", LocalWorkers(), encoder)
        there = shared_out(place, arguments.nodes, encoder)
        print(
            f"{report.manifest.passages} passages, {report.encoded} texts; {compared(place / 'here', place / 'there')}\n"
        )
        print(f"{table(rows(here, there, report))}\n\n{bottleneck(there, report)}")


class Timed:
    """Workers that write down when they begin and end."""

    def __init__(self, workers: Workers) -> None:
        self.workers, self.moments = workers, [now()]

    def passages(self, reading: ArticleSource, encoder: Encoder, limit: int) -> Iterator[Passage]:
        self.moments.append(now())
        yield from self.workers.passages(reading, encoder, limit)
        self.moments.append(now())

    def encode(
        self, texts: Iterator[UncachedTexts], count: int, encoder: Encoder, weights: str, done: OnBatch
    ) -> Iterator[Encoded]:
        self.moments.append(now())
        yield from self.workers.encode(texts, count, encoder, weights, done)
        self.moments.append(now())


def now() -> Moment:
    return time.perf_counter(), time.process_time()


def built(place: Path, index: str, workers: Workers, encoder: Encoder | None) -> tuple[BuildReport, list[Moment]]:
    """What a build reports, and the moments at which its parts begin and the last ends."""
    timed = Timed(workers)
    report = build(place / "corpus", place / index, workers=timed, encoder=encoder)
    return report, [*timed.moments, now()]


def shared_out(place: Path, nodes: int, encoder: Encoder | None) -> list[Moment]:
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    cluster = Cluster(initialize_head=True, connect=False, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(num_cpus=1)
    with ray_workers(f"ray://{cluster.address}") as workers:
        _, moments = built(place, "there", workers, encoder)
    cluster.shutdown()
    return moments


def compared(here: Path, there: Path) -> str:
    same = (LocalStore(here).current_folder() / PASSAGES).read_bytes() == (
        LocalStore(there).current_folder() / PASSAGES
    ).read_bytes()
    one, other = vectors(here), vectors(there)
    apart = max(float(abs(one[key] - other[key]).max()) for key in one)
    return f"the passages are {'the same bytes' if same else 'NOT the same'}, the vectors at most {apart:.2g} apart"


def vectors(index: Path) -> dict[bytes, np.ndarray]:
    with closing(sqlite3.connect(index / "cache" / "vectors.sqlite")) as cache:
        return {
            key: np.frombuffer(packed[:-4], np.float16).astype(np.float32)
            for key, packed in cache.execute("SELECT key, vector FROM vectors")
        }


def spent(moments: list[Moment]) -> list[tuple[float, float]]:
    """Seconds and processor seconds of each part."""
    return [(later[0] - earlier[0], later[1] - earlier[1]) for earlier, later in pairwise(moments)]


def rows(here: list[Moment], there: list[Moment], report: BuildReport) -> list[dict]:
    parts = [*zip(PARTS, spent(here), spent(there), strict=True)]
    parts.append(
        (
            "all",
            *(tuple(float(sum(column)) for column in zip(*spent(moments), strict=True)) for moments in (here, there)),
        )
    )
    return [
        {"part": part, "here, s": one[0], "shared out, s": other[0], "ratio": other[0] / one[0],
         "overhead per passage, ms": 1000 * (other[0] - one[0]) / report.manifest.passages,
         "processor of the builder here, s": one[1], "shared out, of the builder, s": other[1]}
        for part, one, other in parts
    ]  # fmt: skip


def bottleneck(there: list[Moment], report: BuildReport) -> str:
    """What is left for the process that builds, however many others there are."""
    _, reading, _, encoding, writing = (processor for _, processor in spent(there))
    passages, texts = report.manifest.passages, report.encoded
    return (
        f"The builder's own processor takes {1000 * reading / passages:.2f} ms for a passage that others read, {1000 * encoding / texts:.3f} ms for a text that "
        f"others encode and {1000 * writing / passages:.2f} ms to write a passage: at most {passages / reading:,.0f} passages/s read and "
        f"{texts / encoding:,.0f} texts/s encoded, whoever does it."
    )


if __name__ == "__main__":
    main()
