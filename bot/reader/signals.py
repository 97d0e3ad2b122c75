"""The signals of a quote, from which its probability is computed.

weight, entropy                share of the softmax that the quote holds, and the softmax's entropy, both over the best
                               sentences only, so that the number of candidates does not matter
body, both, heading, sentence  cosines of the quote's passage and of its best sentence
above_midpoint                 its best cosine, minus the corpus's midpoint between covered and uncovered questions
ranking                        the log-odds of the ranking model that the first hit answers
in_both, in_near, in_quote     share of the question's content words in passage and heading, quote and heading, quote
missing, missing_near          weight of the rarest content word missing from the passage, from quote and heading
unmet                          share of the wanted kinds of answer that the quote does not hold
faq, words                     whether the passage is a FAQ; number of content words of the question
lead                           the best sentence's cosine in standard deviations above the mean of all
late, late_content, late_least  the greatest of its sentences, see `bot.reader.late_interaction`
most_sentence, most_both, most_in_both, most_late
                               the greatest value among all candidates
mean_sentence, mean_in_both    the mean over the candidates, weighted by the softmax
ranked, first_hit              score of the quote's passage below the first hit's, and whether it is the first hit
article_…, in_article, missing_article
                               what the candidates of its article hold together, as in `bot.reader.features`
unanswered                     how near questions are that no article answers, minus the best cosine of the candidates;
                               at least -0.4, also where there is no such question
candidates, faqs               logarithm of the number of sentences read, and the share of them in FAQs
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bot.reader.features import feature_names
from bot.reader.question_terms import kinds_of_answer

_BEST = 40  # number of best sentences over which the softmax is taken
_MANY_WORDS = 12
_FAR = -0.4  # the signal `unanswered` where no question that no article answers is near
_LATE = ("late", "late_content", "late_least")
_OF_PASSAGE = (
    "body", "both", "heading", "ranked", "first_hit", "article_ranked", "article_sentence", "in_article",
    "missing_article", "in_both", "missing", "faq",
)  # fmt: skip


def quote_signals(
    features: NDArray[np.float64],
    scores: NDArray[np.float64],
    quoted: slice,
    midpoint: float,
    ranking: float,
    words: int,
    unanswered: float,
) -> Mapping[str, float]:
    """Return the signals of a quote, given the features and scores of all candidates and the place of its sentences."""
    column = {name: features[:, place] for place, name in enumerate(feature_names())}
    own = {name: values[quoted] for name, values in column.items()}
    kinds = np.stack([own[f"kind_{kind}"] for kind in kinds_of_answer()], axis=1).max(axis=0)
    odds, share = np.clip(ranking, 0.001, 0.999), _shares_of_best(scores)
    sentence = column["sentence"]
    return {
        "weight": float(share[quoted].sum()),
        "entropy": float(-(share * np.log(share + 1e-9)).sum()),
        **{name: float(own[name][0]) for name in _OF_PASSAGE},
        "sentence": float(own["sentence"].max()),
        "above_midpoint": float(own["best"][0]) - midpoint,
        "ranking": float(np.log(odds / (1 - odds))),
        "in_near": float(own["with_heading"].max()),
        "in_quote": float(own["in_sentence"].max()),
        "missing_near": float(own["missing_near"].min()),
        **{name: float(own[name].max()) for name in _LATE},
        "unmet": float(np.count_nonzero(kinds < 0)) / max(1, int(np.count_nonzero(kinds))),
        "words": min(words, _MANY_WORDS) / _MANY_WORDS,
        "lead": float((sentence.max() - sentence.mean()) / (sentence.std() + 1e-6)),
        "most_sentence": float(sentence.max()),
        "most_both": float(column["both"].max()),
        "most_in_both": float(column["in_both"].max()),
        "most_late": float(column["late"].max()),
        "mean_sentence": float(share @ sentence),
        "mean_in_both": float(share @ column["in_both"]),
        "unanswered": max(_FAR, unanswered - float(column["best"].max())),
        "candidates": float(np.log(len(sentence))),
        "faqs": float(column["faq"].mean()),
    }


def _shares_of_best(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax over the best sentences; 0 for the others."""
    least = np.partition(scores, -_BEST)[-_BEST] if len(scores) > _BEST else scores.min()
    powers = np.where(scores >= least, np.exp(scores - scores.max()), 0.0)
    return np.asarray(powers / powers.sum(), np.float64)
