"""How well are follow-up questions found with the questions before them, and what does an unrelated earlier question cost?

usage: python -m benchmarks.quality.follow_ups DATA_FOLDER --work FOLDER [--most 400]

The folders are those of fit_ranking.py. Prints, for each set: nDCG@10 and hit@1 of the question alone, with its history, and, where people have rewritten it
to stand alone, of that; and of questions that the corpus does not cover the share refused, alone and after an earlier question that it does cover.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.shared.question_sets import generation_of, ndcg, read_gains, read_questions
from bot.retrieval.finder import Finder
from bot.settings import AnswerSettings

UNRELATED = ("stackfaq", "jhu_covidfaq", "rasa_sara", "xquad_en")
UNCOVERED = ("hint3_sofmattress", "rasa_sara", "clinc150_oos")

Turns = list[str]
Figures = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--most", type=int, default=400, help="questions of each set")
    arguments = parser.parse_args()
    print("| questions | earlier question | alone | with it | rewritten |\n| --- | --- | --- | --- | --- |")
    for name, kind in (
        ("mtrag_govt", "of the conversation"),
        ("myscheme_dev", "the page's title"),
        *((name, "unrelated") for name in UNRELATED),
    ):
        _print_found(arguments.data / name, arguments.work / name, kind, arguments.most)
    print("\n| uncovered questions | refused alone | refused after covered questions |\n| --- | --- | --- |")
    for name in UNCOVERED:
        _print_refused(arguments.data / name, arguments.work / name, arguments.most)


def _print_found(data: Path, work: Path, kind: str, most: int) -> None:
    finder, gains = Finder(generation_of(data, work)), read_gains(data)
    questions = [question for question in read_questions(data) if question["_id"] in gains]
    if kind == "the page's title":
        questions = [question for question in questions if question["kind"] == "contextual"]
    chance = random.Random(1)
    others = [question["text"] for question in questions]
    asked = [
        (question, _history(question, kind, others, chance))
        for question in questions[:: max(1, len(questions) // most)][:most]
    ]

    def figures(phrase: Callable[[dict, Turns], tuple[str, Turns]]) -> str:
        each = [_figures(finder, *phrase(question, history), gains[question["_id"]]) for question, history in asked]
        return " / ".join(f"{100 * value:.1f}" for value in np.mean(each, axis=0))

    rewritten = figures(lambda question, _: (question["rewrite"], [])) if "rewrite" in asked[0][0] else ""
    cells = (
        figures(lambda question, _: (question["text"], [])),
        figures(lambda question, history: (question["text"], history)),
        rewritten,
    )
    print(f"| {data.name} ({len(asked)}) | {kind} | {' | '.join(cells)} |", flush=True)


def _history(question: dict, kind: str, others: Sequence[str], chance: random.Random) -> Turns:
    match kind:
        case "unrelated":
            return [chance.choice(others)]
        case "the page's title":
            return [question["context_title"]]
        case _:
            return [turn["text"] for turn in question["history"] if turn["role"] == "user"]


def _figures(finder: Finder, question: str, history: Turns, gains: dict[str, int]) -> Figures:
    hits = finder.find(question[:1000], 100, history=history).hits
    ranked = list(dict.fromkeys(hit.passage.article.id for hit in hits))[:10]
    return ndcg(ranked, gains), float(ranked[0] in gains)


def _print_refused(data: Path, work: Path, most: int) -> None:
    finder, gains = Finder(generation_of(data, work)), read_gains(data)
    questions = read_questions(data)
    covered = [question["text"] for question in questions if question["_id"] in gains]
    uncovered = [question["text"] for question in questions if question["_id"] not in gains][:most]
    chance = random.Random(1)

    def refused(history: Callable[[], Turns]) -> float:
        firsts = [finder.find(question, 1, history=history()).hits[0] for question in uncovered]
        return 100 * float(np.mean([hit.probability < AnswerSettings().threshold for hit in firsts]))

    after = refused(lambda: [chance.choice(covered), chance.choice(covered)])
    print(f"| {data.name} ({len(uncovered)}) | {refused(list):.1f} | {after:.1f} |", flush=True)


if __name__ == "__main__":
    main()
