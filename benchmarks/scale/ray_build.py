"""What does distributing a build over a Ray cluster cost, and how much can more machines gain at most?

usage: python -m benchmarks.scale.ray_build DATA_FOLDER [--passages N] [--nodes N] [--words]

Builds a mixed corpus (shared/mixed_corpus.py) in this process, and on a Ray cluster of N nodes with one CPU each on
this machine. Compares the two indexes, and prints the seconds of each part of a build and the CPU seconds of the
process that builds. If the machine has no more CPUs than nodes, nothing is gained: the figures show the cost of
distribution, and the work that is left for the one process that decides about the whole, which limits what any number
of machines can gain. With --words, hashed words serve as vectors, so that many passages can be measured without hours
of encoding.
"""

import argparse
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.shared.mixed_corpus import write
from benchmarks.shared.timing import machine, table
from bot.build.build import BuildReport, build
from bot.build.cache import Encoded, Uncached
from bot.build.part_cache import PartCache
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
"""Seconds, and CPU seconds of this process."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--passages", type=int, default=1_000)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--words", action="store_true")
    arguments = parser.parse_args()
    print(machine())
    encoder = HashingEncoder() if arguments.words else None
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(arguments.data, folder, arguments.passages)
        report, local = build_timed(folder, "local", LocalWorkers(), encoder)
        distributed = build_distributed(folder, arguments.nodes, encoder)
        comparison = compare(folder / "local", folder / "distributed")
    print(f"{report.manifest.passages} passages, {report.encoded} texts; {comparison}\n")
    print(f"{table(rows(local, distributed, report))}\n\n{bottleneck(distributed, report)}")


class TimedWorkers:
    """Workers that record when they begin and end."""

    def __init__(self, workers: Workers) -> None:
        self._workers, self.moments = workers, [now()]

    def passages(
        self, source: ArticleSource, encoder: Encoder, limit: int, cache: PartCache | None = None
    ) -> Iterator[Passage]:
        self.moments.append(now())
        yield from self._workers.passages(source, encoder, limit, cache)
        self.moments.append(now())

    def encode(self, texts: Uncached, count: int, encoder: Encoder, weights: str, done: OnBatch) -> Encoded:
        self.moments.append(now())
        yield from self._workers.encode(texts, count, encoder, weights, done)
        self.moments.append(now())


def now() -> Moment:
    return time.perf_counter(), time.process_time()


def build_timed(
    folder: Path, index: str, workers: Workers, encoder: Encoder | None
) -> tuple[BuildReport, list[Moment]]:
    """Return the report of a build, and the moments when its parts begin and the last one ends."""
    timed = TimedWorkers(workers)
    report = build(folder / "corpus", folder / index, workers=timed, encoder=encoder)
    return report, [*timed.moments, now()]


def build_distributed(folder: Path, nodes: int, encoder: Encoder | None) -> list[Moment]:
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    cluster = Cluster(initialize_head=True, connect=False, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(num_cpus=1)
    with ray_workers(f"ray://{cluster.address}") as workers:
        _, moments = build_timed(folder, "distributed", workers, encoder)
    cluster.shutdown()
    return moments


def compare(local: Path, distributed: Path) -> str:
    one, other = ((LocalStore(index).current_folder() / PASSAGES).read_bytes() for index in (local, distributed))
    vectors, others = cached_vectors(local), cached_vectors(distributed)
    difference = max(float(abs(vectors[key] - others[key]).max()) for key in vectors)
    passages = "the same bytes" if one == other else "NOT the same"
    return f"the passages are {passages}, the vectors differ by at most {difference:.2g}"


def cached_vectors(index: Path) -> dict[bytes, np.ndarray]:
    with closing(sqlite3.connect(index / "cache" / "vectors.sqlite")) as cache:
        rows = cache.execute("SELECT key, vector FROM vectors").fetchall()
    # Each vector ends with a checksum of four bytes.
    return {key: np.frombuffer(packed[:-4], np.float16).astype(np.float32) for key, packed in rows}


def durations(moments: list[Moment]) -> np.ndarray:
    """Return the seconds and the CPU seconds of each part."""
    return np.diff(np.array(moments), axis=0)


def rows(local: list[Moment], distributed: list[Moment], report: BuildReport) -> list[dict]:
    one, other = durations(local), durations(distributed)
    parts = [*zip(PARTS, one, other, strict=True), ("all", one.sum(axis=0), other.sum(axis=0))]
    return [
        {"part": part, "local, s": here[0], "distributed, s": there[0], "ratio": there[0] / here[0],
         "overhead per passage, ms": 1000 * (there[0] - here[0]) / report.manifest.passages,
         "builder's CPU, local, s": here[1], "builder's CPU, distributed, s": there[1]}
        for part, here, there in parts
    ]  # fmt: skip


def bottleneck(distributed: list[Moment], report: BuildReport) -> str:
    """Describe the work that is left for the process that builds, however many others there are."""
    _, reading, _, encoding, writing = durations(distributed)[:, 1]
    passages, texts = report.manifest.passages, report.encoded
    return (
        f"The builder itself needs {1000 * reading / passages:.2f} ms of CPU for a passage that others read, "
        f"{1000 * encoding / texts:.3f} ms for a text that others encode, and {1000 * writing / passages:.2f} ms to "
        f"write a passage. So any number of machines can read at most {passages / reading:,.0f} passages/s and encode "
        f"at most {texts / encoding:,.0f} texts/s."
    )


if __name__ == "__main__":
    main()
