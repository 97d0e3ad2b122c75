"""Parts of a message: the two questions of one message, and the question in a long story."""

import re

from bot.languages.registry import ENGLISH, combined_pattern

_MAX_WORDS_OF_SUBJECT = 7  # maximum number of words of a first question without a verb, such as "gratuity formula"
_MIN_WORDS = 3  # minimum number of words of a question: "why?" asks nothing by itself
_MIN_SENTENCES = 3  # number of sentences from which a message is a story
_SENTENCE_END = re.compile(r"(?<=[.?!।])\s+|\n+")
_JOIN, _QUESTION = combined_pattern("joins"), combined_pattern("questions")
_LEAD = re.compile(rf"^(?:(?:{_JOIN})[\s,]+)+", re.IGNORECASE)
_ASKING = re.compile(rf"(?:(?:{combined_pattern('prepositions')})\s+)?(?:{_QUESTION})", re.IGNORECASE)
"""A question, also one such as "by which date …"."""
_JOINT = re.compile(
    rf"((?<=[?？.!।])\s+|[\s,;]+(?:{_JOIN})[\s,]+(?=(?:{_QUESTION}))|[,;]\s*(?=(?:{_QUESTION})))", re.IGNORECASE
)
"""What stands between two questions: the end of a sentence, or a comma or "and" before a question word."""


def split_questions(message: str) -> tuple[str, ...]:
    """Return the questions of a message such as "gratuity formula and is it taxable?", each with what leads to it."""
    waiting, *others = _JOINT.split(message.strip())
    questions: list[str] = []
    for joint, part in zip(others[::2], others[1::2], strict=True):
        if _asks(waiting) or (not questions and _is_subject(waiting, joint, part)):
            questions.append(waiting)
            waiting = part
        else:
            waiting += joint + part
    further = [_LEAD.sub("", question) for question in (*questions[1:], waiting)]
    are_whole = _asks(waiting) and all(len(question.split()) >= _MIN_WORDS for question in further)
    return (questions[0], *further) if questions and are_whole else (message,)


def _is_subject(part: str, joint: str, following: str) -> bool:
    """Whether a part without a question word is one by itself, as "gratuity formula" is before "and is it …"."""
    is_short = len(part.split()) <= _MAX_WORDS_OF_SUBJECT and bool(joint.strip(" ,;"))
    return is_short and any(re.match(start, following, re.IGNORECASE) for start in ENGLISH.patterns.questions)


def point_of(message: str) -> str:
    """Return the sentence of a story that asks, or the last one; a message of one or two sentences as it is."""
    sentences = [sentence for sentence in _SENTENCE_END.split(message.strip()) if sentence]
    if len(sentences) < _MIN_SENTENCES:
        return message
    asking = [each for each in sentences if each.endswith("?")] or [each for each in sentences if _asks(each)]
    return (asking or sentences)[-1]


def _asks(part: str) -> bool:
    last = _SENTENCE_END.split(part)[-1]
    # A statement that ends with a full stop may hold "…, which I need".
    clauses = [last] if last.endswith((".", "।")) else re.split(r",\s+", last)
    return last.endswith(("?", "？")) or any(_ASKING.match(clause) for clause in clauses)
