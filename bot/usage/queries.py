"""The statements of the question log: how questions and votes are stored, counted and deleted."""

import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from bot.errors import UsageError
from bot.usage.database import Row, Transaction, Values
from bot.usage.logged_question import MAX_COMMENT_LENGTH, LoggedQuestion, QuestionStats, Reason
from bot.usage.privacy import hash_text, mask
from bot.usage.proposals import Evidence
from bot.usage.seen import Remark

_HASH_KEY = "hash"
_LABEL = re.compile(r"\[(?:e-mail|number)\]")  # what `mask` writes
_CONSIDERED = 50  # maximum number of passages that are considered for the questions asked often
_FOLLOW_UP = 300  # seconds within which the next question of a conversation counts as a follow-up
_COLUMNS = tuple(each.name for each in fields(LoggedQuestion))[:-3]  # the last three are of the vote
_IN_SPAN = "questions.at >= :since AND questions.at < :until"


def read_questions(transaction: Transaction, since: float, until: float) -> Iterator[LoggedQuestion]:
    """Yield the questions of a span of time with their votes, oldest first."""
    columns = ", ".join(f"questions.{name}" for name in _COLUMNS)
    statement = f"""
        SELECT {columns}, helpful, reason, comment FROM questions LEFT JOIN feedback USING (answer)
        WHERE {_IN_SPAN} ORDER BY questions.at"""
    yield from map(_from_row, transaction.stream(statement, {"since": since, "until": until}))


def read_stats(transaction: Transaction, since: float, until: float) -> list[QuestionStats]:
    """Count equal questions with equal answers in a span of time, most frequent first."""
    statement = f"""
        SELECT question, status, passages, count(*), coalesce(sum(helpful), 0),
               count(helpful) - coalesce(sum(helpful), 0), avg(probability), count(corrected)
        FROM questions LEFT JOIN feedback USING (answer) WHERE {_IN_SPAN} GROUP BY question, status, passages"""
    rows = transaction.read(statement, {"since": since, "until": until})
    stats = [QuestionStats(question, status, _split(passages), *counts) for question, status, passages, *counts in rows]
    # Sorted here because databases order letters in different ways.
    return sorted(stats, key=lambda one: (-one.times, one.question, one.status, one.passages))


def read_remarks(transaction: Transaction, questions: Sequence[str], since: float, until: float) -> list[Remark]:
    """Return the votes on the answers to any of these questions in a span of time, latest first."""
    where, values = _asked(questions, since, until)
    statement = f"""
        SELECT status, passages, helpful, reason, comment, feedback.at
        FROM questions JOIN feedback USING (answer) WHERE {where} ORDER BY feedback.at DESC"""
    rows = transaction.read(statement, values)
    return [Remark(status, _split(passages), bool(helpful), *rest) for status, passages, helpful, *rest in rows]


def read_evidence(transaction: Transaction, questions: Sequence[str], since: float, until: float) -> Evidence:
    """Collect what visitors did after asking any of these questions in a span of time."""
    where, values = _asked(questions, since, until)
    # Questions without a conversation count as one conversation: they may belong to the same visitor.
    count = f"SELECT count(DISTINCT coalesce(conversation, '')) FROM questions WHERE {where}"
    ((conversations,),) = transaction.read(count, values)
    statement = f"""
        SELECT asked.question, next.question, next.passages, count(*) FROM (
            SELECT question, conversation, at FROM questions WHERE {where} AND conversation IS NOT NULL) AS asked
        JOIN questions AS next ON next.answer = (
            SELECT answer FROM questions WHERE conversation = asked.conversation AND at > asked.at
            AND at < asked.at + {_FOLLOW_UP} ORDER BY at LIMIT 1)
        WHERE next.status = 'answered' AND next.passages != ''
        GROUP BY asked.question, next.question, next.passages"""
    followed = transaction.read(statement, values)
    statement = f"""
        SELECT question, passages, count(*) FROM (
            SELECT answer, question, passages FROM questions WHERE {where}) AS asked
        JOIN feedback USING (answer) WHERE helpful = 1 AND passages != '' GROUP BY question, passages"""
    liked = transaction.read(statement, values)
    # Of two passages, it is not known which one helped.
    moves = {(question, following, one): times for question, following, one, times in followed if "\n" not in one}
    votes = {(question, one): times for question, one, times in liked if "\n" not in one}
    return Evidence(questions[0], conversations, moves, votes)


def _asked(questions: Sequence[str], since: float, until: float) -> tuple[str, Values]:
    """Return the condition that any of these questions was asked in a span of time, and its values."""
    names = {f"q{number}": question for number, question in enumerate(questions)}
    where = f"{_IN_SPAN} AND question IN ({', '.join(f':{name}' for name in names)})"
    return where, {"since": since, "until": until, **names}


def read_often_asked(transaction: Transaction, conversations: int, probability: float, most: int) -> list[str]:
    """Return at most `most` of the passages that answered most.

    They answered this surely in this many conversations, without a vote against.
    """
    statement = "SELECT passage FROM answered WHERE times >= :least ORDER BY times DESC, passage LIMIT :most"
    answered = transaction.read(statement, {"least": conversations, "most": _CONSIDERED})
    names = {f"p{number}": passage for number, (passage,) in enumerate(answered)}
    if not names:
        return []
    statement = f"""
        SELECT passages FROM questions LEFT JOIN feedback USING (answer)
        WHERE status = 'answered' AND passages IN ({", ".join(f":{name}" for name in names)}) GROUP BY passages
        HAVING count(DISTINCT conversation) >= :conversations AND avg(probability) >= :probability
        AND count(helpful) = coalesce(sum(helpful), 0)"""
    values = {"conversations": conversations, "probability": probability, **names}
    found = {passage for (passage,) in transaction.read(statement, values)}
    return [passage for passage in names.values() if passage in found][:most]


def add_answer_counts(transaction: Transaction, questions: Sequence[LoggedQuestion]) -> None:
    """Add to the number of questions that each passage answered; one that only came closest did not."""
    times = Counter(passage for one in questions if one.status == "answered" for passage in one.passages)
    statement = """
        INSERT INTO answered VALUES (:passage, :times)
        ON CONFLICT (passage) DO UPDATE SET times = answered.times + excluded.times"""
    # In a fixed order, so that servers which write at once cannot deadlock.
    transaction.write(statement, [{"passage": passage, "times": count} for passage, count in sorted(times.items())])


def insert_questions(transaction: Transaction, questions: Sequence[LoggedQuestion], *, hashed: bool) -> None:
    """Store questions, masked or `hashed`; a question that is already stored stays as it is."""
    if hashed:
        key = _hash_key(transaction)
        stored = [replace(one, question=hash_text(one.question, key), corrected=None) for one in questions]
    else:
        stored = [replace(q, question=mask(q.question), corrected=q.corrected and mask(q.corrected)) for q in questions]
    statement = f"INSERT INTO questions VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT DO NOTHING"
    transaction.write(statement, [_to_row(one) for one in stored])


def insert_vote(transaction: Transaction, answer: str, *, helpful: bool, reason: Reason | None, comment: str) -> None:
    """Store a vote in place of an earlier one. Raises `UsageError` if there is no answer with this id."""
    if not transaction.read("SELECT 1 FROM questions WHERE answer = :answer", {"answer": storable(answer)}):
        raise UsageError("No such answer was given, or too long ago: nothing was stored.")
    statement = """
        INSERT INTO feedback VALUES (:answer, :at, :helpful, :reason, :comment) ON CONFLICT (answer) DO UPDATE SET
        at = excluded.at, helpful = excluded.helpful, reason = excluded.reason, comment = excluded.comment"""
    words = storable(mask(comment[:MAX_COMMENT_LENGTH])) or None
    vote = {"answer": storable(answer), "helpful": int(helpful), "reason": reason, "comment": words}
    transaction.write(statement, [vote | {"at": time.time()}])


def delete_vote(transaction: Transaction, answer: str) -> None:
    """Delete the vote on an answer."""
    transaction.write("DELETE FROM feedback WHERE answer = :answer", [{"answer": storable(answer)}])


def delete_conversation(transaction: Transaction, conversation: str) -> int:
    """Delete the questions of a conversation and return their number."""
    statement = "DELETE FROM questions WHERE conversation = :conversation"
    return transaction.write(statement, [{"conversation": storable(conversation)}])


def delete_containing(transaction: Transaction, text: str) -> int:
    """Delete the questions and comments that contain a text, in any case, and return the number of questions."""
    masked = mask(text)
    if masked != text and not re.search(r"\w", _LABEL.sub("", masked)):
        raise UsageError("E-mail addresses and long numbers are not stored: name other words of the question.")
    sought, equal = storable(masked).casefold(), hash_text(text, _hash_key(transaction))
    asked = transaction.stream("SELECT answer, question, coalesce(corrected, '') FROM questions", {})
    questions = [
        {"answer": answer}
        for answer, question, corrected in asked
        if question == equal or sought in question.casefold() or sought in corrected.casefold()
    ]
    deleted = transaction.write("DELETE FROM questions WHERE answer = :answer", questions)
    commented = transaction.stream("SELECT answer, comment FROM feedback WHERE comment IS NOT NULL", {})
    comments = [{"answer": answer} for answer, comment in commented if sought in comment.casefold()]
    transaction.write("UPDATE feedback SET comment = NULL WHERE answer = :answer", comments)
    return deleted


def delete_expired(transaction: Transaction, oldest: float) -> int:
    """Delete questions from before a Unix time, unless another server is doing so, and return their number."""
    if not transaction.try_lock():
        return 0
    return transaction.write("DELETE FROM questions WHERE at < :oldest", [{"oldest": oldest}])


def storable(text: str) -> str:
    """Return the text without the characters that databases refuse."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _hash_key(transaction: Transaction) -> bytes:
    """Return the key that questions are hashed with, made on first use."""
    made = {"name": _HASH_KEY, "value": secrets.token_bytes(32)}
    transaction.write("INSERT INTO secrets VALUES (:name, :value) ON CONFLICT DO NOTHING", [made])
    ((key,),) = transaction.read("SELECT value FROM secrets WHERE name = :name", {"name": _HASH_KEY})
    return bytes(key)


def _split(passages: str) -> tuple[str, ...]:
    return tuple(passages.split("\n")) if passages else ()


def _to_row(question: LoggedQuestion) -> Values:
    values = {name: getattr(question, name) for name in _COLUMNS} | {"passages": "\n".join(question.passages)}
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _from_row(row: Row) -> LoggedQuestion:
    stored = LoggedQuestion(*row)
    helpful = None if stored.helpful is None else bool(stored.helpful)
    return replace(stored, passages=_split(row[_COLUMNS.index("passages")]), helpful=helpful)
