"""How long does one answer take, and what of it?

usage: python -m benchmarks.speed.asking INDEX [--questions FILE] [--most N]

Asks the questions of a file, one a line, or else the index's own in other words, and prints p50 and p95 of each stage, as parts of the time that
sentence-transformers needs in the same run to encode one question. "ask" is the whole answer: quote, suggestions and all.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.shared.timing import Row, machine, milliseconds, seconds, table
from bot import Bot
from bot.build.score_calibration import calibration_questions
from bot.encoder import SentenceEncoder
from bot.index.filters import Filters
from bot.index.generation import FIELDS
from bot.retrieval.features import find_candidates
from bot.retrieval.query_rewriting import QueryVariant

WARM = 30
"""Questions asked before anything is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--most", type=int, default=600)
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(measure(arguments.index, arguments.questions, arguments.most))}")


def measure(index: Path, questions: Path | None = None, most: int = 600) -> list[Row]:
    bot = Bot.open(index)
    generation, original = bot.retriever.generation, SentenceEncoder(bot.retriever.generation.manifest.settings.model)
    asked = _questions(bot, questions)[: most + WARM]
    for question in asked[:WARM]:
        bot.ask(question)
        original.encode_questions([question])
    asked = asked[WARM:]
    vectors = {question: generation.encoder.encode_questions([question]) for question in asked}
    stages = {
        "encode, sentence-transformers": lambda question: original.encode_questions([question]),
        "encode": lambda question: generation.encoder.encode_questions([question]),
        "search vectors": lambda question: generation.vectors.search(vectors[question], 150),
        "search words": lambda question: [generation.lexical.search(field, question, 200) for field in FIELDS],
        "find candidates, with the above": lambda question: find_candidates(
            generation, [QueryVariant(question)], 20, Filters()
        ),
        "search, 10 hits": lambda question: bot.retriever.search(question, 10),
        "ask": bot.ask,
        "ask again": bot.ask,
    }
    figures = {name: milliseconds(call, asked) for name, call in stages.items()}
    whole = figures["encode, sentence-transformers"][0]
    size = f"{generation.table.facts.passages} passages, {len(asked)} questions"
    rows: list[Row] = [
        {size: name, "p50, ms": p50, "p95, ms": p95, "p50, part of the first": p50 / whole}
        for name, (p50, p95) in figures.items()
    ]
    return [*rows, *_side_by_side(bot, asked, whole, size)]


def _side_by_side(bot: Bot, asked: list[str], whole: float, size: str) -> list[Row]:
    """How long a question takes on average when many are asked at once: in one call, and by four visitors."""

    def visitors() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda question: bot.retriever.search(question, 10), asked))

    each = {
        "search_many": seconds(lambda: bot.retriever.search_many(asked, 10)),
        "search, 4 visitors at once": seconds(visitors),
    }
    took = {name: 1000 * all_of_them / len(asked) for name, all_of_them in each.items()}
    return [
        {size: f"{name}, time for each", "p50, ms": own, "p95, ms": "", "p50, part of the first": own / whole}
        for name, own in took.items()
    ]


def _questions(bot: Bot, path: Path | None) -> list[str]:
    if path is None:
        return [probe.reworded for probe in calibration_questions(bot.retriever.generation.table, 400)]
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main()
