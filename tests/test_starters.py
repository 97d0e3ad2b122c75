"""The questions that an empty chat offers: pinned by editors, asked often and answered well, or suggested."""

import time
from itertools import count
from pathlib import Path

import pytest

from bot import Bot
from bot.corpus.decisions.history import read_history, undo
from bot.corpus.decisions.starters import StarterChoices, hide_starter, pin_starter, show_starter, unpin_starter
from bot.serve.starters import Starters
from bot.usage.logged_question import LoggedQuestion
from bot.usage.store import UsageStore

PAYS, LONG = "gratuity#faq-who-pays-gratuity", "probation-letter#faq-how-long-is-a-probation-period"
_NUMBERS = count()


def answered(store: UsageStore, passage: str, conversation: str | None, probability: float = 0.9) -> LoggedQuestion:
    facts = ("answered", probability, (passage,), "g1", 1.0, "chat", conversation)
    entry = LoggedQuestion(f"a{next(_NUMBERS)}", time.time(), "who pays", *facts)
    store.add(entry)
    return entry


def test_pinned_questions_come_first_in_their_order_and_hidden_ones_never(tmp_path: Path):
    for question in ("a?", "b?", "c?"):
        pin_starter(tmp_path, question, 9)
    pin_starter(tmp_path, "c?", 0, who="Asha")
    hide_starter(tmp_path, "B?")
    choices = StarterChoices.read(tmp_path)
    assert choices == StarterChoices(("c?", "a?"), ("B?",))
    assert choices.order(["d?", "b", "A?", "e?"]) == ("c?", "a?", "d?", "e?")
    unpin_starter(tmp_path, "c?")
    show_starter(tmp_path, "b?")
    assert StarterChoices.read(tmp_path) == StarterChoices(("a?",), ())
    moved = next(one for one in read_history(tmp_path) if one.who == "Asha")
    assert (moved.action, moved.question) == ("starters", "c?")


def test_a_change_of_the_order_is_undone(tmp_path: Path):
    for question in ("a?", "b?"):
        pin_starter(tmp_path, question, 9)
    moved = pin_starter(tmp_path, "b?", 0)
    assert StarterChoices.read(tmp_path).pinned == ("b?", "a?")
    undo(tmp_path, moved.id)
    assert StarterChoices.read(tmp_path).pinned == ("a?", "b?")


def test_a_question_is_asked_often_if_several_visitors_got_a_sure_answer_and_nobody_complained(tmp_path: Path):
    store = UsageStore(tmp_path)
    for number in range(3):
        answered(store, PAYS, f"c{number}")
        answered(store, LONG, "one visitor")
        answered(store, "p#unsure", f"c{number}", 0.6)
        answered(store, "p#programs", None)
        voted = answered(store, "p#disliked", f"c{number}")
    store.flush()
    store.vote(voted, helpful=False)
    assert store.often_asked(3, 0.8, 5) == [PAYS]
    store.withdraw_vote(voted.answer)
    assert store.often_asked(3, 0.8, 5) == [PAYS, "p#disliked"]
    assert store.often_asked(3, 0.8, 1) == [PAYS]


@pytest.mark.slow
def test_an_empty_chat_offers_pinned_then_frequent_then_other_questions(bot: Bot, tmp_path: Path):
    store, corpus = UsageStore(tmp_path / "index"), tmp_path / "corpus"
    (tmp_path / "index").mkdir()
    corpus.mkdir()
    starters = Starters(bot, store, corpus)
    examples, are_frequent = starters.offer()
    assert (set(examples) >= {"Who pays gratuity?", "How long is a probation period?"}, are_frequent) == (True, False)
    for number in range(3):
        answered(store, PAYS, f"c{number}")
    store.flush()
    assert (starters.offer().questions[0], starters.offer().are_frequent) == ("Who pays gratuity?", True)
    pin_starter(corpus, "How long is a probation period?", 0)
    assert starters.offer().questions[:2] == ("How long is a probation period?", "Who pays gratuity?")
    assert not starters.offer().are_frequent
    hide_starter(corpus, "Who pays gratuity?")
    assert "Who pays gratuity?" not in starters.offer().questions
    (corpus / "starters.csv").write_text("no header\n")
    assert set(starters.offer().questions) == set(examples)
