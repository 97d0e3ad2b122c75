"""Follow-up questions: whether an earlier question adds to this one.

"Documents needed?" fits many articles alike; read together with the question before it, it fits one much better. A question about something new
has a best article of its own, which no earlier question betters. No language model decides, but these two: how vague the question is by itself, and what
it gains.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Turn = str | Mapping[str, object]
"""An earlier question, or a message {"role": …, "content": …} of which only the user's count."""

_OPENING = re.compile(
    r"(?:and|also|but|or|then|so|aur|toh|lekin|magar|phir|fir)\b|(?:what|how) (?:about|if)\b|(?:और|तो|लेकिन|मगर|फिर|या)(?![\u0900-\u0963])",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"""\b(?:it|its|they|them|their|he|she|his|her|same|[iu]s(?:k[aeio]|me|mein|se|ke|i|i?liye)|[iu]n(?:k[aeio]|me|mein))\b
    |\b(?:this|that|these|those)(?:\?|$|\ (?:be|is|was|are|can|will|case)\b)
    |(?<![\u0900-\u0963])(?:[इउ]स(?:का|के|की|को|में|से|ी|लिए|सें)|[इउ]न(?:का|के|की|को|में))(?![\u0900-\u0963])""",
    re.IGNORECASE | re.VERBOSE,
)
_DUMMY = re.compile(
    r"\bit (?:(?:be|is|not|a|an|also|still|even|really) )*\w+ (?:to|that|if|when|for)\b|\bit(?:'s| is) \w+ (?:to|that)\b",
    re.IGNORECASE,
)
"""An "it" that points nowhere, as in "is it possible to …"."""
_WORD = re.compile(r"[\w\u0900-\u0963'’-]+")
_LITTLE = frozenset({
    "a", "an", "the", "is", "are", "was", "were", "be", "been", "am", "do", "does", "did", "can", "could", "will", "would", "shall", "should",
    "may", "might", "must", "have", "has", "had", "i", "we", "you", "my", "our", "your", "me", "us", "to", "of", "in", "on", "at", "by", "for",
    "from", "with", "about", "as", "if", "when", "where", "who", "whom", "whose", "what", "which", "why", "how", "much", "many", "long", "often",
    "not", "no", "any", "some", "there", "also",
    "aur", "toh", "kya", "kaise", "kab", "kahan", "kaun", "kitna", "kitne", "kitni", "hai", "hain", "ka", "ke", "ki", "ko", "se", "mein", "mai", "main", "par", "bhi",
    "और", "तो", "क्या", "कैसे", "कब", "कहाँ", "कौन", "कितना", "कितने", "कितनी", "है", "हैं", "का", "के", "की", "को", "से", "में", "पर", "भी",
})  # fmt: skip
"""Words that name nothing which a later "it" could mean."""

# Fitted by hand on the follow-ups of mtrag_govt and myscheme_dev against unrelated earlier questions before those of stackfaq, jhu_covidfaq, rasa_sara and
# xquad_en (benchmarks/quality/follow_ups.py). In units of the ranking model's score.
_DISTINCT = 0.15
"""By so much the best article must stand out from the field for a question to stand alone."""
_TRUST, _GAIN, _LEAN = 25.0, 0.03, 0.1
"""The weight rises by `_TRUST` for each unit of vagueness times gain, of which `_GAIN` is given; a question that leans back has `_LEAN` more of both."""
_FIELD = slice(4, 10)
"""The fifth to tenth best articles: what a vague question fits as well."""
_LOST, _SOUND = -0.2, -0.1
"""Scores: below the first the articles know nothing of the question, from the second on something."""


def earlier_questions(history: Sequence[Turn]) -> list[str]:
    """The visitor's questions of a conversation, oldest first."""
    said = (turn if isinstance(turn, str) else _content(turn) for turn in history)
    return [words for words in (" ".join(text.split()) for text in said) if words]


def leans_back(question: str) -> bool:
    """Whether a question's own words point at something said before, as in "and can it be extended?" or "what about BPO?".

    They do not when the question itself names what its "it" may mean, as in "how do I reset my password when it is lost".
    """
    if _OPENING.match(question):
        return True
    words = _DUMMY.sub(" ", question)
    pointing = _POINTING.search(words)
    named = (
        [word for word in _WORD.findall(words[: pointing.start()].lower()) if word not in _LITTLE] if pointing else []
    )
    return pointing is not None and len(named) < 2


def distinctness(scores: NDArray[np.float64], articles: NDArray[np.integer[Any]]) -> float:
    """By how much a question's best article stands out from the field of others; 0 where there is no other."""
    order = np.argsort(-scores, kind="stable")
    _, firsts = np.unique(articles[order], return_index=True)
    best = scores[order][np.sort(firsts)]
    field = best[_FIELD] if len(best) > _FIELD.start + 1 else best[1:]
    return float(best[0] - field.mean()) if len(field) else 0.0


def topic_weight(
    question: str, alone: NDArray[np.float64], together: NDArray[np.float64], articles: NDArray[np.integer[Any]]
) -> float:
    """How much the reading together with earlier questions counts against the question alone, 0 to 1.

    `alone` and `together` are the scores of the same passages under both readings, `articles` the numbers of the passages' articles.
    """
    lean = _LEAN if leans_back(question) else 0.0
    vagueness = max(0.0, _DISTINCT + lean - distinctness(alone, articles))
    gain = float(together.max() - alone.max()) + _GAIN + lean
    return min(1.0, _TRUST * vagueness * max(0.0, gain))


def is_vague(question: str, alone: NDArray[np.float64], articles: NDArray[np.integer[Any]]) -> bool:
    """Whether an earlier question could add anything to this one, by its scores alone."""
    return len(alone) > 0 and distinctness(alone, articles) < _DISTINCT + (_LEAN if leans_back(question) else 0.0)


def soundness(alone: NDArray[np.float64]) -> float:
    """How far the articles know of what the question itself says, 0 to 1: an earlier topic must not answer a question about something else."""
    return float(np.clip((alone.max() - _LOST) / (_SOUND - _LOST), 0.0, 1.0))


def _content(turn: Mapping[str, object]) -> str:
    if turn.get("role") != "user":
        return ""
    content = turn.get("content")
    parts = content if isinstance(content, list) else [content]
    return " ".join(
        part if isinstance(part, str) else str(part.get("text", ""))
        for part in parts
        if isinstance(part, (str, Mapping))
    )
