"""How do asking and building compare with other systems, side by side?

usage: python -m benchmarks.speed.peers SET --peers FOLDER [--peer-venv NAME=PYTHON ...] [--limit N]

SET is a folder with corpus.jsonl, queries.jsonl and qrels.tsv. FOLDER holds `run_peer.py`, which builds and asks one
system with the same model: `PYTHON run_peer.py NAME MODEL SET OUT`. "st-flat", sentence-transformers with faiss, needs
no environment of its own and is always measured. The other systems rank passages; articlebot's row is the whole
answer: ranked, quoted, with suggestions.
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

WARM_UP = 20
"""Number of questions that are asked before the measurement."""
Gains = dict[str, dict[str, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--peer-venv", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--limit", type=int, default=300)
    arguments = parser.parse_args()
    pythons = {"st-flat": sys.executable} | dict(pair.split("=", 1) for pair in arguments.peer_venv)
    print(f"{machine()}\n\n{table(measure(arguments.data, arguments.peers / 'run_peer.py', pythons, arguments.limit))}")


def measure(data: Path, script: Path, pythons: dict[str, str], limit: int = 300) -> list[Row]:
    with TemporaryDirectory() as folder:
        rows = [
            _measure_own(data, Path(folder), limit),
            *(_measure_peer(name, python, script, data, Path(folder), limit) for name, python in pythons.items()),
        ]
    fastest = min(float(row["query p50, ms"]) for row in rows[1:])
    return [{**row, "p50 relative to the fastest peer": float(row["query p50, ms"]) / fastest} for row in rows]


def _measure_own(data: Path, folder: Path, limit: int) -> Row:
    write_corpus(data, folder / "corpus")
    build_seconds = seconds(lambda: build(folder / "corpus", folder / "index"))
    bot = Bot.open(folder / "index")
    questions = {question["_id"]: question["text"] for question in read_questions(data)[:limit]}
    for text in list(questions.values())[:WARM_UP]:
        bot.ask(text)
    times = milliseconds(bot.ask, questions.values())
    ranked = {ident: _ranked_articles(bot, text) for ident, text in questions.items()}
    passages = bot.retriever.generation.table.facts.passages
    return _row("articlebot, whole answers", passages, build_seconds, times, _mean_ndcg(ranked, read_gains(data)))


def _ranked_articles(bot: Bot, question: str) -> list[str]:
    return list(dict.fromkeys(hit.passage.article.id for hit in bot.retriever.search(question, 20)))


def _measure_peer(name: str, python: str, script: Path, data: Path, folder: Path, limit: int) -> Row:
    out, model = folder / f"{name}.json", find_model(DEFAULT_MODEL)
    command = [python, str(script), name, str(model), str(data), str(out), "--max-queries", str(limit)]
    subprocess.run(command, check=True, capture_output=True)
    figures = json.loads(out.read_text(encoding="utf-8"))
    ranked = {question: [article for article, _ in hits] for question, hits in figures["runs"].items()}
    times = figures["query_ms"]["p50"], figures["query_ms"]["p95"]
    return _row(name, figures["n"], figures["build_s"], times, _mean_ndcg(ranked, read_gains(data)))


def _mean_ndcg(ranked: dict[str, list[str]], gains: Gains) -> float:
    values = [ndcg(articles, gains[question]) for question, articles in ranked.items() if gains.get(question)]
    return sum(values) / max(1, len(values))


def _row(name: str, passages: int, build_seconds: float, query: tuple[float, float], quality: float) -> Row:
    return {
        "system": name, "passages": passages, "build, s": build_seconds, "query p50, ms": query[0],
        "query p95, ms": query[1], "nDCG@10": f"{100 * quality:.1f}",
    }  # fmt: skip


if __name__ == "__main__":
    main()
