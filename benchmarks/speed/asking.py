"""How long does one answer take, and where does the time go?

usage: python -m benchmarks.speed.asking INDEX [--questions FILE] [--limit N]

Asks the questions of a file, one per line, or by default reworded questions of the index itself. Prints p50 and p95 of
each stage, relative to the time that sentence-transformers takes to encode one question in the same run. "ask" is the
whole answer, with quote and suggestions. "CrossEncoder" is one of the packaged model's size, as rerankers are, over the
first 20 passages; its weights say nothing, but take as long as any others.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import process_time

from sentence_transformers import CrossEncoder

from benchmarks.shared.timing import Row, machine, milliseconds, seconds, table
from bot import Bot
from bot.build.score_calibration import calibration_questions
from bot.encoder import SentenceEncoder, find_model
from bot.index.filters import Filters
from bot.index.generation import FIELDS
from bot.retrieval.features import find_candidates
from bot.retrieval.query_rewriting import QueryVariant
from bot.settings import DEFAULT_MODEL

WARM_UP = 30
"""Number of questions that are asked before the measurement."""
REFERENCE = "encode, sentence-transformers"
RATIO = "p50 relative to the first"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--limit", type=int, default=600)
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(measure(arguments.index, arguments.questions, arguments.limit))}")


def measure(index: Path, path: Path | None = None, limit: int = 600) -> list[Row]:
    bot = Bot.open(index)
    generation = bot.retriever.generation
    original = SentenceEncoder(generation.manifest.settings.model)
    questions = _questions(bot, path)[: limit + WARM_UP]
    for question in questions[:WARM_UP]:
        bot.ask(question)
        original.encode_questions([question])
    questions = questions[WARM_UP:]
    figures = {name: milliseconds(call, questions) for name, call in _stages(bot, original, questions).items()}
    reference = figures[REFERENCE][0]
    stage = f"{generation.table.facts.passages} passages, {len(questions)} questions"
    rows: list[Row] = [
        {stage: name, "p50, ms": p50, "p95, ms": p95, RATIO: p50 / reference} for name, (p50, p95) in figures.items()
    ]
    for name, mean in _mean_times(bot, questions).items():
        rows.append({stage: name, "p50, ms": mean, "p95, ms": "", RATIO: mean / reference})
    return rows


def _stages(bot: Bot, original: SentenceEncoder, questions: list[str]) -> dict[str, Callable[[str], object]]:
    generation, filters = bot.retriever.generation, Filters()
    vectors = {question: generation.encoder.encode_questions([question]) for question in questions}
    reranker = CrossEncoder(str(find_model(DEFAULT_MODEL)), num_labels=1, max_length=256)
    texts = [passage.text for passage in generation.table.sample(20)]
    return {
        REFERENCE: lambda question: original.encode_questions([question]),
        "CrossEncoder": lambda question: reranker.predict([(question, text) for text in texts]),
        "encode": lambda question: generation.encoder.encode_questions([question]),
        "search vectors": lambda question: generation.vectors.search(vectors[question], 150),
        "search words": lambda question: [generation.lexical.search(field, question, 200) for field in FIELDS],
        "find candidates, with the above": lambda text: find_candidates(generation, [QueryVariant(text)], 20, filters),
        "search, 10 hits": lambda question: bot.retriever.search(question, 10),
        "ask": bot.ask,
        "ask again": bot.ask,
    }


def _mean_times(bot: Bot, questions: list[str]) -> dict[str, float]:
    """Return the mean processor milliseconds of an answer, and the mean milliseconds of each of many at once."""

    def ask_side_by_side() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda question: bot.retriever.search(question, 10), questions))

    in_one_call, side_by_side = seconds(lambda: bot.retriever.search_many(questions, 10)), seconds(ask_side_by_side)
    times = {
        "ask, processor time of all threads": _processor_time(bot, questions),
        "search_many, mean time of each": in_one_call,
        "search, 4 visitors at once, mean time of each": side_by_side,
    }
    return {name: 1000 * time / len(questions) for name, time in times.items()}


def _processor_time(bot: Bot, questions: list[str]) -> float:
    """Return the processor seconds of answering all questions, whose answers are not kept yet."""
    unused = Bot(bot.retriever)
    before = process_time()
    for question in questions:
        unused.ask(question)
    return process_time() - before


def _questions(bot: Bot, path: Path | None) -> list[str]:
    if path is None:
        return [each.reworded for each in calibration_questions(bot.retriever.generation.table, 400)]
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main()
