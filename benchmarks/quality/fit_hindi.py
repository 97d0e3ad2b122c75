"""Fit the ranking models for questions in Hindi and Hinglish that are also searched in the multilingual index.

usage: python -m benchmarks.quality.fit_hindi DATA_FOLDER --work FOLDER [--write]

DATA_FOLDER and --work are as for fit_ranking.py, with the folders xquad_hi2en (Hindi questions, English paragraphs) and
hinglish_top (Hinglish commands, the same in English). The models are fitted on xquad_hi2en and on hinglish_top after
its first 400 questions, each also in the other script: the model for Hindi sees the commands in Devanagari, the model
for Hinglish the questions in Latin letters. --write stores the coefficients in bot/languages/hindi.

The score is the English model's score of the gloss, plus the mean of two multilingual cosines times the factor that
puts most right passages first. A weight for each feature would overfit the sets, whose subjects are not a publisher's
articles. Probability: logistic regression of "the first hit is right" on its score; each question of
xquad_hi2en, whose labels are complete, counts a second time without its article. Everything is on the scale of the
English model's score, so that differences of scores mean the same in every language.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.quality.fit_ranking import QuestionCandidates
from benchmarks.shared.question_sets import build_set, read_gains, read_questions
from bot.index.filters import Filters
from bot.index.generation import Generation
from bot.languages.hindi.rewriting import HindiRewriter
from bot.languages.hindi.transliteration import romanize
from bot.languages.registry import QuestionLanguages
from bot.retrieval.features import FEATURES, MULTILINGUAL_FEATURES, find_candidates
from bot.retrieval.query_rewriting import QueryRewriter
from bot.retrieval.ranking import RankingModel
from bot.settings import BuildSettings

SETTINGS = BuildSettings(languages=("en", "hi"))
REPORTED = 400
"""Number of questions at the start of hinglish_top that are reported; nothing is fitted on them."""
USED = 300
"""Number of questions of each set that the models are fitted on, spread evenly."""
SETS = ("xquad_hi2en", "hinglish_top")
FULLY_LABELLED = "xquad_hi2en"
COSINES = ("multilingual_both", "multilingual_best")
"""With the cosine of the text as a third, the sets gain nothing and FAQs with short answers lose."""
FACTORS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
TARGETS = Path(__file__).parents[2] / "bot" / "languages" / "hindi"
METHOD = (
    "weights: copied from ranking.json, plus the mean of two multilingual cosines times a factor; "
    "probability: logistic regression of whether the first hit is right"
)

_DEVANAGARI = re.compile("[\u0900-\u0963]+")

_IsIncluded = Callable[[int], bool]
"""Whether the question with a number is included."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    for language in ("hi", "hinglish"):
        fields = fit(arguments.data, arguments.work, language, lambda _number: True)
        print(language, json.dumps(fields["weights"]), json.dumps(fields["probability"]), flush=True)
        if arguments.write:
            target = TARGETS / f"ranking_{language}.json"
            target.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def fit(data: Path, work: Path, language: str, is_included: _IsIncluded) -> dict:
    """Return the content of a ranking file, fitted on the included questions of xquad_hi2en and on hinglish_top."""
    generations = {name: build_set(data / name, work / name, SETTINGS) for name in SETS}
    included: dict[str, _IsIncluded] = {"xquad_hi2en": is_included, "hinglish_top": lambda number: number >= REPORTED}
    sets = {}
    for name, generation in generations.items():
        questions = _sample(data / name, included[name])
        candidates = _candidates(generation, read_gains(data / name), questions, language)
        sets[name] = [_two_features(one, generation) for one in candidates]
    midpoints = [_midpoint(one.manifest.multilingual.score_calibration) for one in generations.values()]
    return _fields(sets, float(np.mean(midpoints)))


def _fields(sets: Mapping[str, Sequence[QuestionCandidates]], multilingual_midpoint: float) -> dict:
    """Return the content of a ranking file."""
    factor = max(FACTORS, key=lambda factor: sum(_hit_at_1(questions, factor) for questions in sets.values()))
    english, model = RankingModel.shipped(), _fit_probability(sets, factor)
    scale = float(model.coef_[0][0]) / english.slope
    weights = {**english.weights, **dict.fromkeys(COSINES, factor / len(COSINES))}
    return {
        "weights": {name: round(weight * scale, 4) for name, weight in weights.items()},
        "probability": {
            "slope": english.slope,
            "constant": round(float(model.intercept_[0]), 4),
            "usual_midpoint": english.usual_midpoint,
            "usual_multilingual_midpoint": round(multilingual_midpoint, 4),
        },
        "fitted": {
            "by": "benchmarks/quality/fit_hindi.py",
            "on": datetime.now(UTC).date().isoformat(),
            "weights_and_probability_on": {name: len(questions) for name, questions in sets.items()},
            "times": factor,
            "how": METHOD,
        },
    }


def _sample(data: Path, is_included: _IsIncluded) -> list[tuple[str, str]]:
    """Return the ids and texts of `USED` included questions, spread evenly."""
    questions = [question for number, question in enumerate(read_questions(data)) if is_included(number)]
    places = np.unique(np.linspace(0, len(questions) - 1, USED).astype(int))
    return [(questions[place]["_id"], questions[place]["text"]) for place in places]


def _candidates(
    generation: Generation, gains: Mapping[str, Mapping[str, int]], questions: Sequence[tuple[str, str]], language: str
) -> Iterator[QuestionCandidates]:
    hindi = HindiRewriter(generation.vocabulary)
    rewriter = QueryRewriter(QuestionLanguages(generation.vocabulary), ["hi"])
    midpoint = _midpoint(generation.manifest.score_calibration)
    for ident, question in questions:
        query = rewriter.rewrite(hindi.transliterate(question) if language == "hi" else _romanize(question))
        if query.language == language:
            found = find_candidates(generation, query.variants[:1], 50, Filters())
            articles = [passage.article.id for passage in generation.table.passages(found.passages)]
            yield QuestionCandidates(articles, found.features[0], dict(gains.get(ident, {})), midpoint)


def _romanize(question: str) -> str:
    return _DEVANAGARI.sub(lambda word: romanize(word[0]), question)


def _two_features(one: QuestionCandidates, generation: Generation) -> QuestionCandidates:
    """Reduce the features to the score of the English model and the mean multilingual cosine above the midpoint."""
    english = RankingModel.shipped().scores(one.features[:, : len(FEATURES)], generation.manifest.score_calibration)
    cosines = one.features[:, [MULTILINGUAL_FEATURES.index(name) for name in COSINES]].mean(axis=1)
    multilingual = cosines - _midpoint(generation.manifest.multilingual.score_calibration)
    return QuestionCandidates(one.articles, np.stack([english, multilingual], axis=1), one.gains, one.midpoint)


def _hit_at_1(questions: Sequence[QuestionCandidates], factor: float) -> float:
    return float(np.mean([_first_hit(one, factor)[1] for one in questions]))


def _fit_probability(sets: Mapping[str, Sequence[QuestionCandidates]], factor: float) -> LogisticRegression:
    """Fit the probability that the first hit is right to its score."""
    first_hits = [
        _first_hit(one, factor, without_right=without_right)
        for name, questions in sets.items()
        for one in questions
        for without_right in ((False, True) if name == FULLY_LABELLED else (False,))
    ]
    return LogisticRegression(C=100).fit([[score] for score, _ in first_hits], [right for _, right in first_hits])


def _first_hit(one: QuestionCandidates, factor: float, *, without_right: bool = False) -> tuple[float, bool]:
    """Return the score of the first hit and whether it is right; optionally without the right candidates."""
    scores = one.features @ np.array([1.0, factor])
    row = int(np.argmax(np.where(one.right, -np.inf, scores) if without_right else scores))
    return float(scores[row]), bool(one.right[row])


def _midpoint(calibration) -> float:
    return (calibration.covered + calibration.uncovered) / 2


if __name__ == "__main__":
    main()
