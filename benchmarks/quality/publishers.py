"""How good are answers from the articles of other publishers, from which nothing has learned?

usage: python -m benchmarks.quality.publishers --work FOLDER [NAME ...]

Builds an index of each folder of tests/publishers with the default settings, and asks the questions beside it. Prints
the figures of `articlebot eval` in percent; "claimed" is the share of the questions without an answer that have the
status "answered", and "right when answered" the share of the questions with this status whose words are quoted.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bot.answering.bot import Bot
from bot.build.build import build
from bot.evaluation.evaluate import Outcome, ask_all, figures
from bot.evaluation.question_set import read_questions

PUBLISHERS = Path(__file__).parents[2] / "tests" / "publishers"
_COLUMNS = (
    "questions",
    "words quoted",
    "words shown",
    "answered",
    "right when answered",
    "closest",
    "claimed",
    "AUROC",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="folders of tests/publishers; all by default")
    parser.add_argument("--work", type=Path, required=True, help="folder for the indexes")
    arguments = parser.parse_args()
    print(f"| publisher | {' | '.join(_COLUMNS)} |\n{'| --- ' * (len(_COLUMNS) + 1)}|", flush=True)
    every: list[Outcome] = []
    for name in arguments.names or sorted(path.name for path in PUBLISHERS.iterdir() if path.is_dir()):
        build(PUBLISHERS / name, arguments.work / name)
        outcomes = ask_all(Bot.open(arguments.work / name), read_questions(PUBLISHERS / f"{name}.jsonl"))
        _print_row(name, outcomes)
        every += outcomes
    _print_row("all", every)


def _print_row(name: str, outcomes: Sequence[Outcome]) -> None:
    print(f"| {name} | {' | '.join(_cells(outcomes))} |", flush=True)


def _cells(outcomes: Sequence[Outcome]) -> Iterator[str]:
    found = figures(outcomes)
    answered = [one.quotes_words for one in outcomes if one.question.words and one.status == "answered"]
    yield f"{found['questions']}"
    yield f"{100 * (found['words_quoted'] or 0):.1f}"
    yield f"{found['words_shown'] or 0:.0f}"
    yield from (f"{100 * share:.0f}" for share in (found["answered"] or 0, np.mean(answered), found["closest"] or 0))
    yield f"{100 - 100 * (found['not_claimed'] or 0):.0f}"
    yield f"{100 * (found['auroc'] or 0):.1f}"


if __name__ == "__main__":
    main()
