"""How often do the words that the reader quotes of a section contain the answer, and how much of it does it quote?

usage: python -m benchmarks.quality.quotes DATA_FOLDER --work FOLDER [--index INDEX]

The folders are as for fit_ranking.py. Asks the questions of xquad_en, whose answers are words of a passage, and quotes
that passage. Passages of one sentence are left out, and passages that the search does not find. --index names an index
of the shipped articles, to ask tests/questions/titles.jsonl as well.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.shared.question_sets import build_set, read_gains, read_json_lines, read_questions
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore
from bot.passages import Passage
from bot.reader.model import ReaderModel
from bot.reader.reader import Reader
from bot.retrieval.finder import Finder

SET, OWN = "xquad_en", Path(__file__).parents[2] / "tests" / "questions" / "titles.jsonl"
_HITS = 20

Asked = tuple[str, str, set[str]]
"""A question, the words that answer it, and the ids of the articles that contain them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--index", type=Path)
    arguments = parser.parse_args()
    print("| questions | quotes that contain the answer | share of the passage quoted | characters |")
    print("| --- | --- | --- | --- |")
    generation = build_set(arguments.data / SET, arguments.work / SET)
    _print(SET, _quoted(generation, _asked_of_set(arguments.data / SET)))
    if arguments.index:
        generation = LocalGeneration.open(LocalStore(arguments.index).current_folder())
        _print(OWN.name, _quoted(generation, _asked_of_own()))


def _asked_of_set(folder: Path) -> Iterator[Asked]:
    gains = read_gains(folder)
    for question in read_questions(folder):
        yield question["text"], question["answer"], set(gains[question["_id"]])


def _asked_of_own() -> Iterator[Asked]:
    for row in read_json_lines(OWN):
        if row["words"]:
            yield row["question"], row["words"], {row["article"]}


def _quoted(generation: Generation, asked: Iterator[Asked]) -> list[tuple[bool, float, int]]:
    passages = [one for one in generation.table.all_passages() if len(one.sentences) > 1]
    finder, reader, rows = Finder(generation), Reader(generation, ReaderModel.shipped()), []
    for question, answer, articles in asked:
        passage = next((one for one in passages if one.article.id in articles and answer in one.text), None)
        if passage:
            rows += _figures(finder, reader, question, passage, answer)
    return rows


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


def _print(name: str, rows: list[tuple[bool, float, int]]) -> None:
    right, share, length = np.mean(rows, axis=0)
    print(f"| {name} ({len(rows)}) | {100 * right:.1f} % | {100 * share:.1f} % | {length:.0f} |")


if __name__ == "__main__":
    main()
