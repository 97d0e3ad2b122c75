"""The signals of a quote, from which its probability is computed.

weight                          the share of the sentence model's belief that the quote holds
body, both, heading, sentence   cosines of the quote's passage and of its best sentence
above_midpoint                  its best cosine, minus the corpus's midpoint between covered and uncovered questions
ranking                         the log-odds of the ranking model that the first hit answers
in_both, in_near, in_quote      share of the question's content words in passage and heading, in quote and heading, and
                                in the quote
missing, missing_near           weight of the rarest content word missing from the passage, and from quote and heading
unmet                           share of the wanted kinds of answer that the quote does not hold
faq, words                      whether the passage is a FAQ; number of content words of the question
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bot.reader.features import feature_names
from bot.reader.question_terms import kinds_of_answer

SIGNALS = (
    "weight", "body", "both", "heading", "sentence", "above_midpoint", "ranking", "in_both", "in_near", "in_quote",
    "missing", "missing_near", "unmet", "faq", "words",
)  # fmt: skip
_MANY_WORDS = 12


def quote_signals(
    features: NDArray[np.float64], weight: float, midpoint: float, ranking: float, words: int
) -> Mapping[str, float]:
    """Return the signals of a quote, given the features of its sentences, shape (sentences, features)."""
    column = {name: features[:, place] for place, name in enumerate(feature_names())}
    kinds = np.stack([column[f"kind_{kind}"] for kind in kinds_of_answer()], axis=1).max(axis=0)
    wanted = max(1, int(np.count_nonzero(kinds)))
    odds = np.clip(ranking, 0.001, 0.999)
    return {
        "weight": weight,
        "body": float(column["body"][0]),
        "both": float(column["both"][0]),
        "heading": float(column["heading"][0]),
        "sentence": float(column["sentence"].max()),
        "above_midpoint": float(column["best"][0]) - midpoint,
        "ranking": float(np.log(odds / (1 - odds))),
        "in_both": float(column["in_both"][0]),
        "in_near": float(column["with_heading"].max()),
        "in_quote": float(column["in_sentence"].max()),
        "missing": float(column["missing"][0]),
        "missing_near": float(column["missing_near"].min()),
        "unmet": float(np.count_nonzero(kinds < 0)) / wanted,
        "faq": float(column["faq"][0]),
        "words": min(words, _MANY_WORDS) / _MANY_WORDS,
    }
