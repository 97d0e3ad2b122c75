"""Follow-up questions: whether a question continues the topic of the one before it.

"Documents needed?" fits many articles alike, also the one that answered before. A question about something new has a
best article of its own, which the article of the last answer is far behind. Measures of the scores decide, not a
language model: to answer, `continues_topic`; to rank passages of all articles, how vague the question is by itself, and
how much it gains by being read with the earlier ones.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bot.index.generation import Numbers
from bot.index.lexical import content_terms
from bot.languages.registry import FUNCTION_WORDS, LANGUAGES, combined_pattern, small_talk
from bot.retrieval.ranking import Scores

Turn = str | Mapping[str, object]
"""An earlier question, or a message {"role": …, "content": …} of the user or the assistant."""
History = Sequence[Turn]
"""The turns of a conversation, oldest first."""

_OPENING = re.compile(combined_pattern("openings"), re.IGNORECASE)
_OTHER_KIND = re.compile(combined_pattern("other_kinds"), re.IGNORECASE)
PRONOUN = re.compile(combined_pattern("pronouns"), re.IGNORECASE)
_EXPLETIVE = re.compile(combined_pattern("expletives"), re.IGNORECASE)
WORD = re.compile(r"[\w\u0900-\u0963'’-]+")
FACT_FRAME = re.compile(rf"(?<!\w)(?:{combined_pattern('fact_frames')})(?!\w)", re.IGNORECASE)
_WITHOUT_SUBJECT = frozenset(
    word for each in LANGUAGES for word in (*each.patterns.general_words, *each.patterns.attributes)
)

# Fitted by hand on the follow-ups of mtrag_govt and myscheme_dev, against unrelated earlier questions before those of
# stackfaq, jhu_covidfaq, rasa_sara and xquad_en (benchmarks/quality/follow_ups.py). In units of the ranking score.
_STANDALONE_LEAD = 0.15  # lead of the best article from which a question stands alone
_TRUST, _FREE_GAIN, _REFERENCE_BONUS = 25.0, 0.03, 0.1
"""The weight of earlier questions is `_TRUST` times vagueness times gain; every question gets `_FREE_GAIN`, and one
that refers back `_REFERENCE_BONUS` on both."""
_FIELD = slice(4, 10)  # the fifth to tenth best articles, with which the best one is compared
_GAP, _MARGIN, _TERMS, _REFERENCE, _CONTINUES = 26.6, 21.1, 3.65, 1.56, 11.7
"""A logistic regression: weights of how far the article of the last answer is behind the best, of the best article's
lead, of the logarithm of the number of content terms and of a reference back, and the limit of a follow-up. Fitted on
the conversations of one half of the articles, against questions after one about another article of the same category
(benchmarks/quality/conversations.py)."""
_UNKNOWN, _KNOWN = -0.2, -0.1
"""Scores between which the articles go from knowing nothing of a question to knowing something."""


class Exchange(NamedTuple):
    """An earlier question, and the answer that was shown: None if the history holds only questions."""

    question: str
    answer: str | None = None


def exchanges(history: History) -> list[Exchange]:
    """Return the questions of a conversation that are no small talk, oldest first, with their answers."""
    found: list[Exchange] = []
    for turn in history:
        role, content = ("user", turn) if isinstance(turn, str) else (turn.get("role"), content_of(turn))
        text = " ".join(content.split())
        if role == "user" and text:
            found.append(Exchange(text))
        elif role == "assistant" and found and found[-1].answer is None:
            found[-1] = Exchange(found[-1].question, text)
    return [exchange for exchange in found if small_talk(exchange.question) is None]


def earlier_questions(history: History) -> list[str]:
    """Return the visitor's questions of a conversation, oldest first."""
    asked = (turn for turn in history if isinstance(turn, str) or turn.get("role") == "user")
    texts = (turn if isinstance(turn, str) else content_of(turn) for turn in asked)
    return [question for question in (" ".join(text.split()) for text in texts) if question]


def continues_topic(question: str, scores: Scores, articles: Numbers, topic: int | None) -> bool:
    """Whether a question continues the topic of the article with this number; without one, whether it could any.

    One that names no subject does; of others the scores of the question alone decide.
    """
    if not len(scores):
        return False
    if names_no_subject(question):
        return True
    own = scores[articles == topic] if topic is not None else scores
    gap = float(scores.max() - (own.max() if len(own) else scores.min()))
    terms = float(np.log(max(1, len(set(content_terms(question))))))
    evidence = _GAP * gap + _MARGIN * top_article_margin(scores, articles) + _TERMS * terms
    return evidence - (_REFERENCE if refers_back(question) else 0.0) < _CONTINUES


def asks_of_another_kind(question: str) -> bool:
    """Whether a question asks the same of another kind or case, as in "and for diploma holders?"."""
    return _OTHER_KIND.match(question) is not None


def names_no_subject(question: str) -> bool:
    """Whether a question names no subject of its own, as "documents?" or "how long does it take"."""
    words = WORD.findall(FACT_FRAME.sub(" ", PRONOUN.sub(" ", _OPENING.sub(" ", question))).lower())
    return all(word in FUNCTION_WORDS or word in _WITHOUT_SUBJECT for word in words)


def refers_back(question: str) -> bool:
    """Whether a question points at something said before, as in "and can it be extended?" or "what about BPO?".

    It does not if it names itself what its "it" may mean, as in "how do I reset my password when it is lost".
    """
    if _OPENING.match(question):
        return True
    text = _EXPLETIVE.sub(" ", question)
    pronoun = PRONOUN.search(text)
    if pronoun is None:
        return False
    before = WORD.findall(text[: pronoun.start()].lower())
    return len([word for word in before if word not in FUNCTION_WORDS]) < 2


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


def content_of(turn: Mapping[str, object]) -> str:
    """Return the text of a message, whose content may also be a list of parts."""
    content = turn.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = (part.get("text") if isinstance(part, Mapping) else part for part in parts)
    return " ".join(text for text in texts if isinstance(text, str))
