"""How good are the answer's manners: what "did you mean" rescues and withholds, what small talk takes, and what a diverse list costs.

usage: python -m benchmarks.quality.answers DATA_FOLDER --work FOLDER [--most 1500]

The folders are those of fit_ranking.py. Rescued: the first hit was wrong and the right question is among those offered; withheld: the first hit was right.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.shared.question_sets import generation_of, ndcg, read_gains, read_questions
from bot.answering.ambiguity import meanings
from bot.index.generation import Generation
from bot.languages.registry import small_talk
from bot.retrieval import finder as rooms
from bot.retrieval.diversity import diverse
from bot.retrieval.finder import Finder
from bot.settings import AnswerSettings

CHOSEN_ON = ("stackfaq", "jhu_covidfaq", "rasa_sara", "hint3_sofmattress")
HELD_OUT = ("clinc150_oos",)
PAGES = ("myscheme_dev", "mtrag_govt", "xquad_en")
K = 10

Choose = Callable[[Generation, NDArray[np.int64], NDArray[np.float64], int], list[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--most", type=int, default=1500, help="questions of each set")
    arguments = parser.parse_args()
    print(
        "| set (questions) | answered at first | ambiguous | rescued | withheld | neither | small talk |\n"
        + "| --- " * 7
        + "|"
    )
    for name in (*CHOSEN_ON, *HELD_OUT):
        _print_ambiguous(arguments.data / name, arguments.work / name, arguments.most)
    print("\n| set (questions) | nDCG@10 / hit@1 plain | nDCG@10 / hit@1 diverse |\n| --- | --- | --- |")
    for name in (*CHOSEN_ON, *HELD_OUT, *PAGES):
        _print_diverse(arguments.data / name, arguments.work / name, arguments.most)


def _print_ambiguous(data: Path, work: Path, most: int) -> None:
    finder, gains, threshold = Finder(generation_of(data, work)), read_gains(data), AnswerSettings().threshold
    questions = read_questions(data)[:most]
    counts: Counter[str] = Counter()
    for question in questions:
        found = finder.find(question["text"], 20)
        counts["talk"] += small_talk(question["text"]) is not None
        if found.probability < threshold:
            continue
        counts["answered"] += 1
        if offered := meanings(finder.generation, question["text"], found, threshold):
            right = [hit.passage.article.id in gains.get(question["_id"], {}) for hit in (found.hits[0], *offered)]
            counts["withheld" if right[0] else "rescued" if any(right) else "neither"] += 1
    ambiguous = counts["rescued"] + counts["withheld"] + counts["neither"]
    columns = (counts["answered"], ambiguous, counts["rescued"], counts["withheld"], counts["neither"], counts["talk"])
    print(f"| {data.name} ({len(questions)}) | {' | '.join(map(str, columns))} |", flush=True)


def _print_diverse(data: Path, work: Path, most: int) -> None:
    finder, gains = Finder(generation_of(data, work)), read_gains(data)
    asked = [
        question
        for question in read_questions(data)
        if question["_id"] in gains and question.get("kind", "standalone") == "standalone"
    ]
    asked = [asked[place] for place in np.unique(np.linspace(0, len(asked) - 1, min(most, 300)).astype(int))]
    cells = []
    for choose in (_plain, diverse):
        rooms.diverse = choose
        figures = np.mean(
            [_figures(finder, question["text"][:1000], gains[question["_id"]]) for question in asked], axis=0
        )
        cells.append(" / ".join(f"{100 * value:.1f}" for value in figures))
    print(f"| {data.name} ({len(asked)}) | {' | '.join(cells)} |", flush=True)


def _plain(_generation: Generation, _numbers: NDArray[np.int64], scores: NDArray[np.float64], k: int) -> list[int]:
    return np.argsort(-scores, kind="stable").tolist()[:k]


def _figures(finder: Finder, question: str, gains: dict[str, int]) -> Sequence[float]:
    ranked = list(dict.fromkeys(hit.passage.article.id for hit in finder.find(question, K).hits))
    return ndcg(ranked, gains), float(ranked[0] in gains)


if __name__ == "__main__":
    main()
