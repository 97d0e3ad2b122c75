"""Two questions in one message, the question of a long story, and names that no article contains: at every door."""

from pathlib import Path

import httpx
import pytest
from serving import rendered, served

from bot import Bot
from bot.answering.demands import split_demands
from bot.answering.question_parts import point_of, split_questions
from bot.cli.asking import answer_text
from bot.retrieval.finder import LONGEST_QUESTION
from bot.serve.page.conversation import Conversation, Exchange
from bot.serve.texts import load_texts
from bot.settings import ChatSettings

TWO = "what is background verification and how long does it take?"
FIRST, SECOND = "Background verification, or BGV, is the check", "one to three weeks"
APART = "percentile meaning and uan number digits"
DEMANDS = "night shift and overtime rules for apprentices"
NIGHT, OVERTIME = "Ask the Apprenticeship Adviser before", "Overtime: only with the approval"
STORY = (
    "My sister joined a firm in Pune in 2021 after her M.Com and worked there through the bad year. She was paid "
    "₹31,000 and the office was two hours away by bus. Last month her son fell ill, she sent her papers in anger, and "
    "the manager was rude on the phone. Now she feels that she acted in haste and the new offer has fallen through. "
    "Can she withdraw her resignation after submitting it?"
)
EN = load_texts()["en"]


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        ("gratuity formula and is it taxable?", ("gratuity formula", "is it taxable?")),
        ("documents required? also what is the fee", ("documents required?", "what is the fee")),
        ("in a GD how long should I speak, and is it must to start first?",
         ("in a GD how long should I speak", "is it must to start first?")),
        ("PF kaise nikale aur kitne din lagte hai", ("PF kaise nikale", "kitne din lagte hai")),
        ("lost my card, do i need FIR? also can i enter without it",
         ("lost my card, do i need FIR?", "can i enter without it")),
        ("By which date must the employer file it and what happens if it is late?",
         ("By which date must the employer file it", "what happens if it is late?")),
        ("My salary is 24,000, am I eligible for bonus and what is the minimum percent?",
         ("My salary is 24,000, am I eligible for bonus", "what is the minimum percent?")),
    ],
)  # fmt: skip
def test_the_two_questions_of_a_message(message: str, questions: tuple[str, str]):
    assert split_questions(message) == questions


def test_a_question_keeps_words_that_contain_and_or_or():
    parts = split_questions("is the notice for the bank the same, and is it for the whole floor or not?")
    assert parts == ("is the notice for the bank the same", "is it for the whole floor or not?")


@pytest.mark.parametrize(
    "message",
    [
        "My gender is printed wrong on the exam pass, does it really matter?",
        "hall ticket pdf locked, which password",
        "Do graduate apprentices also have to clear the test at the end?",
        "I'm a government servant and have handed in my resignation. From when does it take effect?",
        "What is the difference between KPO and BPO?",
        "My HR says no to a letter about my pay, which I need for renting a flat. Have they the right?",
        "I am a fresher, does basic training come first in the apprenticeship and why?",
        "When a joining bonus has to be returned, is it the amount before tax?",
        "bank wala call letter aur admit card ka kaam same hi h kya",
    ],
)
def test_a_message_with_one_question_stays_whole(message: str):
    assert split_questions(message) == (message,)


@pytest.mark.parametrize(
    ("question", "demands"),
    [
        ("What is the last date and age limit for the clerk exam?",
         ("What is the last date for the clerk exam?", "age limit for the clerk exam?")),
        ("tell me the fee as well as the closing date for the key",
         ("tell me the fee for the key", "the closing date for the key")),
        ("gratuity formula and maximum", ("gratuity formula", "maximum")),
        ("agniveer ki salary aur height kitni chahiye", ("agniveer ki salary", "height kitni chahiye")),
        ("naps full form, ministry name", ("naps full form", "ministry name")),
        ("overtime rate and pf deduction on it", ("overtime rate", "pf deduction on it")),
        ("pay for teachers and pf for nurses", ("pay for teachers", "pf for nurses")),
        ("main exam date and admit card", ("main exam date", "admit card")),
        ("पीएफ निकालने में दिन और टैक्स", ("पीएफ निकालने में दिन", "टैक्स")),
        ("हमेशा काम और अंतरिम राहत", ("हमेशा काम", "अंतरिम राहत")),
    ],
)  # fmt: skip
def test_the_two_demands_of_a_question(question: str, demands: tuple[str, ...]):
    assert split_demands(question) == demands


@pytest.mark.parametrize(
    "question",
    [
        "how do I download the admit card",
        "is pf calculated on basic and hra both",
        "naps aur nats me antar",
        "what is the difference between a kpo and a bpo",
        "I filled the form and paid the fee but the site says no record",
        "do I get gratuity after 4 years and 8 months",
        "gratuity after 4 years and 8 months of service",
        "ग्रेच्युटी 4 साल और 8 महीने",
        "age limit 18 and 25",
        "fee, age limit and last date for the exam",
        "what is the fee, what is the last date and how do I apply?",
        "what is the fee? what is the last date? which documents and photos are needed?",
        "company is sending me to another city, can I refuse",
        "can I do it and how",
    ],
)
def test_a_question_with_one_demand_stays_whole(question: str):
    assert split_demands(question) == (question,)


def test_two_demands_that_one_article_answers_get_two_answers(shipped: Bot):
    answer = shipped.ask(DEMANDS)
    (further,) = answer.answers
    assert (answer.asked, further.asked) == ("night shift for apprentices", "overtime rules for apprentices")
    assert NIGHT in answer.text
    assert OVERTIME in further.text
    assert answer.sources[0].passage.article == further.sources[0].passage.article


def test_two_demands_that_no_one_article_answers_get_one_answer(shipped: Bot):
    answer = shipped.ask(APART)
    demands = [shipped.ask(demand) for demand in split_demands(APART)]
    assert [demand.status for demand in demands] == ["answered", "answered"]
    assert demands[0].sources[0].passage.article != demands[1].sources[0].passage.article
    assert (answer.question, answer.answers) == (APART, ())


def test_the_point_of_a_story_is_its_question_or_its_last_sentence():
    assert point_of(STORY) == "Can she withdraw her resignation after submitting it?"
    assert point_of("It rained. I was late. I want the money back.") == "I want the money back."
    assert point_of("I lost my card. Can I enter?") == "I lost my card. Can I enter?"


def test_two_questions_get_two_answers_each_with_its_source(shipped: Bot):
    answer = shipped.ask(TWO)
    (further,) = answer.answers
    assert (answer.status, answer.asked, answer.question) == ("answered", "what is background verification", TWO)
    assert answer.text.startswith(FIRST)
    assert (further.status, further.asked, SECOND in further.text) == ("answered", "how long does it take?", True)
    facts = answer.to_dict()
    assert facts["answers"] == [
        {
            "asked": "how long does it take?",
            "status": "answered",
            "text": further.text,
            "probability": round(further.probability, 4),
            "passed": [],
            "sources": further.to_dict()["sources"],
        }
    ]
    assert not {further.sources[0].passage.question} & set(answer.suggestions)


def test_a_second_question_that_names_nothing_is_about_the_subject_of_the_first(shipped: Bot):
    (further,) = shipped.ask("how many digits is a UAN, and how do i find mine if i forgot it?").answers
    assert further.sources[0].passage.article.id == "uan-number"
    assert "Know your UAN" in further.text
    # The years of service for an advance, which another article names, are not the ones for this form.
    form = shipped.ask("who can fill form 10C and how many years of service is needed")
    found = [source.passage.article.id for answer in (form, *form.answers) for source in answer.sources]
    assert set(found) == {"form-10c"}


def test_every_door_shows_both_answers(shipped: Bot):
    printed = answer_text(shipped.ask(TWO).to_dict())
    assert printed.index("what is background verification\n") < printed.index(FIRST) < printed.index(SECOND)
    page = rendered(shipped.ask(TWO), EN)
    assert page.count('class="part"') == page.count('class="origin"') == 2
    assert page.index(FIRST) < page.index("how long does it take?") < page.index(SECOND)
    for address in served(shipped, ChatSettings(), ui=False):
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
            rest = client.post("/api/v1/ask", json={"question": TWO}).json()
            chat = client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": TWO}]}).json()
        assert SECOND in rest["answers"][0]["text"]
        said = chat["choices"][0]["message"]["content"]
        assert "**how long does it take?**" in said
        assert said.index(FIRST) < said.index(SECOND)


def test_a_conversation_keeps_both_answers(shipped: Bot):
    stored = Conversation().with_exchange(Exchange.of(shipped.ask(TWO))).dump()
    (exchange,) = Conversation.load(stored).exchanges
    assert FIRST in exchange.words
    assert SECOND in exchange.words


def test_a_story_is_answered_like_its_question(shipped: Bot):
    answer = shipped.ask(STORY)
    assert (answer.status, answer.sources[0].passage.question) == (
        "answered",
        "Can I withdraw my resignation after submitting it?",
    )
    assert answer.question == STORY
    long = "I am worried about it and cannot sleep. " * 30
    long = long[: LONGEST_QUESTION - len(STORY) - 1].rpartition(".")[0]
    assert shipped.ask(f"{long}. {STORY}").text == answer.text


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("notice period in TCS", ("TCS",)),
        ("capgemini service bond for freshers is it legal", ("capgemini",)),
        ("How long is a probation period?", ()),
        ("I am in second year of BCom, can I be a degree apprentice", ()),
        ("gratuty is paid after how mny years", ()),
        ("notice period kitne din ka hota hai Infosys me", ()),
    ],
)
def test_names_that_no_article_contains_are_said(shipped: Bot, question: str, names: tuple[str, ...]):
    answer = shipped.ask(question)
    assert answer.unknown == names
    note = f"The articles do not mention {', '.join(names)}. In general:"
    assert (note in answer_text(answer.to_dict()), note in rendered(answer, EN)) == (bool(names), bool(names))


def test_the_contact_of_the_settings_is_said_to_who_wants_a_person(shipped_index: Path):
    from bot.settings import AnswerSettings

    contact = "Write to help@example.com."
    answer = Bot.open(shipped_index, settings=AnswerSettings(contact=contact)).ask("i want to talk to a human")
    assert (answer.talk, contact in (answer.reply or "")) == ("contact", True)
