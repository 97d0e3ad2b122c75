"""How do asking and building compare with other systems, side by side?

usage: python -m benchmarks.speed.peers SET --peers FOLDER [--peer-venv NAME=PYTHON ...] [--most N]

SET is a folder with corpus.jsonl, queries.jsonl and qrels.tsv. FOLDER holds `run_peer.py`, which builds and asks one system with the same model:
`PYTHON run_peer.py NAME MODEL SET OUT`. "st-flat", sentence-transformers with faiss, needs no environment of its own and is always measured. The systems
rank passages; articlebot's line is the whole answer: ranked, quoted, with suggestions.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.question_sets import ndcg, read_gains, read_questions
from benchmarks.shared.timing import Row, machine, milliseconds, seconds, table
from bot import Bot
from bot.build.build import build
from bot.encoder import find_model
from bot.evaluation.question_set import write_corpus
from bot.settings import DEFAULT_MODEL

WARM = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--peer-venv", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--most", type=int, default=300)
    arguments = parser.parse_args()
    pythons = {"st-flat": sys.executable} | dict(pair.split("=", 1) for pair in arguments.peer_venv)
    print(f"{machine()}\n\n{table(measure(arguments.data, arguments.peers / 'run_peer.py', pythons, arguments.most))}")


def measure(data: Path, script: Path, pythons: dict[str, str], most: int = 300) -> list[Row]:
    gains = read_gains(data)
    with TemporaryDirectory() as folder:
        rows = [
            _own(data, Path(folder), gains, most),
            *(_peer(name, python, script, data, Path(folder), gains, most) for name, python in pythons.items()),
        ]
    fastest = min(float(row["query p50, ms"]) for row in rows[1:])
    return [{**row, "part of the fastest peer's": float(row["query p50, ms"]) / fastest} for row in rows]


def _own(data: Path, folder: Path, gains: dict[str, dict[str, int]], most: int) -> Row:
    write_corpus(data, folder / "corpus")
    took = seconds(lambda: build(folder / "corpus", folder / "index"))
    bot = Bot.open(folder / "index")
    questions = read_questions(data)[:most]
    for question in questions[:WARM]:
        bot.ask(question["text"])
    p50, p95 = milliseconds(bot.ask, [question["text"] for question in questions])
    ranked = {
        q["_id"]: list(dict.fromkeys(hit.passage.article.id for hit in bot.retriever.search(q["text"], 20)))
        for q in questions
    }
    return _row(
        "articlebot, whole answers", bot.retriever.generation.table.facts.passages, took, (p50, p95), ranked, gains
    )


def _peer(
    name: str, python: str, script: Path, data: Path, folder: Path, gains: dict[str, dict[str, int]], most: int
) -> Row:
    out = folder / f"{name}.json"
    command = [
        python,
        str(script),
        name,
        str(find_model(DEFAULT_MODEL)),
        str(data),
        str(out),
        "--max-queries",
        str(most),
    ]
    subprocess.run(command, check=True, capture_output=True)
    told = json.loads(out.read_text(encoding="utf-8"))
    ranked = {question: [article for article, _ in hits] for question, hits in told["runs"].items()}
    return _row(name, told["n"], told["build_s"], (told["query_ms"]["p50"], told["query_ms"]["p95"]), ranked, gains)


def _row(
    name: str,
    passages: int,
    took: float,
    query: tuple[float, float],
    ranked: dict[str, list[str]],
    gains: dict[str, dict[str, int]],
) -> Row:
    quality = [ndcg(articles, gains[question]) for question, articles in ranked.items() if gains.get(question)]
    return {
        "system": name, "passages": passages, "build, s": took, "query p50, ms": query[0], "query p95, ms": query[1],
        "nDCG@10": f"{100 * sum(quality) / max(1, len(quality)):.1f}",
    }  # fmt: skip


if __name__ == "__main__":
    main()
