"""How long do writing to the question log and making the report take, in SQLite and in PostgreSQL?

usage: python -m benchmarks.speed.question_log DATA_FOLDER --work FOLDER [--limit N] [--database ADDRESS]

The folders are as for quality/fit_ranking.py. Logs a tenth of N questions, then N, and makes the report of 7 days.
ADDRESS is a PostgreSQL database of its own, which is emptied; without it, only SQLite is measured.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import rmtree

import numpy as np

from benchmarks.quality.typos import with_slips
from benchmarks.shared.question_sets import build_set, read_questions
from benchmarks.shared.timing import Row, machine, milliseconds, percentiles, seconds, table
from bot.index.generation import Generation
from bot.retrieval.finder import Finder
from bot.settings import AnswerSettings, LogSettings
from bot.usage.logged_question import LoggedQuestion
from bot.usage.report import make_report
from bot.usage.store import UsageStore

INDEX = "stackfaq"
"""The set whose index the report is made with."""
QUESTIONS = (INDEX, "jhu_covidfaq", "rasa_sara", "clinc150_oos", "hint3_sofmattress")
"""Sets whose questions are logged."""
BATCH = 5000
"""Number of questions between two flushes."""
DAY = 86_400.0
"""Seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=1_000_000)
    parser.add_argument("--database", default="")
    arguments = parser.parse_args()
    print(f"{machine()}\n\n{table(measure(arguments.data, arguments.work, arguments.limit, arguments.database))}")


def measure(data: Path, work: Path, limit: int, database: str) -> list[Row]:
    generation, chance = build_set(data / INDEX, work / INDEX), random.Random(2)
    texts = [row["text"] for name in QUESTIONS for row in read_questions(data / name)]
    rows: list[Row] = []
    for count in (limit // 10, limit):
        questions = list(_logged_questions(texts, generation, count, chance))
        databases = ["", database] if database else [""]
        rows += [_measure_one(generation, questions, work / "cost", each) for each in databases]
    return rows


def _measure_one(generation: Generation, questions: Sequence[LoggedQuestion], folder: Path, database: str) -> Row:
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    store = UsageStore(folder, LogSettings(database=database))
    store.forget(text="")
    start = time.perf_counter()
    p50, p95 = percentiles(_add(store, questions))
    duration = time.perf_counter() - start
    vote, _ = milliseconds(lambda answer: store.vote(answer, helpful=True), [one.answer for one in questions[:500]])
    size, now, threshold = _megabytes(folder, database), time.time(), AnswerSettings().threshold
    counting = seconds(lambda: store.question_stats(now - 7 * DAY, now))
    report = seconds(lambda: make_report(store, Finder(generation), now - 7 * DAY, now, threshold))
    return {
        "questions": len(questions), "log": "PostgreSQL" if database else "SQLite", "add, p50, µs": p50,
        "add, p95, µs": p95, "written per second": len(questions) / duration, "vote, p50, ms": vote,
        "counting, s": counting, "report of 7 days, s": report, "MB": size,
    }  # fmt: skip


def _add(store: UsageStore, questions: Sequence[LoggedQuestion]) -> list[float]:
    """Add questions to the log, flush them in batches, and return the microseconds of each addition."""
    times = []
    for first in range(0, len(questions), BATCH):
        for question in questions[first : first + BATCH]:
            start = time.perf_counter()
            store.add(question)
            times.append(1e6 * (time.perf_counter() - start))
        store.flush()
    return times


def _megabytes(folder: Path, database: str) -> float:
    if not database:
        return sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        # The server would do this by itself in a minute or so.
        connection.execute("VACUUM ANALYZE")
        ((size,),) = connection.execute("SELECT pg_database_size(current_database())").fetchall()
    return size / 1e6


def _logged_questions(
    texts: Sequence[str], generation: Generation, count: int, chance: random.Random
) -> Iterator[LoggedQuestion]:
    passages = [generation.table.passage(number).id for number in range(min(500, generation.table.facts.passages))]
    popularity = np.cumsum([1 / (place + 5) for place in range(len(texts))]).tolist()
    now = time.time()
    for number in range(count):
        status = chance.choices(("answered", "no_answer", "ambiguous"), (70, 22, 8))[0]
        # As many wordings as visitors have: almost every third question has slips of its own.
        (text,) = chance.choices(texts, cum_weights=popularity)
        text = with_slips(text, chance) if chance.random() < 0.3 else text
        found = (chance.choice(passages),) if status == "answered" else ()
        at, probability = now - 14 * DAY * chance.random(), 0.9 if found else 0.3
        conversation = f"c{number // 3}"
        yield LoggedQuestion(f"{number}", at, text, status, probability, found, "g", 4.0, "chat", conversation)


if __name__ == "__main__":
    main()
