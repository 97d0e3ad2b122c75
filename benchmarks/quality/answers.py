"""What do "did you mean", small talk and diverse lists gain, and what do they cost?

usage: python -m benchmarks.quality.answers DATA_FOLDER --work FOLDER [--limit N]

The folders are as for fit_ranking.py. An ambiguous answer is "rescued" if the first hit was wrong and the right
question is among those offered, and "withheld" if the first hit was right.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.shared.question_sets import build_set, ndcg, read_gains, read_questions
from bot.answering.ambiguity import meanings
from bot.index.generation import Generation, Numbers
from bot.languages.registry import small_talk
from bot.retrieval import finder as finder_module
from bot.retrieval.diversity import diverse
from bot.retrieval.finder import Finder
from bot.settings import AnswerSettings

CHOSEN_ON = ("stackfaq", "jhu_covidfaq", "rasa_sara", "hint3_sofmattress")
"""Sets on which "did you mean" was chosen."""
HELD_OUT = ("clinc150_oos",)
PAGES = ("myscheme_dev", "mtrag_govt", "xquad_en")
K = 10
COLUMNS = ("set (questions)", "answered at first", "ambiguous", "rescued", "withheld", "neither", "small talk")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=1500, help="questions per set")
    arguments = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    for name in (*CHOSEN_ON, *HELD_OUT):
        _print_ambiguous(arguments.data / name, arguments.work / name, arguments.limit)
    print("\n| set (questions) | nDCG@10 / hit@1 plain | nDCG@10 / hit@1 diverse |\n| --- | --- | --- |")
    for name in (*CHOSEN_ON, *HELD_OUT, *PAGES):
        _print_diverse(arguments.data / name, arguments.work / name, arguments.limit)


def _print_ambiguous(data: Path, work: Path, limit: int) -> None:
    finder, gains = Finder(build_set(data, work)), read_gains(data)
    questions = read_questions(data)[:limit]
    counts: Counter[str] = Counter()
    for question in questions:
        counts["small talk"] += small_talk(question["text"]) is not None
        counts.update(_outcomes(finder, question["text"], gains.get(question["_id"], {})))
    print(f"| {data.name} ({len(questions)}) | {' | '.join(str(counts[name]) for name in COLUMNS[1:])} |", flush=True)


def _outcomes(finder: Finder, question: str, gains: dict[str, int]) -> list[str]:
    """Return the columns in which a question counts."""
    threshold = AnswerSettings().threshold
    result = finder.find(question, 20)
    if result.probability < threshold:
        return []
    offered = meanings(finder.generation, question, result, threshold)
    if not offered:
        return ["answered at first"]
    right = [hit.passage.article.id in gains for hit in (result.hits[0], *offered)]
    return ["answered at first", "ambiguous", "withheld" if right[0] else "rescued" if any(right) else "neither"]


def _print_diverse(data: Path, work: Path, limit: int) -> None:
    finder, gains = Finder(build_set(data, work)), read_gains(data)
    labelled = [question for question in read_questions(data) if question["_id"] in gains]
    questions = [question for question in labelled if question.get("kind", "standalone") == "standalone"]
    sample = np.unique(np.linspace(0, len(questions) - 1, min(limit, 300)).astype(int))
    questions = [questions[place] for place in sample]
    cells = []
    for order in (_by_score, diverse):
        finder_module.diverse = order
        figures = [_figures(finder, question["text"][:1000], gains[question["_id"]]) for question in questions]
        cells.append(" / ".join(f"{100 * value:.1f}" for value in np.mean(figures, axis=0)))
    print(f"| {data.name} ({len(questions)}) | {' | '.join(cells)} |", flush=True)


def _by_score(
    _generation: Generation, _numbers: Numbers, _articles: Numbers, scores: NDArray[np.float64], k: int
) -> list[int]:
    """Order candidates by score alone, instead of `diverse`."""
    return np.argsort(-scores, kind="stable").tolist()[:k]


def _figures(finder: Finder, question: str, gains: dict[str, int]) -> tuple[float, float]:
    """Return nDCG@10 and hit@1."""
    ranked = list(dict.fromkeys(hit.passage.article.id for hit in finder.find(question, K).hits))
    return ndcg(ranked, gains), float(ranked[0] in gains)


if __name__ == "__main__":
    main()
