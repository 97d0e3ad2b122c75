"""What do builds, indexes, memory and answers cost from a thousand to a million passages?

usage: python -m benchmarks.scale.sizes INDEX --questions FILE [--sizes N,N,...] [--plot FILE]

Makes indexes of copies of the passages of INDEX: their texts are repeated, and each vector is moved by noise of a
quarter of its length, so that no two are the same. Everything is written as by a build, except for encoding, which
`speed/encoding.py` measures. Each index is made, and asked, in a fresh process. Recall is the share of the ten nearest
rows that are found for questions of the file, also among the rows of one article in 3 and one in 100.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.shared.timing import Row, machine, milliseconds, resident_megabytes, seconds, table
from bot import Bot
from bot.build.passage_writer import PassageWriter
from bot.build.publish import publish_generation, unfinished_generation
from bot.build.score_calibration import calibration_questions
from bot.build.word_index import lexical_index_in_background
from bot.encoder import Matrix
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import ENCODER, MANIFEST, record_files
from bot.index.passage_table import PASSAGES, PassageTable
from bot.index.sentences import write_sentences
from bot.index.store import LocalStore
from bot.index.vectors import SearchPlan, Vectors, write_vectors
from bot.passages import Passage
from bot.settings import BuildSettings

NOISE, POOL = 0.25, 65_537
"""Length of the noise, and the number of different ones: a prime, so that copies of a row get different noise."""
WARM_UP, QUESTIONS, RECALL_QUESTIONS = 100, 300, 60
"""Numbers of questions asked before the measurement, for times and for recall."""
TIE = 1e-5
"""Difference of cosines that counts as equal."""
CURVES = {
    "milliseconds": ["vectors p50, ms", "words p50, ms", "search p50, ms", "ask p50, ms", "ask p95, ms"],
    "seconds": ["build without encoding, s", "open, s"],
    "megabytes": ["index, MB", "memory, MB", "build memory, MB"],
}


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
            command = [sys.executable, "-m", __spec__.name, str(index), "--questions", str(questions)]
            made = _run([*command, "--make", folder, "--sizes", str(size)])
            rows.append(made | _run([*command, "--ask", folder]))
    return rows


def _run(command: list[str]) -> dict:
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


class NoisyRows:
    """Rows repeated up to a number, each copy moved by its own noise."""

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

    def blocks(self, size: int = 16_384) -> Iterator[Matrix]:
        return (self.rows(range(start, min(start + size, self._count))) for start in range(0, self._count, size))


def make(index: Path, folder: Path, size: int) -> dict:
    """Make an index of about `size` passages; return its columns of the table."""
    base, store = LocalGeneration.open(LocalStore(index).current_folder()), LocalStore(folder)
    passages = base.table.passages(range(min(size, len(base.table))))
    copies = max(1, round(size / len(passages)))
    vectors, sentences = _copies_of_vectors(base, len(passages), copies)
    questions = base.encoder.encode_questions([each.reworded for each in calibration_questions(base.table)])
    plans: list[SearchPlan] = []
    with store.lock(), unfinished_generation(store) as unfinished:
        copied = (one for copy in range(copies) for one in _copies_of_passages(passages, copy))
        duration = seconds(lambda: plans.append(_write(unfinished, copied, vectors, sentences, questions)))
        shutil.copytree(LocalStore(index).current_folder() / ENCODER, unfinished / ENCODER)
        counts = {"passages": len(passages) * copies, "vectors": len(vectors), "sentences": len(sentences)}
        articles, files = PassageTable(unfinished / PASSAGES).count_articles(), record_files(unfinished)
        manifest = replace(base.manifest, **counts, articles=articles, search=plans[0], files=files)
        (unfinished / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        publish_generation(store, unfinished, manifest.name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "passages": counts["passages"], "build without encoding, s": duration, "build memory, MB": peak,
        "index, MB": manifest.bytes / 1e6, "lists, searched": f"{plans[0].lists}, {plans[0].searched_lists}",
    }  # fmt: skip


def _copies_of_vectors(base: LocalGeneration, passages: int, copies: int) -> tuple[NoisyRows, NoisyRows]:
    """Return copies of the vectors of the first passages, and of their sentences."""
    vectors = base.vectors.rows(np.arange(base.table.row_start[passages]))
    sentences = base.sentences.rows(np.arange(base.table.sentence_start[passages]))
    sentences /= np.linalg.norm(sentences, axis=1, keepdims=True)
    return NoisyRows(vectors, len(vectors) * copies), NoisyRows(sentences, len(sentences) * copies)


def _write(
    folder: Path, passages: Iterator[Passage], vectors: NoisyRows, sentences: NoisyRows, questions: Matrix
) -> SearchPlan:
    """Write the passages, the word index and the vectors as a build does."""
    writer = PassageWriter(folder / PASSAGES)
    for passage in passages:
        writer.add(passage)
    writer.close()
    with lexical_index_in_background(folder, len(PassageTable(folder / PASSAGES).passage_of_row)):
        plan = write_vectors(folder, vectors.blocks(), questions.shape[1], BuildSettings().exact_rows, questions)
        write_sentences(folder, sentences.blocks())
    return plan


def _copies_of_passages(passages: list[Passage], copy: int) -> Iterator[Passage]:
    unique = {passage.article.id: passage.article for passage in passages}
    articles = {ident: replace(article, id=f"{ident}-{copy}") for ident, article in unique.items()}
    for passage in passages:
        yield replace(passage, id=f"{passage.id}-{copy}", article=articles[passage.article.id])


def ask(folder: Path, questions: Path) -> dict:
    """Ask an index; return its columns of the table."""
    opened: list[Bot] = []
    row: dict[str, str | float] = {"open, s": seconds(lambda: opened.append(Bot.open(folder)))}
    (bot,) = opened
    texts = questions.read_text(encoding="utf-8").splitlines()[: WARM_UP + QUESTIONS]
    for text in texts[:WARM_UP]:
        bot.ask(text)
    texts = texts[WARM_UP:]
    vectors = {text: bot.generation.encoder.encode_questions([text]) for text in texts}
    for name, call in _stages(bot, vectors).items():
        p50, p95 = milliseconds(call, texts)
        row |= {f"{name} p50, ms": p50, f"{name} p95, ms": p95}
    row |= {"memory, MB": resident_megabytes("RssAnon"), "mapped, MB": resident_megabytes("RssFile")}
    return row | _recall(bot.generation, folder, [vectors[text] for text in texts[:RECALL_QUESTIONS]])


def _stages(bot: Bot, vectors: dict[str, Matrix]) -> dict[str, Callable[[str], object]]:
    generation = bot.generation
    return {
        "vectors": lambda question: generation.vectors.search(vectors[question], 150),
        "words": lambda question: [generation.lexical.search(field, question, 200) for field in ("words", "pairs")],
        "search": lambda question: bot.retriever.search(question, 10),
        "ask": bot.ask,
    }


def _recall(generation: Generation, folder: Path, vectors: Sequence[Matrix]) -> dict[str, str]:
    """Return the recall of the ten nearest rows, among all rows and among some."""
    article_of_row = generation.table.article_of_passage[generation.table.passage_of_row]
    selections = {
        "recall@10": None,
        "of 1 article in 3": np.flatnonzero(article_of_row % 3 == 0),
        "of 1 in 100": np.flatnonzero(article_of_row % 100 == 0),
    }
    if not generation.manifest.search.lists:
        return dict.fromkeys(selections, "1")
    exhaustive = Vectors.open(LocalStore(folder).current_folder(), SearchPlan())
    recall = {}
    for name, among in selections.items():
        found = [generation.vectors.search(vector, 10, among)[1] for vector in vectors]
        least = [exhaustive.search(vector, 10, among)[1][-1] for vector in vectors]
        shares = [np.mean(cosines >= cosine - TIE) for cosines, cosine in zip(found, least, strict=True)]
        recall[name] = f"{np.mean(shares):.3f}"
    return recall


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw the curves of times and sizes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    sizes = [float(row["passages"]) for row in rows]
    for axes, (unit, names) in zip(figure.subplots(1, 3), CURVES.items(), strict=True):
        for name in names:
            axes.loglog(sizes, [float(row[name]) for row in rows], marker="o", label=name.rpartition(",")[0])
        axes.set(xlabel="passages", ylabel=unit)
        axes.legend(frameon=False, fontsize="small")
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
