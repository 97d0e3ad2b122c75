"""Fit the ranking model on public question sets and report each set with coefficients fitted on the others.

usage: python benchmarks/fit_ranking.py DATA_FOLDER [--work FOLDER] [--write]

DATA_FOLDER holds folders of corpus.jsonl (_id, title, text, alt_questions), queries.jsonl (_id, text) and qrels.tsv. --work keeps the built
indexes between runs. --write stores the coefficients fitted on all sets in bot/retrieval/ranking.json.

Ranking: softmax regression over the candidates of each question (ListNet with top-one probability, Cao et al. 2007), every set weighing the same.
Probability: logistic regression of "this passage is right" on the score of the first hit; each question is asked twice, the second time with its
right passages taken away, so that the corpus answers half of the questions at most.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from bot.index.build import build
from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.index.store import IndexStore
from bot.retrieval.signals import SIGNALS, find_candidates

SETS = {
    "stackfaq": 600,
    "jhu_covidfaq": 600,
    "rasa_sara": 900,
    "hint3_sofmattress": 397,
    "clinc150_oos": 1000,
    "myscheme_dev": 300,
    "mtrag_govt": 214,
    "xquad_en": 1190,
}
"""Sets and how many of their questions are used, spread evenly."""
PAGES = ("myscheme_dev", "mtrag_govt", "xquad_en")
RANKED = tuple(name for name in SETS if name != "clinc150_oos")


@dataclass(frozen=True)
class Asked:
    """One question's candidates: the id of the article of each, its signals, and the gain of each article that is right."""

    articles: list[str]
    signals: np.ndarray
    gains: dict[str, int]

    @property
    def right(self) -> np.ndarray:
        return np.array([article in self.gains for article in self.articles])


def main() -> None:
    arguments = _arguments()
    asked = {name: list(_asked(arguments.data / name, arguments.work / name, most)) for name, most in SETS.items()}
    weights = {name: _fit([asked[other] for other in RANKED if other != name]) for name in SETS}
    _print_table(asked, weights)
    if arguments.write:
        _write(_fit([asked[name] for name in RANKED]), asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _asked(data: Path, work: Path, most: int) -> Iterator[Asked]:
    generation = _generation(data, work)
    gains: dict[str, dict[str, int]] = {}
    for line in (data / "qrels.tsv").read_text(encoding="utf-8").split("\n"):
        question, article, gain = [*line.split("\t"), "", ""][:3]
        if gain.isdigit() and int(gain):
            gains.setdefault(question, {})[article] = int(gain)
    questions = [json.loads(line) for line in (data / "queries.jsonl").read_text(encoding="utf-8").split("\n") if line]
    questions = [q for q in questions if q.get("kind", "standalone") == "standalone"]
    for question in questions[:: max(1, len(questions) // most)][:most]:
        found = find_candidates(generation, [question["text"]], 50, Filters())
        articles = [passage.article.id for passage in generation.table.passages(found.passages)]
        yield Asked(articles, found.signals, gains.get(question["_id"], {}))


def _generation(data: Path, work: Path) -> Generation:
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    rows = (json.loads(line) for line in (data / "corpus.jsonl").read_text(encoding="utf-8").split("\n") if line)
    pages = data.name in PAGES
    (corpus / "set.jsonl").write_text("\n".join(json.dumps(_row(row, pages=pages)) for row in rows), encoding="utf-8")
    build(corpus, work / "index")
    return Generation.open(IndexStore(work / "index").current())


def _row(row: dict, *, pages: bool) -> dict:
    if pages:
        return {"id": row["_id"], "title": row["title"], "text": row["text"]}
    # Intent sets have no answers: the question stands for it.
    return {"id": row["_id"], "question": row["title"], "answer": row["text"] or row["title"], "alternates": row.get("alt_questions", [])}


def _fit(sets: list[list[Asked]]) -> np.ndarray:
    """Weights of the signals that make right candidates likely among all, each set weighing the same."""
    groups = [[(one.signals, one.right) for one in asked if one.right.any()] for asked in sets]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros_like(weights)
        for group in groups:
            for signals, right in group:
                scores = signals @ weights
                p = np.exp(scores - scores.max())
                p /= p.sum()
                share = p * right / (p @ right)
                total -= np.log(p @ right) / len(group)
                slope += signals.T @ (p - share) / len(group)
        return total + 0.001 * weights @ weights, slope + 0.002 * weights

    return minimize(loss, np.ones(len(SIGNALS)), jac=True, method="L-BFGS-B").x


def _print_table(asked: dict[str, list[Asked]], weights: dict[str, np.ndarray]) -> None:
    print(f"SIGNALS {SIGNALS}\n")
    print("| set (questions) | nDCG@10 `both` | nDCG@10 `best` | nDCG@10 model, fitted on the others | hit@1 | AUROC `best` | AUROC model |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for name, ones in asked.items():
        both, best = (np.eye(len(SIGNALS))[SIGNALS.index(signal)] for signal in ("both", "best"))
        judged = [one for one in ones if one.gains]
        row = [np.mean([_ndcg(one, w) for one in judged]) for w in (both, best, weights[name])]
        row += [np.mean([_first(one, weights[name])[1] for one in judged]), _auroc(ones, best), _auroc(ones, weights[name])]
        rows.append(row)
        print(f"| {name} ({len(ones)}) | " + " | ".join(f"{100 * x:.1f}" for x in row) + " |")
    print("| mean | " + " | ".join(f"{100 * x:.1f}" for x in np.nanmean(rows, axis=0)) + " |\n")
    for name, w in weights.items():
        print(f"without {name}: " + ", ".join(f"{signal} {x:.2f}" for signal, x in zip(SIGNALS, w, strict=True)))


def _ndcg(one: Asked, weights: np.ndarray) -> float:
    ranked = list(dict.fromkeys(one.articles[row] for row in np.argsort(-(one.signals @ weights), kind="stable")))[:10]
    gain = sum((2 ** one.gains.get(article, 0) - 1) / np.log2(place + 2) for place, article in enumerate(ranked))
    return gain / sum((2**g - 1) / np.log2(place + 2) for place, g in enumerate(sorted(one.gains.values(), reverse=True)[:10]))


def _first(one: Asked, weights: np.ndarray) -> tuple[float, bool]:
    """The score of the first hit, and whether it is right."""
    scores = one.signals @ weights
    row = int(np.argmax(scores))
    return float(scores[row]), one.articles[row] in one.gains


def _told_apart(ones: list[Asked], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of first hits, whether they are right, and the weight of each so that all sets weigh the same."""
    firsts = [_first(one, weights) for one in ones]
    without = [Asked([a for a in one.articles if a not in one.gains], one.signals[~one.right], {}) for one in ones if one.right.any()]
    firsts += [_first(one, weights) for one in without if one.articles]
    return np.array([score for score, _ in firsts]), np.array([right for _, right in firsts]), np.full(len(firsts), 1 / len(firsts))


def _auroc(ones: list[Asked], weights: np.ndarray) -> float:
    """Of telling questions that the set answers from those that it does not, by the score of the first hit."""
    labels = [bool(one.gains) for one in ones]
    return float("nan") if all(labels) else float(roc_auc_score(labels, [_first(one, weights)[0] for one in ones]))


def _write(weights: np.ndarray, asked: dict[str, list[Asked]]) -> None:
    weights = weights / np.abs(weights).sum()
    scores, right, share = (np.concatenate(column) for column in zip(*(_told_apart(ones, weights) for ones in asked.values()), strict=True))
    curve = LogisticRegression(C=1e6).fit(scores[:, None], right, sample_weight=share)
    slope = float(curve.coef_[0, 0])
    fields = {
        "weights": {signal: round(float(x), 4) for signal, x in zip(SIGNALS, weights, strict=True)},
        "slope": round(slope, 3),
        "midpoint": round(float(-curve.intercept_[0] / slope), 4),
        "fitted": {
            "by": "benchmarks/fit_ranking.py",
            "on": datetime.now(UTC).date().isoformat(),
            "sets": {name: len(ones) for name, ones in asked.items()},
            "how": "weights: softmax regression over each question's candidates; slope and midpoint: logistic regression on the score of the first hit, "
            "each question asked with and without its right passages",
        },
    }
    target = Path(__file__).parents[1] / "bot" / "retrieval" / "ranking.json"
    target.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
