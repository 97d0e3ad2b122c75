"""Do the FAQ wordings that the question log proposes help?

usage: python -m benchmarks.quality.question_log DATA_FOLDER --work FOLDER [--questions N] [--sets NAME ...]

Simulates a month of visitors on public question sets. They ask half of each set's covered questions, some much more
often than others; a fifth of all questions has slips of typing, and a fifth comes from another set, which the corpus
does not cover. Visitors who get no answer, or several meanings, click the right FAQ where it is offered (7 in 10) or a
wrong one (1 in 10); some vote. The proposals of the report are judged by the labels and all accepted, right or wrong.
The other half of the questions, which nobody asked, is asked before and after.
"""

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

import numpy as np

from benchmarks.quality.typos import with_slips
from benchmarks.shared.question_sets import build_set, read_gains, read_questions
from benchmarks.shared.timing import Row, machine, table
from bot import Answer, Bot, Retriever
from bot.build.build import build
from bot.corpus.decisions.actions import accept
from bot.index.generation import Generation, passage_by_id
from bot.index.live_index import StaticIndex
from bot.settings import AnswerSettings
from bot.usage.logged_question import LoggedQuestion
from bot.usage.report import Report, make_report
from bot.usage.store import UsageStore

SETS, UNCOVERED = ("stackfaq", "jhu_covidfaq", "rasa_sara"), "clinc150_oos"
DAYS = 30
DAY = 86_400.0
"""Seconds."""
MIN_CONVERSATIONS = 3
"""Minimum number of conversations with a question that is proposed."""

Labelled = tuple[str, set[str]]
"""A question, and the articles that answer it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=20_000)
    parser.add_argument("--sets", nargs="*", default=SETS)
    arguments = parser.parse_args()
    rows = [simulate(arguments.data, arguments.work / name, name, arguments.questions) for name in arguments.sets]
    print(f"{machine()}\n\n{table(rows)}")


def simulate(data: Path, work: Path, name: str, count: int) -> Row:
    """Simulate a month on one set; return its row of the table."""
    chance, generation = random.Random(1), _build_without_alternates(data / name, work)
    asked, held_out = _halves(data / name, chance)
    visitors = Visitors(Bot(Retriever(StaticIndex(generation))), _empty_log(work / "usage"), chance)
    asked += visitors.ask(asked, [row["text"] for row in read_questions(data / UNCOVERED)], count)
    now, start = time.time(), time.perf_counter()
    finder, threshold = visitors.bot.retriever.finder(), AnswerSettings().threshold
    report = make_report(visitors.store, finder, now - DAYS * DAY, now, threshold)
    duration, proposals = time.perf_counter() - start, report.proposals
    right = sum(_is_right(generation, one.passage, _labels(asked, one.question)) for one in proposals)
    before = _hit_at_1(visitors.bot, held_out)
    for one in proposals:
        accept(work / "corpus", one.question, one.passage)
    build(work / "corpus", work / "index")
    after = _hit_at_1(Bot.open(work / "index"), held_out)
    return {
        "set": name, "questions logged": report.questions, "groups": len(report.gaps), "report, s": duration,
        "proposed": len(proposals), "right": f"{right / max(1, len(proposals)):.0%}",
        "of those possible": f"{right / max(1, _possible(report, asked)):.0%}",
        "hit@1 of others before": before, "after": after,
    }  # fmt: skip


def _build_without_alternates(data: Path, work: Path) -> Generation:
    """Build the index of a set, without the wordings that an earlier run accepted."""
    (work / "corpus" / "alternates.csv").unlink(missing_ok=True)
    return build_set(data, work)


def _halves(data: Path, chance: random.Random) -> tuple[list[Labelled], list[Labelled]]:
    gains = read_gains(data)
    covered = [(row["text"], set(gains[row["_id"]])) for row in read_questions(data) if row["_id"] in gains]
    chance.shuffle(covered)
    return covered[::2], covered[1::2]


def _empty_log(folder: Path) -> UsageStore:
    rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return UsageStore(folder)


class Visitors:
    """Visitors of a chat during a month, each with a conversation of one or two questions."""

    def __init__(self, bot: Bot, store: UsageStore, chance: random.Random) -> None:
        self.bot, self.store, self._chance = bot, store, chance
        self._answers: dict[str, Answer] = {}

    def ask(self, covered: Sequence[Labelled], uncovered: Sequence[str], count: int) -> list[Labelled]:
        """Ask and log questions; return them as they were typed."""
        chance, typed = self._chance, []
        popularity = [1 / (place + 5) for place in range(len(covered))]
        now = time.time()
        for number in range(count):
            at = now - DAYS * DAY * chance.random()
            if chance.random() < 0.2:
                question, labels = chance.choice(uncovered), set()
            else:
                question, labels = chance.choices(covered, popularity)[0]
            question = with_slips(question, chance) if chance.random() < 0.2 else question
            typed.append((question, labels))
            answer = self._answer(question)
            self._log(answer, f"{number}", at, f"{number}")
            self._react(answer, labels, at, f"{number}")
        self.store.flush()
        return typed

    def _answer(self, question: str) -> Answer:
        if question not in self._answers:
            self._answers[question] = self.bot.ask(question)
        return self._answers[question]

    def _react(self, answer: Answer, labels: set[str], at: float, conversation: str) -> None:
        """Vote on an answer, or click one of the questions that are offered instead."""
        chance = self._chance
        if answer.sources and chance.random() < 0.05:
            self.store.vote(conversation, helpful=_is_answered(answer, labels))
        offered = answer.did_you_mean or answer.suggestions
        if answer.sources or not offered:
            return
        right = [question for question in offered if _is_answered(self._answer(question), labels)]
        draw = chance.random()
        clicked = right[0] if right and draw < 0.7 else chance.choice(offered) if draw > 0.9 else None
        if clicked:
            self._log(self._answer(clicked), f"{conversation}-next", at + 15, conversation)

    def _log(self, answer: Answer, ident: str, at: float, conversation: str) -> None:
        passages = tuple(source.passage.id for source in answer.sources)
        status = "small_talk" if answer.talk else answer.status
        facts = (answer.question, status, answer.probability, passages, answer.generation)
        self.store.add(LoggedQuestion(ident, at, *facts, 1.0, "chat", conversation, answer.corrected))


def _is_answered(answer: Answer, labels: set[str]) -> bool:
    return bool(answer.sources) and answer.sources[0].passage.article.id in labels


def _labels(asked: Sequence[Labelled], question: str) -> set[str]:
    return next((labels for text, labels in asked if text == question), set())


def _is_right(generation: Generation, passage: str, labels: set[str]) -> bool:
    found = passage_by_id(generation.table, passage)
    return found is not None and found.article.id in labels


def _possible(report: Report, asked: Sequence[Labelled]) -> int:
    """Return the number of covered groups that enough visitors asked without an answer."""
    unanswered = [gap for gap in report.gaps if gap.unanswered + gap.ambiguous > 0]
    return sum(gap.conversations >= MIN_CONVERSATIONS and bool(_labels(asked, gap.question)) for gap in unanswered)


def _hit_at_1(bot: Bot, questions: Sequence[Labelled]) -> float:
    finder = bot.retriever.finder()
    hits = [finder.find(question, 1).hits[0].passage.article.id in labels for question, labels in questions]
    return 100 * float(np.mean(hits))


if __name__ == "__main__":
    main()
