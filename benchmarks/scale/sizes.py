"""What do build, index, memory and answers cost from a thousand to a million passages?

usage: python -m benchmarks.scale.sizes INDEX [--sizes 1000,10000,100000,1000000] [--questions FILE] [--plot FILE]

Makes indexes of copies of the passages of INDEX: their texts repeated, each vector moved by noise of a quarter of its length, so that no two are the same.
Everything is written as a build writes it but encoding, whose time `encoding.py` tells. Each index is made, and asked, in a fresh process. Recall is that of
the ten nearest rows against a search of all of them, of questions of the file, also among the rows of one article in 3 and one in 100.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.shared.timing import Row, machine, milliseconds, resident_megabytes, seconds, table
from bot import Bot
from bot.build.passage_writer import PassageWriter
from bot.build.publish import publish_generation, unfinished_generation
from bot.build.score_calibration import calibration_questions
from bot.build.word_index import word_index_in_background
from bot.encoder import Matrix
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import ENCODER, MANIFEST, record_files
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import SENTENCES, write_sentences
from bot.index.store import LocalStore
from bot.index.vectors import SearchPlan, Vectors, write_vectors
from bot.settings import BuildSettings

NOISE, POOL = 0.25, 65_537
"""Length of the noise, and how many different ones there are: a prime, so that copies of a row get different ones."""
WARM = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        print(json.dumps(make(arguments.index, arguments.make, int(arguments.sizes))))
    elif arguments.ask:
        print(json.dumps(ask(arguments.ask, arguments.questions)))
    else:
        rows = measure(arguments.index, arguments.questions, [int(size) for size in arguments.sizes.split(",")])
        print(f"{machine()}\n\n{table(rows)}")
        if arguments.plot:
            plot(rows, arguments.plot)


def measure(index: Path, questions: Path, sizes: Sequence[int]) -> list[Row]:
    rows: list[Row] = []
    for size in sizes:
        with TemporaryDirectory() as folder:
            common = [sys.executable, "-m", __spec__.name, str(index), "--questions", str(questions)]
            made = _told([*common, "--make", folder, "--sizes", str(size)])
            rows.append(made | _told([*common, "--ask", folder]))
    return rows


def _told(command: list[str]) -> dict:
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


class NoisyRows:
    """Rows repeated, each copy moved by a noise of its own."""

    def __init__(self, rows: Matrix, count: int) -> None:
        self._rows, self._count = rows, count
        noise = np.random.default_rng(0).normal(size=(POOL, rows.shape[1])).astype(np.float32)
        self._noise = noise * (NOISE / np.linalg.norm(noise, axis=1, keepdims=True))

    def __len__(self) -> int:
        return self._count

    def rows(self, numbers: Sequence[int]) -> Matrix:
        places = np.asarray(numbers, np.int64)
        moved = self._rows[places % len(self._rows)] + self._noise[places % POOL]
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)

    def blocks(self, size: int) -> Iterator[Matrix]:
        return (self.rows(range(start, min(start + size, self._count))) for start in range(0, self._count, size))


def make(index: Path, folder: Path, size: int) -> dict:
    """Make an index of about so many passages; returns its row of the table."""
    base, store = LocalGeneration.open(LocalStore(index).current_folder()), LocalStore(folder)
    passages = base.table.passages(range(min(size, len(base.table))))
    copies = max(1, round(size / len(passages)))
    vectors = base.vectors.rows(np.arange(base.table.row_start[len(passages)]))
    told = int(base.table.sentence_start[len(passages)])
    sentences = (
        np.fromfile(LocalStore(index).current_folder() / SENTENCES, np.int8, told * vectors.shape[1])
        .reshape(told, -1)
        .astype(np.float32)
    )
    sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    questions = base.encoder.encode_questions([probe.reworded for probe in calibration_questions(base.table)])
    with store.lock(), unfinished_generation(store) as unfinished:
        plan: list[SearchPlan] = []

        def write() -> None:
            writer = PassageWriter(unfinished / PASSAGES)
            for copy in range(copies):
                articles = {
                    passage.article.id: replace(passage.article, id=f"{passage.article.id}-{copy}")
                    for passage in passages
                }
                for passage in passages:
                    writer.add(replace(passage, id=f"{passage.id}-{copy}", article=articles[passage.article.id]))
            writer.close()
            with word_index_in_background(unfinished):
                plan.append(
                    write_vectors(
                        unfinished,
                        NoisyRows(vectors, len(vectors) * copies),
                        vectors.shape[1],
                        BuildSettings().exact_rows,
                        questions,
                    )
                )
                write_sentences(unfinished, NoisyRows(sentences, len(sentences) * copies))

        took = seconds(write)
        (unfinished / ENCODER).mkdir()
        for path in (LocalStore(index).current_folder() / ENCODER).iterdir():
            (unfinished / ENCODER / path.name).write_bytes(path.read_bytes())
        counts = {
            "passages": len(passages) * copies,
            "vectors": len(vectors) * copies,
            "sentences": len(sentences) * copies,
        }
        articles = PassageTable(unfinished / PASSAGES).count_articles()
        manifest = replace(base.manifest, **counts, articles=articles, search=plan[0], files=record_files(unfinished))
        (unfinished / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        publish_generation(store, unfinished, manifest.name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "passages": counts["passages"], "build without encoding, s": took, "build memory, MB": peak,
        "index, MB": manifest.bytes / 1e6, "lists, looked through": f"{plan[0].lists}, {plan[0].searched_lists}",
    }  # fmt: skip


def ask(folder: Path, questions: Path) -> dict:
    """Ask an index; returns its row of the table."""
    opened: list[Bot] = []
    took = seconds(lambda: opened.append(Bot.open(folder)))
    bot = opened[0]
    generation, asked = bot.retriever.generation, questions.read_text(encoding="utf-8").splitlines()[: WARM + 300]
    for question in asked[:WARM]:
        bot.ask(question)
    asked = asked[WARM:]
    vectors = {question: generation.encoder.encode_questions([question]) for question in asked}
    row: dict[str, str | float] = {"open, s": took}
    stages = {
        "vectors": lambda question: generation.vectors.search(vectors[question], 150),
        "words": lambda question: (
            generation.lexical.search("words", question, 200),
            generation.lexical.search("pairs", question, 200),
        ),
        "search": lambda question: bot.retriever.search(question, 10),
        "ask": bot.ask,
    }
    for name, call in stages.items():
        p50, p95 = milliseconds(call, asked)
        row |= {f"{name} p50, ms": p50, f"{name} p95, ms": p95}
    own, mapped = resident_megabytes("RssAnon"), resident_megabytes("RssFile")
    return (
        row
        | {"memory, MB": own, "mapped, MB": mapped}
        | _recall(generation, folder, [vectors[question] for question in asked[:60]])
    )


def _recall(generation: Generation, folder: Path, vectors: Sequence[Matrix]) -> dict[str, str]:
    if not generation.manifest.search.lists:
        return {"recall@10": "1", "of 1 article in 3": "1", "of 1 in 100": "1"}
    every = Vectors.open(LocalStore(folder).current_folder(), SearchPlan())
    article_of_row = generation.table.article_of_passage[generation.table.passage_of_row]
    shares = {
        "recall@10": None,
        "of 1 article in 3": np.flatnonzero(article_of_row % 3 == 0),
        "of 1 in 100": np.flatnonzero(article_of_row % 100 == 0),
    }
    told = {}
    for name, among in shares.items():
        found = [
            (generation.vectors.search(vector, 10, among)[1], every.search(vector, 10, among)[1]) for vector in vectors
        ]
        told[name] = f"{np.mean([np.mean(some >= best[-1] - 1e-5) for some, best in found]):.3f}"
    return told


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw the curves of time and size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    sizes = [float(row["passages"]) for row in rows]
    curves = {
        "milliseconds": ["vectors p50, ms", "words p50, ms", "search p50, ms", "ask p50, ms", "ask p95, ms"],
        "seconds": ["build without encoding, s", "open, s"],
        "megabytes": ["index, MB", "memory, MB", "build memory, MB"],
    }
    for axes, (unit, names) in zip(figure.subplots(1, 3), curves.items(), strict=True):
        for name in names:
            axes.loglog(sizes, [float(row[name]) for row in rows], marker="o", label=name.rpartition(",")[0])
        axes.set(xlabel="passages", ylabel=unit)
        axes.legend(frameon=False, fontsize="small")
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
