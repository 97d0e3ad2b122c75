"""How good are answers from the articles of other publishers, on which no model was trained?

usage: python -m benchmarks.quality.publishers --work FOLDER [NAME ...]

Builds an index of each folder of tests/publishers with the default settings, and asks the questions beside it. Prints
the figures of `articlebot eval` in percent, and others: "read" is the share of the answered questions whose words are
among the passages that the reader reads, "right when answered" the share of answers of status "answered" that show the
words, and "claimed" the share of the unanswered questions with this status.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality.reader_cases import CaseReader
from bot.answering.bot import Bot
from bot.build.build import build
from bot.evaluation.evaluate import Outcome, ask_all, figures
from bot.evaluation.question_set import read_questions

PUBLISHERS = Path(__file__).parents[2] / "tests" / "publishers"
_COLUMNS = (
    "questions", "read", "words quoted", "words shown", "answered", "right when answered", "closest", "claimed",
)  # fmt: skip
Asked = Sequence[tuple[Outcome, bool]]
"""The outcome of each question, and whether the words that answer were read."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="folders of tests/publishers; all by default")
    parser.add_argument("--work", type=Path, required=True, help="folder for the indexes")
    arguments = parser.parse_args()
    print(f"| publisher | {' | '.join(_COLUMNS)} |\n{'| --- ' * (len(_COLUMNS) + 1)}|", flush=True)
    every: list[tuple[Outcome, bool]] = []
    for name in arguments.names or sorted(path.name for path in PUBLISHERS.iterdir() if path.is_dir()):
        asked = _ask(name, arguments.work / name)
        _print_row(name, asked)
        every += asked
    _print_row("all", every)


def _ask(name: str, index: Path) -> Asked:
    build(PUBLISHERS / name, index)
    bot = Bot.open(index)
    reader = CaseReader(bot.generation)
    outcomes = ask_all(bot, read_questions(PUBLISHERS / f"{name}.jsonl"))
    cases = [reader.case(name, {"question": one.question.text}, name, words=one.question.words) for one in outcomes]
    return [(one, case is not None and case.is_covered) for one, case in zip(outcomes, cases, strict=True)]


def _print_row(name: str, asked: Asked) -> None:
    found = figures([one for one, _ in asked])
    answered = [one.quotes_words for one, _ in asked if one.question.words and one.status == "answered"]
    claimed = [one.status == "answered" for one, _ in asked if not one.question.words]
    shares = (
        np.mean([is_read for one, is_read in asked if one.question.words]), found["words_quoted"], found["answered"],
        np.mean(answered), found["closest"], np.mean(claimed),
    )  # fmt: skip
    read, quoted, *others = (f"{100 * (share or 0):.1f}" for share in shares)
    cells = (str(len(asked)), read, quoted, f"{found['words_shown'] or 0:.0f}", *others)
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
