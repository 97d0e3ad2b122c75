"""How well are follow-up questions found with the earlier questions, and what does an unrelated earlier question cost?

usage: python -m benchmarks.quality.follow_ups DATA_FOLDER --work FOLDER [--limit N]

The folders are as for fit_ranking.py. Prints nDCG@10 and hit@1 of each set's questions alone, with their history and,
if people have rewritten them to stand alone, as rewritten; then the share of uncovered questions that are refused,
alone and after two covered questions.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.shared.question_sets import build_set, ndcg, read_gains, read_questions
from bot.retrieval.finder import Finder
from bot.settings import AnswerSettings

RELATED = (("mtrag_govt", "of the conversation"), ("myscheme_dev", "the page's title"))
UNRELATED = ("stackfaq", "jhu_covidfaq", "rasa_sara", "xquad_en")
UNCOVERED = ("hint3_sofmattress", "rasa_sara", "clinc150_oos")

Turns = list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=400, help="questions per set")
    arguments = parser.parse_args()
    print("| questions | earlier question | alone | with it | rewritten |\n| --- | --- | --- | --- | --- |")
    for name, kind in (*RELATED, *((name, "unrelated") for name in UNRELATED)):
        _print_found(arguments.data / name, arguments.work / name, kind, arguments.limit)
    print("\n| uncovered questions | refused alone | refused after covered questions |\n| --- | --- | --- |")
    for name in UNCOVERED:
        _print_refused(arguments.data / name, arguments.work / name, arguments.limit)


def _print_found(data: Path, work: Path, kind: str, limit: int) -> None:
    finder, gains = Finder(build_set(data, work)), read_gains(data)
    labelled = [question for question in read_questions(data) if question["_id"] in gains]
    contextual = [question for question in labelled if kind != "the page's title" or question["kind"] == "contextual"]
    others, chance = [question["text"] for question in contextual], random.Random(1)
    questions = contextual[:: max(1, len(contextual) // limit)][:limit]
    histories = [_history(question, kind, others, chance) for question in questions]

    def figures(field: str, *, with_history: bool = False) -> str:
        each = [
            _figures(finder, question[field], history if with_history else [], gains[question["_id"]])
            for question, history in zip(questions, histories, strict=True)
        ]
        return " / ".join(f"{100 * value:.1f}" for value in np.mean(each, axis=0))

    rewritten = figures("rewrite") if "rewrite" in questions[0] else ""
    cells = (figures("text"), figures("text", with_history=True), rewritten)
    print(f"| {data.name} ({len(questions)}) | {kind} | {' | '.join(cells)} |", flush=True)


def _history(question: dict, kind: str, others: Sequence[str], chance: random.Random) -> Turns:
    match kind:
        case "unrelated":
            return [chance.choice(others)]
        case "the page's title":
            return [question["context_title"]]
        case _:
            return [turn["text"] for turn in question["history"] if turn["role"] == "user"]


def _figures(finder: Finder, question: str, history: Turns, gains: dict[str, int]) -> tuple[float, float]:
    """Return nDCG@10 and hit@1."""
    hits = finder.find(question[:1000], 100, history=history).hits
    ranked = list(dict.fromkeys(hit.passage.article.id for hit in hits))[:10]
    return ndcg(ranked, gains), float(ranked[0] in gains)


def _print_refused(data: Path, work: Path, limit: int) -> None:
    finder, gains = Finder(build_set(data, work)), read_gains(data)
    questions, threshold, chance = read_questions(data), AnswerSettings().threshold, random.Random(1)
    covered = [question["text"] for question in questions if question["_id"] in gains]
    uncovered = [question["text"] for question in questions if question["_id"] not in gains][:limit]

    def refused(history: Callable[[], Turns]) -> float:
        first_hits = [finder.find(question, 1, history=history()).hits[0] for question in uncovered]
        return 100 * float(np.mean([hit.probability < threshold for hit in first_hits]))

    after = refused(lambda: [chance.choice(covered), chance.choice(covered)])
    print(f"| {data.name} ({len(uncovered)}) | {refused(list):.1f} | {after:.1f} |", flush=True)


if __name__ == "__main__":
    main()
