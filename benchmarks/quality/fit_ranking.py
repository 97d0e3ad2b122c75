"""Fit the ranking model on public question sets and report each set with coefficients fitted on the others.

usage: python -m benchmarks.quality.fit_ranking DATA_FOLDER [--work FOLDER] [--write]

DATA_FOLDER holds folders of corpus.jsonl (_id, title, text, alt_questions), queries.jsonl (_id, text) and qrels.tsv. --work keeps the built
indexes between runs. --write stores the coefficients fitted on all sets in bot/retrieval/ranking.json.

Ranking: softmax regression over the candidates of each question (ListNet with top-one probability, Cao et al. 2007), every set weighing the same.
Probability: logistic regression of "the first hit is right" on its score, cosines counted from the midpoint of the set's calibration; on the sets of JUDGED,
whose labels are complete, questions that a set does not answer included.
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

from benchmarks.shared.question_sets import generation_of, ndcg, read_gains, read_questions
from bot.evaluation.metrics import calibration_error
from bot.index.filters import Filters
from bot.retrieval.features import COSINES, FEATURES, find_candidates
from bot.retrieval.query_rewriting import QueryVariant
from bot.settings import AnswerSettings

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
JUDGED = ("stackfaq", "rasa_sara", "hint3_sofmattress", "clinc150_oos", "xquad_en")
"""Sets whose right answers are all known: of the others their own descriptions say that some are not, or that labels are loose."""
THRESHOLD = AnswerSettings().threshold
RANKED = tuple(name for name in SETS if name != "clinc150_oos")


@dataclass(frozen=True)
class Asked:
    """One question's candidates: the id of the article of each, its signals, and the gain of each article that is right."""

    articles: list[str]
    signals: np.ndarray
    gains: dict[str, int]
    midpoint: float
    """Between the cosines of calibration_set that the corpus covers and of others."""

    @property
    def right(self) -> np.ndarray:
        return np.array([article in self.gains for article in self.articles])


def main() -> None:
    arguments = _arguments()
    asked = {name: list(_asked(arguments.data / name, arguments.work / name, most)) for name, most in SETS.items()}
    _print_table(asked)
    if arguments.write:
        _write(asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _asked(data: Path, work: Path, most: int) -> Iterator[Asked]:
    generation = generation_of(data, work)
    calibration = generation.manifest.score_calibration
    midpoint = (calibration.covered + calibration.uncovered) / 2
    gains = read_gains(data)
    questions = [q for q in read_questions(data) if q.get("kind", "standalone") == "standalone"]
    for place in np.unique(np.linspace(0, len(questions) - 1, most).astype(int)):
        question = questions[place]
        found = find_candidates(generation, [QueryVariant(question["text"])], 50, Filters())
        articles = [passage.article.id for passage in generation.table.passages(found.passages)]
        yield Asked(articles, found.features[0], gains.get(question["_id"], {}), midpoint)


def _fit(sets: list[list[Asked]]) -> np.ndarray:
    """Weights of the signals that make right candidates likely among all, each set weighing the same."""
    spread = np.mean([np.vstack([one.signals for one in asked]).std(axis=0) for asked in sets], axis=0)
    groups = [[(one.signals / spread, one.right) for one in asked if one.right.any()] for asked in sets]

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

    weights = minimize(loss, np.ones(len(FEATURES)), jac=True, method="L-BFGS-B").x / spread
    return weights / np.abs(weights).sum()


def _fit_probability(sets: list[list[Asked]], weights: np.ndarray) -> LogisticRegression:
    """The chance that the first hit is right, from its score, each set weighing the same."""
    firsts = [[_first(one, weights) for one in asked] for asked in sets]
    scores = np.array([[score] for ones in firsts for score, _ in ones])
    right = np.array([right for ones in firsts for _, right in ones])
    share = np.concatenate([np.full(len(ones), 1000 / len(ones)) for ones in firsts])
    return LogisticRegression(C=100).fit(scores, right, sample_weight=share)


def _print_table(asked: dict[str, list[Asked]]) -> None:
    print(f"signals {FEATURES}; `both`, `best`: by that cosine alone; model: fitted on the other sets\n")
    print(
        "| set (questions) | nDCG@10 `both` | nDCG@10 `best` | nDCG@10 model | hit@1 model | AUROC `best` | AUROC model | calibration error | refused at | answered at |"
    )
    print("| --- " * 10 + "|")
    rows = []
    for name, ones in asked.items():
        others = [other for other in asked if other != name]
        weights = _fit([asked[other] for other in others if other in RANKED])
        curve = _fit_probability([asked[other] for other in others if other in JUDGED], weights)
        rows.append(_row_of_table(ones, weights, curve))
        print(f"| {name} ({len(ones)}) | " + " | ".join(f"{100 * x:.1f}" for x in rows[-1]) + " |")
    print("| mean | " + " | ".join(f"{100 * x:.1f}" for x in np.nanmean(rows, axis=0)) + " |\n")


def _row_of_table(ones: list[Asked], weights: np.ndarray, curve: LogisticRegression) -> list[float]:
    both, best = (np.eye(len(FEATURES))[FEATURES.index(signal)] for signal in ("both", "best"))
    judged = [one for one in ones if one.gains]
    firsts = [_first(one, weights) for one in ones]
    probability = curve.predict_proba([[score] for score, _ in firsts])[:, 1]
    right, covered = np.array([right for _, right in firsts]), np.array([bool(one.gains) for one in ones])
    cosine = [one.signals[:, FEATURES.index("best")].max() for one in ones]
    few = (~covered).sum() < 30
    return [
        *(float(np.mean([_ndcg(one, w) for one in judged])) for w in (both, best, weights)),
        float(right[covered].mean()),
        float("nan") if few else float(roc_auc_score(covered, cosine)),
        float("nan") if few else float(roc_auc_score(covered, probability)),
        calibration_error(probability, right),
        float("nan") if few else float((probability[~covered] < THRESHOLD).mean()),
        float((probability[covered] >= THRESHOLD).mean()),
    ]


def _ndcg(one: Asked, weights: np.ndarray) -> float:
    ranked = list(dict.fromkeys(one.articles[row] for row in np.argsort(-(one.signals @ weights), kind="stable")))
    return ndcg(ranked, one.gains)


def _first(one: Asked, weights: np.ndarray) -> tuple[float, bool]:
    """The score of the first hit, and whether it is right."""
    scores = one.signals @ weights - one.midpoint * weights[: len(COSINES)].sum()
    row = int(np.argmax(scores))
    return float(scores[row]), one.articles[row] in one.gains


def _write(asked: dict[str, list[Asked]]) -> None:
    weights = _fit([asked[name] for name in RANKED])
    curve = _fit_probability([asked[name] for name in JUDGED], weights)
    fields = {
        "weights": {signal: round(float(x), 4) for signal, x in zip(FEATURES, weights, strict=True)},
        "probability": {
            "slope": round(float(curve.coef_[0][0]), 4),
            "constant": round(float(curve.intercept_[0]), 4),
            "usual_midpoint": round(float(np.mean([ones[0].midpoint for ones in asked.values()])), 4),
        },
        "fitted": {
            "by": "benchmarks/quality/fit_ranking.py",
            "on": datetime.now(UTC).date().isoformat(),
            "weights_on": {name: len(asked[name]) for name in RANKED},
            "probability_on": {name: len(asked[name]) for name in JUDGED},
            "how": "weights: softmax regression over each question's candidates; probability: logistic regression of whether the first hit is right",
        },
    }
    target = Path(__file__).parents[2] / "bot" / "retrieval" / "ranking.json"
    target.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
