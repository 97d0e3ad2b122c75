"""Follow-up questions: whether an earlier question adds to this one.

"Documents needed?" fits many articles alike; read together with the question before it, it fits one much better. A
question about something new has a best article of its own, which no earlier question improves. Two measures decide, not
a language model: how vague the question is by itself, and how much it gains.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from bot.index.generation import Numbers
from bot.languages.registry import LANGUAGES, combined_pattern
from bot.retrieval.ranking import Scores

Turn = str | Mapping[str, object]
"""An earlier question, or a message {"role": …, "content": …}; only the user's messages count."""
History = Sequence[Turn]
"""The turns of a conversation, oldest first."""

_OPENING = re.compile(combined_pattern("openings"), re.IGNORECASE)
_PRONOUN = re.compile(combined_pattern("pronouns"), re.IGNORECASE)
_EXPLETIVE = re.compile(combined_pattern("expletives"), re.IGNORECASE)
_WORD = re.compile(r"[\w\u0900-\u0963'’-]+")
_FUNCTION_WORDS = frozenset(word for language in LANGUAGES for word in language.patterns.function_words)

# Fitted by hand on the follow-ups of mtrag_govt and myscheme_dev, against unrelated earlier questions before those of
# stackfaq, jhu_covidfaq, rasa_sara and xquad_en (benchmarks/quality/follow_ups.py). In units of the ranking score.
_STANDALONE_LEAD = 0.15  # lead of the best article from which a question stands alone
_TRUST, _FREE_GAIN, _REFERENCE_BONUS = 25.0, 0.03, 0.1
"""The weight of earlier questions is `_TRUST` times vagueness times gain; every question gets `_FREE_GAIN`, and one
that refers back `_REFERENCE_BONUS` on both."""
_FIELD = slice(4, 10)  # the fifth to tenth best articles, with which the best one is compared
_UNKNOWN, _KNOWN = -0.2, -0.1
"""Scores between which the articles go from knowing nothing of a question to knowing something."""


def earlier_questions(history: History) -> list[str]:
    """Return the visitor's questions of a conversation, oldest first."""
    texts = (turn if isinstance(turn, str) else _content(turn) for turn in history)
    return [question for question in (" ".join(text.split()) for text in texts) if question]


def refers_back(question: str) -> bool:
    """Whether a question points at something said before, as in "and can it be extended?" or "what about BPO?".

    It does not if it names itself what its "it" may mean, as in "how do I reset my password when it is lost".
    """
    if _OPENING.match(question):
        return True
    text = _EXPLETIVE.sub(" ", question)
    pronoun = _PRONOUN.search(text)
    if pronoun is None:
        return False
    before = _WORD.findall(text[: pronoun.start()].lower())
    return len([word for word in before if word not in _FUNCTION_WORDS]) < 2


def top_article_margin(scores: Scores, articles: Numbers) -> float:
    """Return the lead of the best article over the field of others; 0 if there is no other."""
    order = np.argsort(-scores, kind="stable")
    _, firsts = np.unique(articles[order], return_index=True)
    best = scores[order][np.sort(firsts)]
    field = best[_FIELD] if len(best) > _FIELD.start + 1 else best[1:]
    return float(best[0] - field.mean()) if len(field) else 0.0


def topic_weight(question: str, alone: Scores, with_earlier: Scores, articles: Numbers) -> float:
    """Return the weight, 0 to 1, of a question read with earlier ones against the question alone.

    `alone` and `with_earlier` are the scores of the same passages for both, `articles` the passages' article numbers.
    """
    bonus = _bonus(question)
    vagueness = max(0.0, _STANDALONE_LEAD + bonus - top_article_margin(alone, articles))
    gain = float(with_earlier.max() - alone.max()) + _FREE_GAIN + bonus
    return min(1.0, _TRUST * vagueness * max(0.0, gain))


def may_need_context(question: str, alone: Scores, articles: Numbers) -> bool:
    """Whether an earlier question could add anything to this one, by its scores alone."""
    return len(alone) > 0 and top_article_margin(alone, articles) < _STANDALONE_LEAD + _bonus(question)


def coverage(alone: Scores) -> float:
    """Return how far the articles know the question itself, 0 to 1: an earlier topic must not answer something else."""
    return float(np.clip((alone.max() - _UNKNOWN) / (_KNOWN - _UNKNOWN), 0.0, 1.0))


def _bonus(question: str) -> float:
    return _REFERENCE_BONUS if refers_back(question) else 0.0


def _content(turn: Mapping[str, object]) -> str:
    if turn.get("role") != "user":
        return ""
    content = turn.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = (part.get("text") if isinstance(part, Mapping) else part for part in parts)
    return " ".join(text for text in texts if isinstance(text, str))
