"""What does the question log cost, how soon does it report, and does what it proposes help?

usage: python -m benchmarks.quality.question_log DATA --work FOLDER [--questions N] [--most N] [--sets NAME ...] [--only groups | month | costs] [--database ADDRESS]

Simulates a month on public question sets: half of each set's covered questions are asked by visitors, the often asked ones often, a fifth with slips of typing, a
fifth of all from another set's, which the corpus does not cover. Visitors who get no answer, or several meanings, click the right FAQ where it is offered (7 in 10), or
a wrong one (1 in 10); some vote. Then the report is made, its proposals are judged by the set's labels and accepted, right or wrong, and the other half of the
questions, which nobody asked, is asked before and after. Last, N questions are logged for the cost of writing and of the report, and groups are judged by labels.
The costs are told of a PostgreSQL database, too, where one is named: a database of its own, which is emptied.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import rmtree

import numpy as np
import psycopg
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from benchmarks.quality.typos import with_slips
from benchmarks.shared.question_sets import build_set, read_gains, read_questions
from benchmarks.shared.timing import Row, machine, milliseconds, percentiles, seconds, table
from bot import Answer, Bot, Retriever
from bot.build.build import build
from bot.corpus.decisions import accept
from bot.index.generation import Generation, passage_by_id
from bot.index.live_index import StaticIndex
from bot.retrieval.finder import Finder
from bot.settings import LogSettings
from bot.usage.clusters import cluster
from bot.usage.logged_question import LoggedQuestion
from bot.usage.report import Report, make_report
from bot.usage.store import UsageStore

SETS, UNCOVERED = ("stackfaq", "jhu_covidfaq", "rasa_sara"), "clinc150_oos"
DAYS = 30
DAY = 86_400.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=20_000)
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--only", choices=("groups", "month", "costs"))
    parser.add_argument("--database", default="")
    arguments = parser.parse_args()
    parts: Mapping[str, Callable[[], Sequence[Row]]] = {
        "groups": lambda: groups(arguments.data, arguments.work),
        "month": lambda: [month(arguments.data, arguments.work, name, arguments.questions) for name in arguments.sets],
        "costs": lambda: costs(arguments.data, arguments.work, arguments.most, arguments.database),
    }
    print(machine())
    for name, part in parts.items():
        if arguments.only in (None, name):
            print(f"\n{table(part())}", flush=True)


def month(data: Path, work: Path, name: str, count: int) -> Row:
    chance = random.Random(1)
    generation = build_set(data / name, work / name)
    # What an earlier run accepted is no part of the corpus yet.
    (work / name / "corpus" / "alternates.csv").unlink(missing_ok=True)
    build(work / name / "corpus", work / name / "index")
    generation = Bot.open(work / name / "index").generation
    gains = read_gains(data / name)
    covered = [(row["text"], set(gains[row["_id"]])) for row in read_questions(data / name) if row["_id"] in gains]
    chance.shuffle(covered)
    asked, held_out = covered[::2], covered[1::2]
    uncovered = [row["text"] for row in read_questions(data / UNCOVERED)]
    rmtree(work / name / "usage", ignore_errors=True)
    (work / name / "usage").mkdir()
    store, bot = UsageStore(work / name / "usage"), Bot(Retriever(StaticIndex(generation)))
    asked = [*asked, *_live(bot, store, asked, uncovered, count, chance)]
    now = time.time()
    took = time.perf_counter()
    report = make_report(store, bot.retriever.finder(), now - DAYS * DAY, now, 0.5)
    took = time.perf_counter() - took
    right = sum(_means(generation, one.passage, _labels(asked, one.question)) for one in report.proposals)
    wanted = _wanted(report, asked)
    before = _hit_at_1(bot, held_out)
    for one in report.proposals:
        accept(work / name / "corpus", one.question, one.passage)
    build(work / name / "corpus", work / name / "index")
    after = _hit_at_1(Bot.open(work / name / "index"), held_out)
    return {
        "set": name, "questions logged": report.questions, "groups": len(report.gaps), "report, s": took, "proposed": len(report.proposals),
        "right": f"{right / max(1, len(report.proposals)):.0%}", "of those that could be": f"{right / max(1, wanted):.0%}",
        "hit@1 of others before": before, "after": after,
    }  # fmt: skip


def _live(
    bot: Bot,
    store: UsageStore,
    asked: Sequence[tuple[str, set[str]]],
    uncovered: Sequence[str],
    count: int,
    chance: random.Random,
) -> list[tuple[str, set[str]]]:
    """A month of visitors, each with a conversation of one or two questions; returns the questions as they were typed."""
    as_typed = []
    popular = [1 / (place + 5) for place in range(len(asked))]
    answers: dict[str, Answer] = {}

    def answer(question: str) -> Answer:
        if question not in answers:
            answers[question] = bot.ask(question)
        return answers[question]

    now = time.time()
    for number in range(count):
        at, conversation = now - DAYS * DAY * chance.random(), str(number)
        if chance.random() < 0.2:
            question, labels = chance.choice(uncovered), set()
        else:
            question, labels = chance.choices(asked, popular)[0]
        typed = with_slips(question, chance) if chance.random() < 0.2 else question
        as_typed.append((typed, labels))
        got = answer(typed)
        _note(store, got, f"{number}", at, conversation)
        _react(store, got, labels, answer, at, conversation, chance)
    store.flush()
    return as_typed


def _react(
    store: UsageStore, got: Answer, labels: set[str], answer, at: float, conversation: str, chance: random.Random
) -> None:
    right = bool(got.sources) and got.sources[0].passage.article.id in labels
    if got.sources and chance.random() < 0.05:
        store.vote(f"{conversation}", helpful=right)
    offered = got.did_you_mean or got.suggestions
    if got.sources or not offered:
        return
    fitting = [
        question
        for question in offered
        if (found := answer(question)).sources and found.sources[0].passage.article.id in labels
    ]
    draw = chance.random()
    clicked = fitting[0] if fitting and draw < 0.7 else chance.choice(offered) if draw > 0.9 else None
    if clicked:
        _note(store, answer(clicked), f"{conversation}-next", at + 15, conversation)


def _note(store: UsageStore, got: Answer, ident: str, at: float, conversation: str) -> None:
    passages = tuple(source.passage.id for source in got.sources)
    status = "small_talk" if got.talk else got.status
    store.add(
        LoggedQuestion(
            ident,
            at,
            got.question,
            status,
            got.probability,
            passages,
            got.generation,
            1.0,
            "chat",
            conversation,
            got.corrected,
        )
    )


def _labels(asked: Sequence[tuple[str, set[str]]], question: str) -> set[str]:
    return next((labels for text, labels in asked if text == question), set())


def _means(generation: Generation, passage: str, labels: set[str]) -> bool:
    found = passage_by_id(generation.table, passage)
    return found is not None and found.article.id in labels


def _wanted(report: Report, asked: Sequence[tuple[str, set[str]]]) -> int:
    """Groups that enough visitors asked, without an answer, and that the corpus covers."""
    return sum(
        gap.conversations >= 3 and gap.unanswered + gap.ambiguous > 0 and bool(_labels(asked, gap.question))
        for gap in report.gaps
    )


def _hit_at_1(bot: Bot, asked: Sequence[tuple[str, set[str]]]) -> float:
    finder = bot.retriever.finder()
    return 100 * float(
        np.mean([finder.find(question, 1).hits[0].passage.article.id in labels for question, labels in asked])
    )


def costs(data: Path, work: Path, most: int, database: str) -> list[Row]:
    """Writing and reporting, for a tenth of the questions and for all."""
    chance = random.Random(2)
    generation = build_set(data / SETS[0], work / SETS[0])
    texts = [row["text"] for name in (*SETS, UNCOVERED, "hint3_sofmattress") for row in read_questions(data / name)]
    rows: list[Row] = []
    for count in (most // 10, most):
        entries = list(_many(texts, generation, count, chance))
        rows += [_cost(generation, entries, work / "cost", where) for where in ("", database)[: 1 + bool(database)]]
    return rows


def _cost(generation: Generation, entries: Sequence[LoggedQuestion], folder: Path, database: str) -> Row:
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    store = UsageStore(folder, LogSettings(database=database))
    store.forget(text="")
    adding, whole = [], time.perf_counter()
    for start in range(0, len(entries), 5000):
        for entry in entries[start : start + 5000]:
            begin = time.perf_counter()
            store.add(entry)
            adding.append(1e6 * (time.perf_counter() - begin))
        store.flush()
    whole = time.perf_counter() - whole
    p50, p95 = percentiles(adding)
    voting = milliseconds(lambda answer: store.vote(answer, helpful=True), [entry.answer for entry in entries[:500]])
    size, now = _megabytes(folder, database), time.time()
    counting = seconds(lambda: store.question_stats(now - 7 * DAY, now))
    took = seconds(lambda: make_report(store, Finder(generation), now - 7 * DAY, now, 0.5))
    return {
        "questions": len(entries), "log": "PostgreSQL" if database else "SQLite", "add, p50, µs": p50, "add, p95, µs": p95,
        "written a second": len(entries) / whole, "vote, p50, ms": voting[0], "counted, s": counting, "report of 7 days, s": took, "MB": size,
    }  # fmt: skip


def _megabytes(folder: Path, database: str) -> float:
    if not database:
        return sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    with psycopg.connect(database, autocommit=True) as connection:
        # As the server does by itself in a minute or so.
        connection.execute("VACUUM ANALYZE")
        ((size,),) = connection.execute("SELECT pg_database_size(current_database())").fetchall()
    return size / 1e6


def _many(texts: Sequence[str], generation: Generation, count: int, chance: random.Random) -> Iterator[LoggedQuestion]:
    passages = [generation.table.passage(number).id for number in range(min(500, generation.table.facts.passages))]
    popular = np.cumsum([1 / (place + 5) for place in range(len(texts))]).tolist()
    now = time.time()
    for number in range(count):
        status = chance.choices(("answered", "no_answer", "ambiguous"), (70, 22, 8))[0]
        # As many wordings as visitors have: every third question has slips of its own.
        (text,) = chance.choices(texts, cum_weights=popular)
        text = with_slips(text, chance) if chance.random() < 0.3 else text
        found = (chance.choice(passages),) if status == "answered" else ()
        yield LoggedQuestion(
            f"{number}",
            now - 14 * DAY * chance.random(),
            text,
            status,
            0.9 if found else 0.3,
            found,
            "g",
            4.0,
            "chat",
            f"c{number // 3}",
            None,
        )


def groups(data: Path, work: Path) -> list[Row]:
    """Of the pairs of questions that a way of grouping joins, how many have one label; of those with one label, how many it joins."""
    encoder = build_set(data / SETS[0], work / SETS[0]).encoder
    rows: list[Row] = []
    for name in (*SETS, UNCOVERED, "hint3_sofmattress"):
        gains = read_gains(data / name)
        asked = [row for row in read_questions(data / name) if row["_id"] in gains][:1200]
        vectors = encoder.encode_questions([row["text"] for row in asked])
        labels = np.unique([min(gains[row["_id"]]) for row in asked], return_inverse=True)[1]
        ways: Mapping[str, NDArray[np.integer]] = {
            "average linkage, as the report": _numbered(cluster(vectors), len(asked)),
            "single linkage": fcluster(linkage(vectors, "single", metric="cosine"), 0.25, criterion="distance"),
            "first come, first served": _leaders(vectors, 0.7),
        }
        for way, found in ways.items():
            joined, same = (np.equal.outer(each, each) & ~np.eye(len(each), dtype=bool) for each in (found, labels))
            precision, recall = ((joined & same).sum() / max(1, which.sum()) for which in (joined, same))
            rows.append(
                {
                    "set": f"{name} ({len(asked)})",
                    "grouping": way,
                    "joined rightly": f"{precision:.0%}",
                    "of those alike": f"{recall:.0%}",
                }
            )
    return rows


def _numbered(found: Sequence[Sequence[int]], count: int) -> NDArray[np.integer]:
    numbers = np.zeros(count, int)
    for label, group in enumerate(found):
        numbers[list(group)] = label
    return numbers


def _leaders(vectors: NDArray[np.float32], least: float) -> NDArray[np.integer]:
    """Each question joins the first one before it that is near enough, or leads a group of its own."""
    cosines = vectors @ vectors.T
    labels = np.full(len(vectors), -1)
    for number in range(len(vectors)):
        if labels[number] < 0:
            labels[(cosines[number] >= least) & (labels < 0)] = number
    return labels


if __name__ == "__main__":
    main()
