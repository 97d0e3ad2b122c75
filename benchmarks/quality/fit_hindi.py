"""Fit the ranking models of questions in Hindi and Hinglish that a multilingual model reads as well.

usage: python -m benchmarks.quality.fit_hindi DATA_FOLDER --work FOLDER [--write]

DATA_FOLDER and --work as of fit_ranking.py, with the folders xquad_hi2en (Hindi questions, English paragraphs) and hinglish_top (Hinglish commands, the same in
English). Fitted is on xquad_hi2en and on what comes after the first 400 questions of hinglish_top, each also in the other script: the one for Hindi reads the commands
in Devanagari, the one for Hinglish the questions in Latin letters. --write stores the coefficients in bot/languages/hindi.

The score is that of the English model on the gloss, plus so many times the mean of two of the multilingual cosines as puts most right passages first: with a weight
of its own for each signal the sets, which are about other things than a publisher's articles, would tell too much. Probability: logistic regression of "the first hit
is right" on its score; of xquad_hi2en, whose labels are complete, each question with its article left out as well. All is put on the scale of the English model's score,
so that differences of scores mean the same in every language.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.quality.fit_ranking import Asked
from benchmarks.shared.question_sets import generation_of, read_gains, read_questions
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
"""The first questions of hinglish_top: nothing is fitted on them."""
USED = 300
"""Questions of each set, spread evenly."""
SETS = ("xquad_hi2en", "hinglish_top")
JUDGED = "xquad_hi2en"
HEARD = ("multilingual_both", "multilingual_best")
"""With the text's own cosine as a third the sets gain nothing, and FAQs with short answers lose."""
TIMES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)

_DEVANAGARI = re.compile("[\u0900-\u0963]+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    for language in ("hi", "hinglish"):
        fields = fitted(arguments.data, arguments.work, language, lambda _number: True)
        print(language, json.dumps(fields["weights"]), json.dumps(fields["probability"]), flush=True)
        if arguments.write:
            target = Path(__file__).parents[2] / "bot" / "languages" / "hindi" / f"ranking_{language}.json"
            target.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def fitted(data: Path, work: Path, language: str, admitted: Callable[[int], bool]) -> dict:
    """The coefficients, as they stand in the file, fitted on those questions of xquad_hi2en whose number is admitted, and on hinglish_top."""
    generations = {name: generation_of(data / name, work / name, SETTINGS) for name in SETS}
    questions = {
        name: list(_questions(data / name, admitted if name == "xquad_hi2en" else lambda number: number >= REPORTED))
        for name in SETS
    }
    asked = {name: list(_asked(generations[name], read_gains(data / name), questions[name], language)) for name in SETS}
    scored = {name: [_summed(one, generations[name]) for one in some] for name, some in asked.items()}
    times = max(
        TIMES, key=lambda times: sum(np.mean([_first(one, times)[1] for one in some]) for some in scored.values())
    )
    firsts = [
        _first(one, times, left_out=out)
        for name, some in scored.items()
        for one in some
        for out in ((False, True) if name == JUDGED else (False,))
    ]
    curve = LogisticRegression(C=100).fit([[score] for score, _ in firsts], [right for _, right in firsts])
    english, lanes = (
        RankingModel.shipped(),
        [_midpoint(generation.manifest.multilingual.score_calibration) for generation in generations.values()],
    )
    scale = float(curve.coef_[0][0]) / english.slope
    weights = {**english.weights, **dict.fromkeys(HEARD, times / len(HEARD))}
    return {
        "weights": {name: round(weight * scale, 4) for name, weight in weights.items()},
        "probability": {
            "slope": english.slope,
            "constant": round(float(curve.intercept_[0]), 4),
            "usual_midpoint": english.usual_midpoint,
            "usual_multilingual_midpoint": round(float(np.mean(lanes)), 4),
        },
        "fitted": {
            "by": "benchmarks/quality/fit_hindi.py",
            "on": datetime.now(UTC).date().isoformat(),
            "weights_and_probability_on": {name: len(some) for name, some in asked.items()},
            "times": times,
            "how": "weights: those of ranking.json and so many times the mean of two multilingual cosines; probability: logistic regression of whether the first hit is right",
        },
    }


def _questions(data: Path, admitted: Callable[[int], bool]) -> Iterator[tuple[str, str]]:
    """The ids and words of `USED` of the admitted questions, spread evenly."""
    questions = [question for number, question in enumerate(read_questions(data)) if admitted(number)]
    for place in np.unique(np.linspace(0, len(questions) - 1, USED).astype(int)):
        yield questions[place]["_id"], questions[place]["text"]


def _asked(
    generation: Generation, gains: Mapping[str, Mapping[str, int]], questions: Sequence[tuple[str, str]], language: str
) -> Iterator[Asked]:
    hindi = HindiRewriter(generation.vocabulary)
    rewriter = QueryRewriter(QuestionLanguages(generation.vocabulary), generation.lexical, ["hi"])
    for ident, question in questions:
        words = (
            hindi.transliterate(question)
            if language == "hi"
            else _DEVANAGARI.sub(lambda word: romanize(word[0]), question)
        )
        query = rewriter.rewrite(words)
        if query.language != language:
            continue
        found = find_candidates(generation, query.variants[:1], 50, Filters())
        articles = [passage.article.id for passage in generation.table.passages(found.passages)]
        yield Asked(
            articles, found.features[0], dict(gains.get(ident, {})), _midpoint(generation.manifest.score_calibration)
        )


def _summed(one: Asked, generation: Generation) -> Asked:
    """A question whose candidates have two signals: the score of the English model, and the mean of the multilingual cosines above the midpoint."""
    english = RankingModel.shipped().scores(one.signals[:, : len(FEATURES)], generation.manifest.score_calibration)
    heard = one.signals[:, [MULTILINGUAL_FEATURES.index(name) for name in HEARD]].mean(axis=1) - _midpoint(
        generation.manifest.multilingual.score_calibration
    )
    return Asked(one.articles, np.stack([english, heard], axis=1), one.gains, one.midpoint)


def _first(one: Asked, times: float, *, left_out: bool = False) -> tuple[float, bool]:
    """The score of the first hit, of all or of those that are not right, and whether it is right."""
    scores = one.signals @ np.array([1.0, times])
    row = int(np.argmax(np.where(one.right, -np.inf, scores) if left_out else scores))
    return float(scores[row]), bool(one.right[row])


def _midpoint(calibration) -> float:
    return (calibration.covered + calibration.uncovered) / 2


if __name__ == "__main__":
    main()
