"""How often do the words that the reader quotes of a section contain the answer, and how much of it does it quote?

usage: python -m benchmarks.quality.quotes DATA_FOLDER --work FOLDER

The folders are as for fit_ranking.py. Asks the questions of xquad_en, whose answers are words of a passage, and quotes
that passage. Passages of one sentence are left out, and passages that the search does not find.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.shared.question_sets import build_set, read_gains, read_questions
from bot.passages import Passage
from bot.reader.model import ReaderModel
from bot.reader.reader import Reader
from bot.retrieval.finder import Finder

SET = "xquad_en"
_HITS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    generation, gains = build_set(arguments.data / SET, arguments.work / SET), read_gains(arguments.data / SET)
    passages = [one for one in generation.table.all_passages() if len(one.sentences) > 1]
    finder, reader, rows = Finder(generation), Reader(generation, ReaderModel.shipped()), []
    for question in read_questions(arguments.data / SET):
        answer, articles = question["answer"], gains[question["_id"]]
        passage = next((one for one in passages if one.article.id in articles and answer in one.text), None)
        if passage:
            rows += _figures(finder, reader, question["text"], passage, answer)
    _print(rows)


def _figures(
    finder: Finder, reader: Reader, question: str, passage: Passage, answer: str
) -> list[tuple[bool, float, int]]:
    """Whether the quote contains the answer, its share of the passage, and its number of characters."""
    found = finder.find(question, _HITS)
    own = tuple(hit for hit in found.hits if hit.passage.id == passage.id)
    reading = reader.read(replace(found, hits=own), only=passage)
    if reading is None:
        return []
    start, end = reading.span
    return [(answer in passage.text[start:end], (end - start) / len(passage.text), end - start)]


def _print(rows: list[tuple[bool, float, int]]) -> None:
    right, share, length = np.mean(rows, axis=0)
    print("| questions | quotes that contain the answer | share of the passage quoted | characters |")
    print("| --- | --- | --- | --- |")
    print(f"| {SET} ({len(rows)}) | {100 * right:.1f} % | {100 * share:.1f} % | {length:.0f} |")


if __name__ == "__main__":
    main()
