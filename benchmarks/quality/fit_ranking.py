"""Fit the ranking model on public question sets, and report each set with coefficients fitted on the others.

usage: python -m benchmarks.quality.fit_ranking DATA_FOLDER --work FOLDER [--model NAME_OR_PATH] [--write]

DATA_FOLDER holds folders with corpus.jsonl (_id, title, text, alt_questions), queries.jsonl (_id, text) and qrels.tsv.
--work keeps the built indexes between runs. --model encodes with another model than the default one, such as one that
`teach_encoder` taught without some of the sets. --write stores the coefficients fitted on all sets in
bot/retrieval/ranking.json.

Two more sets are labelled by passage: questions of tests/questions/reader.jsonl over the shipped articles, and the ones
over all articles of answer_words that ask about the articles which `teach_encoder --without-fold 0` leaves out.

Ranking: softmax regression over the candidates of each question (ListNet with top-one probability, Cao et al. 2007),
with equal weight for every set. Probability: logistic regression of "the first hit is right" on its score, with cosines
relative to the midpoint of the set's calibration, on the sets whose labels are complete. Their uncovered questions are
included.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.quality.teach_encoder import FOLDS
from benchmarks.shared.question_sets import (
    build_set,
    ndcg,
    read_gains,
    read_json_lines,
    read_labelled,
    read_questions,
)  # fmt: skip
from bot.build.build import build
from bot.evaluation.metrics import calibration_error
from bot.index.filters import Filters
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore
from bot.languages.normalization import words_only
from bot.retrieval.features import COSINES, FEATURES, find_candidates
from bot.retrieval.query_rewriting import QueryVariant
from bot.settings import DEFAULT_MODEL, AnswerSettings, BuildSettings

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
"""The number of questions used of each set, spread evenly."""
FULLY_LABELLED = ("stackfaq", "rasa_sara", "hint3_sofmattress", "clinc150_oos", "xquad_en")
"""Sets with all right answers labelled; the descriptions of the others mention missing or loose labels."""
OWN, PAGES = "shipped", "answer_words"
"""Sets labelled by passage."""
RANKED = (*(name for name in SETS if name != "clinc150_oos"), OWN, PAGES)
"""Sets that the weights are fitted on."""
ROOT = Path(__file__).parents[2]
THRESHOLD = AnswerSettings().threshold
MIN_UNCOVERED = 30
"""Minimum number of uncovered questions for figures about them."""
TARGET = Path(__file__).parents[2] / "bot" / "retrieval" / "ranking.json"
METHOD = (
    "weights: softmax regression over each question's candidates; "
    "probability: logistic regression of whether the first hit is right"
)
COLUMNS = (
    "set (questions)", "nDCG@10 `both`", "nDCG@10 `best`", "nDCG@10 model", "hit@1 model", "AUROC `best`",
    "AUROC model", "calibration error", "refused", "answered",
)  # fmt: skip


@dataclass(frozen=True)
class QuestionCandidates:
    """The candidates of one question: the features and the article of each, and the gains of the right articles.

    In sets that are labelled by passage, these are passages instead of articles.
    """

    articles: list[str]
    features: np.ndarray
    gains: dict[str, int]
    midpoint: float
    """Midpoint between the cosines of covered and uncovered calibration questions."""

    @property
    def right(self) -> np.ndarray:
        return np.array([article in self.gains for article in self.articles])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    settings = BuildSettings(model=arguments.model)
    sets = {
        name: list(_candidates(arguments.data / name, arguments.work / name, settings, limit))
        for name, limit in SETS.items()
    }
    sets |= {name: list(_labelled(name, arguments.data, arguments.work, settings)) for name in (OWN, PAGES)}
    _print_table(sets)
    if arguments.write:
        TARGET.write_text(json.dumps(_fields(sets), indent=2) + "\n", encoding="utf-8")


def _candidates(data: Path, work: Path, settings: BuildSettings, limit: int) -> Iterator[QuestionCandidates]:
    generation, gains = build_set(data, work, settings), read_gains(data)
    calibration = generation.manifest.score_calibration
    midpoint = (calibration.covered + calibration.uncovered) / 2
    questions = [question for question in read_questions(data) if question.get("kind", "standalone") == "standalone"]
    for place in np.unique(np.linspace(0, len(questions) - 1, limit).astype(int)):
        question = questions[place]
        found = find_candidates(generation, [QueryVariant(question["text"])], 50, Filters())
        articles = [passage.article.id for passage in generation.table.passages(found.passages)]
        yield QuestionCandidates(articles, found.features[0], gains.get(question["_id"], {}), midpoint)


def _labelled(name: str, data: Path, work: Path, settings: BuildSettings) -> Iterator[QuestionCandidates]:
    """Yield the questions whose right passages are the ones that hold the words which answer."""
    if name == OWN:
        corpus, rows = ROOT / "corpus", read_json_lines(ROOT / "tests" / "questions" / "reader.jsonl")
    else:
        articles = read_json_lines(data / PAGES / "corpus.jsonl")
        corpus, left_out = work / name / "corpus", {row["id"] for row in articles[::FOLDS]}
        corpus.mkdir(parents=True, exist_ok=True)
        (corpus / "corpus.jsonl").write_text("\n".join(map(json.dumps, articles)), encoding="utf-8")
        rows = [row for row in read_labelled(data / PAGES) if row["article"] in left_out]
    build(corpus, work / name / "index", settings)
    generation = LocalGeneration.open(LocalStore(work / name / "index").current_folder())
    calibration = generation.manifest.score_calibration
    for row in rows:
        answers = [words_only(each) for each in (row["words"], *row.get("also", ())) if each]
        if answers:
            found = find_candidates(generation, [QueryVariant(row["question"])], 50, Filters())
            passages = generation.table.passages(found.passages)
            texts = {one.id: words_only(one.text) for one in passages}
            right = {ident: 1 for ident, text in texts.items() if any(each in text for each in answers)}
            midpoint = (calibration.covered + calibration.uncovered) / 2
            yield QuestionCandidates([one.id for one in passages], found.features[0], right, midpoint)


def _fit(sets: Sequence[Sequence[QuestionCandidates]]) -> np.ndarray:
    """Return the weights of the features that make right candidates likely, with equal weight for every set."""
    spread = np.mean([np.vstack([one.features for one in questions]).std(axis=0) for questions in sets], axis=0)
    groups = [[(one.features / spread, one.right) for one in some if one.right.any()] for some in sets]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros_like(weights)
        for group in groups:
            for features, right in group:
                scores = features @ weights
                p = np.exp(scores - scores.max())
                p /= p.sum()
                share = p * right / (p @ right)
                total -= np.log(p @ right) / len(group)
                slope += features.T @ (p - share) / len(group)
        return total + 0.001 * weights @ weights, slope + 0.002 * weights

    weights = minimize(loss, np.ones(len(FEATURES)), jac=True, method="L-BFGS-B").x / spread
    return weights / np.abs(weights).sum()


def _fit_probability(sets: Sequence[Sequence[QuestionCandidates]], weights: np.ndarray) -> LogisticRegression:
    """Fit the probability that the first hit is right to its score, with equal weight for every set."""
    first_hits = [[_first_hit(one, weights) for one in questions] for questions in sets]
    scores = np.array([[score] for some in first_hits for score, _ in some])
    right = np.array([right for some in first_hits for _, right in some])
    share = np.concatenate([np.full(len(some), 1000 / len(some)) for some in first_hits])
    return LogisticRegression(C=100).fit(scores, right, sample_weight=share)


def _print_table(sets: dict[str, list[QuestionCandidates]]) -> None:
    print(f"features {FEATURES}; `both`, `best`: by that cosine alone; model: fitted on the other sets\n")
    print(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    rows = []
    for name, questions in sets.items():
        others = [other for other in sets if other != name]
        weights = _fit([sets[other] for other in others if other in RANKED])
        model = _fit_probability([sets[other] for other in others if other in FULLY_LABELLED], weights)
        rows.append(_figures(questions, weights, model))
        print(f"| {name} ({len(questions)}) | {_cells(rows[-1])} |")
    print(f"| mean | {_cells(np.nanmean(rows, axis=0))} |\n")


def _cells(figures: Sequence[float]) -> str:
    return " | ".join(f"{100 * figure:.1f}" for figure in figures)


def _figures(questions: Sequence[QuestionCandidates], weights: np.ndarray, model: LogisticRegression) -> list[float]:
    """Return the figures of a row; NaN for those about uncovered questions if there are few."""
    first_hits = [_first_hit(one, weights) for one in questions]
    probability = model.predict_proba([[score] for score, _ in first_hits])[:, 1]
    right, covered = np.array([right for _, right in first_hits]), np.array([bool(one.gains) for one in questions])
    best_cosine = [one.features[:, FEATURES.index("best")].max() for one in questions]
    has_uncovered = (~covered).sum() >= MIN_UNCOVERED
    both, best = (np.eye(len(FEATURES))[FEATURES.index(feature)] for feature in ("both", "best"))
    return [
        *(float(np.mean([_ndcg(one, w) for one in questions if one.gains])) for w in (both, best, weights)),
        float(right[covered].mean()),
        float(roc_auc_score(covered, best_cosine)) if has_uncovered else float("nan"),
        float(roc_auc_score(covered, probability)) if has_uncovered else float("nan"),
        calibration_error(probability, right),
        float((probability[~covered] < THRESHOLD).mean()) if has_uncovered else float("nan"),
        float((probability[covered] >= THRESHOLD).mean()),
    ]


def _ndcg(one: QuestionCandidates, weights: np.ndarray) -> float:
    ranked = list(dict.fromkeys(one.articles[row] for row in np.argsort(-(one.features @ weights), kind="stable")))
    return ndcg(ranked, one.gains)


def _first_hit(one: QuestionCandidates, weights: np.ndarray) -> tuple[float, bool]:
    """Return the score of the first hit, and whether it is right."""
    scores = one.features @ weights - one.midpoint * weights[: len(COSINES)].sum()
    row = int(np.argmax(scores))
    return float(scores[row]), one.articles[row] in one.gains


def _fields(sets: dict[str, list[QuestionCandidates]]) -> dict:
    """Return the content of ranking.json."""
    weights = _fit([sets[name] for name in RANKED])
    model = _fit_probability([sets[name] for name in FULLY_LABELLED], weights)
    midpoints = [questions[0].midpoint for questions in sets.values()]
    return {
        "weights": {feature: round(float(weight), 4) for feature, weight in zip(FEATURES, weights, strict=True)},
        "probability": {
            "slope": round(float(model.coef_[0][0]), 4),
            "constant": round(float(model.intercept_[0]), 4),
            "usual_midpoint": round(float(np.mean(midpoints)), 4),
        },
        "fitted": {
            "by": "benchmarks/quality/fit_ranking.py",
            "on": datetime.now(UTC).date().isoformat(),
            "weights_on": {name: len(sets[name]) for name in RANKED},
            "probability_on": {name: len(sets[name]) for name in FULLY_LABELLED},
            "how": METHOD,
        },
    }


if __name__ == "__main__":
    main()
