"""How well, and how fast, does the product answer questions in Hindi and Hinglish from English articles?

usage: python -m benchmarks.quality.hindi DATA_FOLDER --work FOLDER [--index INDEX]

DATA_FOLDER holds xquad_hi2en (Hindi questions, English paragraphs) and hinglish_top (Hinglish commands, the same in
English). --work keeps indexes between runs. --index is an index of the shipped corpus, which is asked the questions of
tests/questions/hindi.csv and hinglish.csv.

"gloss" is an index without a multilingual index, which is searched with the Hindi words in English; "gloss and
multilingual" has both. The coefficients for each half of xquad_hi2en are fitted on the other half, and those for
Hinglish on hinglish_top after the first 400 questions, which are reported.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality.fit_hindi import REPORTED, fit
from benchmarks.shared.question_sets import build_set, ndcg, read_gains, read_questions
from benchmarks.shared.timing import machine, milliseconds
from bot import Retriever
from bot.index.generation import multilingual_for
from bot.retrieval.finder import Finder
from bot.retrieval.ranking import RankingModel
from bot.settings import AnswerSettings, BuildSettings

METHODS = {"gloss": ("en",), "gloss and multilingual": ("en", "hi")}
"""The languages of the index for each method."""
SHIPPED = ("hindi", "hinglish", "visitors", "covered", "uncovered")
QUESTIONS = Path(__file__).parents[2] / "tests" / "questions"
COLUMNS = ("questions", "found by", "hit@1", "hit@5", "answered rightly", "refused rightly", "p50, ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--index", type=Path)
    arguments = parser.parse_args()
    print(machine())
    print_public_sets(arguments.data, arguments.work / "pipeline")
    if arguments.index:
        print_shipped_corpus(arguments.index)


def print_public_sets(data: Path, work: Path) -> None:
    """Print how well `Finder.find` does on the two sets, with and without the multilingual index."""
    print(
        "\n## The product: questions through `Finder.find`\n\n| | nDCG@10 | hit@1 | hit@5 |\n| --- | --- | --- | --- |"
    )
    for method, languages in METHODS.items():
        settings = BuildSettings(languages=languages)
        for name, finders in (
            ("xquad_hi2en", _hindi_finders(data, work / method, settings)),
            ("hinglish_top", [Finder(build_set(data / "hinglish_top", work / method / "hinglish_top", settings))]),
        ):
            figures = " | ".join(f"{figure:.1f}" for figure in _figures(data / name, finders))
            print(f"| {name}, {method} | {figures} |", flush=True)


def _hindi_finders(data: Path, work: Path, settings: BuildSettings) -> list[Finder]:
    """Return the finders of even and odd questions of xquad_hi2en, each with coefficients fitted on the others."""
    generation = build_set(data / "xquad_hi2en", work / "xquad_hi2en", settings)
    if "hi" not in settings.languages:
        return [Finder(generation)]
    halves = [fit(data, work, "hi", lambda number, half=half: number % 2 != half) for half in (0, 1)]
    return [Finder(generation, RankingModel.read(fields)) for fields in halves]


def _figures(data: Path, finders: Sequence[Finder]) -> list[float]:
    """Return nDCG@10, hit@1 and hit@5 in percent; the finders take turns."""
    gains, questions = read_gains(data), read_questions(data)
    rows = []
    for number, question in enumerate(questions[:REPORTED] if data.name == "hinglish_top" else questions):
        hits, right = finders[number % len(finders)].find(question["text"], 30).hits, gains[question["_id"]]
        articles = list(dict.fromkeys(hit.passage.article.id for hit in hits))
        rows.append((ndcg(articles, right), *(not right.keys().isdisjoint(articles[:count]) for count in (1, 5))))
    return [100 * float(np.mean(column)) for column in zip(*rows, strict=True)]


def print_shipped_corpus(index: Path) -> None:
    """Print how well the questions in tests/questions are answered from an index of the shipped corpus."""
    finder = Retriever.open(index).finder()
    method = "gloss and multilingual" if multilingual_for(finder.generation, "hi") else "gloss"
    print(f"\n## The shipped corpus\n\n| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    for name in SHIPPED:
        rows = read_csv(name)
        p50, _ = milliseconds(lambda question: finder.find(question, 10), [row["question"] for row in rows])
        print(f"| {name} ({len(rows)}) | {method} | {' | '.join(_shares(finder, rows))} | {p50:.1f} |")


def read_csv(name: str) -> list[dict[str, str]]:
    with (QUESTIONS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _shares(finder: Finder, rows: Sequence[dict[str, str]]) -> list[str]:
    """Return hit@1, hit@5, and the shares answered and refused rightly; empty if no question counts."""
    threshold = AnswerSettings().threshold
    first, five, answered, refused = [], [], [], []
    for row in rows:
        hits, expected = finder.find(row["question"], 20).hits, row["expected"]
        is_likely = bool(hits) and hits[0].probability >= threshold
        if not expected:
            refused.append(not is_likely)
            continue
        articles = list(dict.fromkeys(hit.passage.article.id for hit in hits))
        first.append(articles[:1] == [expected])
        five.append(expected in articles[:5])
        answered.append(first[-1] and is_likely)
    return [f"{100 * np.mean(some):.0f} %" if some else "" for some in (first, five, answered, refused)]


if __name__ == "__main__":
    main()
