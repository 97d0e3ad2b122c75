"""Retrieval, answers, follow-ups and links, on a small index with the packaged model."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from articles import NOTICE
from quick_build import build

from bot import Bot, Retriever
from bot.answering.link import quoting_link
from bot.errors import QuestionError
from bot.index.filters import Filters
from bot.index.generation import ROLES
from bot.index.manifest import ScoreCalibration
from bot.retrieval.features import FEATURES, find_candidates
from bot.retrieval.query_rewriting import QueryVariant
from bot.retrieval.ranking import RankingModel
from bot.retrieval.topic import (
    Exchange,
    asks_of_another_kind,
    continues_topic,
    earlier_questions,
    exchanges,
    names_no_subject,
    refers_back,
    top_article_margin,
    topic_weight,
)
from bot.settings import BuildSettings


def test_a_faq_answers_word_for_word_with_its_source(bot: Bot):
    answer = bot.ask("how long does probation last")
    assert (answer.status, answer.text) == ("answered", "It is often three to six months.")
    (source,) = answer.sources
    assert (source.passage.id, source.passage.article.title) == (
        "probation-letter#faq-how-long-is-a-probation-period",
        "Probation letter",
    )
    assert source.probability == answer.probability > 0.5


def test_a_section_answers_when_no_faq_does(bot: Bot):
    answer = bot.ask("how many days do contracts name for the notice period")
    assert answer.sources[0].passage.kind == "section"
    assert answer.text == "Most contracts name thirty to ninety days."


FARE = "Leave travel allowance pays the fare of a journey within India."
NOT_COVERED = """Hotels and food are not covered. Two journeys in a block of four years are free of tax. A
journey abroad does not count at all. Keep the boarding passes and the invoice of the agent. The claim goes to payroll
before the end of the year."""
LONG = f"""---
title: Leave travel allowance
url: https://example.com/lta/
---

## What it pays for

{FARE} {NOT_COVERED} The money comes with the next salary.

## How to claim

Do this in order:

1. Apply for leave.
2. Travel.
3. Send the tickets.
"""


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        (
            "are hotels paid by leave travel allowance",
            f"{FARE} {NOT_COVERED}".replace("\n", " ").split(" The claim")[0],
        ),
        (
            "what are the steps to claim leave travel allowance",
            "Do this in order:\n\n1. Apply for leave.\n2. Travel.\n3. Send the tickets.",
        ),
    ],
)
def test_a_section_is_quoted_by_its_best_sentences_or_whole_list(tmp_path: Path, question: str, quote: str):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "lta.md").write_text(LONG, encoding="utf-8")
    build(tmp_path / "corpus", tmp_path / "index")
    answer = Bot.open(tmp_path / "index").ask(question)
    (source,) = answer.sources
    facts = answer.to_dict()["sources"][0]
    assert answer.text == source.words == facts["text"][slice(*facts["quote"])] == quote
    assert source.passage.text in source.passage.article.text
    assert facts["link"].startswith("https://example.com/lta/#:~:text=" + quote.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    "question", ["who won the 2011 cricket world cup", "best biryani in Hyderabad", "asdfgh qwerty", "?!"]
)
def test_a_question_that_the_articles_do_not_cover_gets_no_answer_and_no_source(bot: Bot, question: str):
    answer = bot.ask(question)
    assert (answer.status, answer.text, answer.sources, answer.suggestions) == ("no_answer", "", (), ())
    assert answer.categories == ("HRM", "EPFO", "Web & more")
    assert answer.probability < 0.5


def test_the_json_has_the_documented_fields(bot: Bot):
    answer = bot.ask("How long is a probation period?")
    facts = json.loads(json.dumps(answer.to_dict()))
    assert facts == {
        "id": answer.id,
        "status": "answered",
        "question": "How long is a probation period?",
        "text": "It is often three to six months.",
        "probability": pytest.approx(answer.probability, abs=1e-4),
        "corrected": None,
        "topic": None,
        "sources": [
            {
                "passage": "probation-letter#faq-how-long-is-a-probation-period",
                "article": "probation-letter",
                "kind": "faq",
                "title": "Probation letter",
                "section": ["FAQs"],
                "question": "How long is a probation period?",
                "text": "It is often three to six months.",
                "quote": [0, 32],
                "matched": [0, 32],
                "url": "https://example.com/probation-letter/",
                "link": "https://example.com/probation-letter/#:~:text=It%20is%20often%20three%20to%20six%20months.",
                "published": "2025-10-10",
                "updated": None,
                "category": "HRM",
                "language": "en",
                "probability": pytest.approx(answer.probability, abs=1e-4),
                "words": "It is often three to six months.",
            }
        ],
        "did_you_mean": [],
        "suggestions": [
            "Can a probation period be extended?",
            "Can a notice period be bought out?",
            "Does leave count towards the notice period?",
        ],
        "reply": None,
        "categories": [],
        "newer": None,
        "generation": bot.retriever.generation.name,
        "unknown": [],
        "asked": None,
        "answers": [],
        "passed": [],
    }


def test_suggestions_leave_out_what_was_asked_before(bot: Bot):
    answer = bot.ask("How long is a probation period?", history=["can a probation period be extended"])
    assert answer.suggestions == ("Can a notice period be bought out?", "Does leave count towards the notice period?")


@pytest.mark.parametrize(
    "history",
    [
        ["who pays gratuity", "how long is a probation period"],
        [
            {"role": "user", "content": "how long is a probation period"},
            {"role": "assistant", "content": "It is often three to six months."},
        ],
        [{"role": "user", "content": [{"type": "text", "text": "how long is a probation period"}]}],
    ],
)
def test_a_follow_up_keeps_the_topic_of_the_last_question(bot: Bot, history: list):
    answer = bot.ask("and can it be extended?", history=history)
    assert answer.text == "Yes, in writing and before it ends."
    assert answer.topic == "how long is a probation period"


def test_the_article_of_the_last_answer_is_known_by_its_words(bot: Bot):
    asked = bot.ask("can it be extended?", [{"role": "user", "content": "tell me"}, said(bot, "probation-letter")])
    assert (asked.text, asked.topic) == ("Yes, in writing and before it ends.", "tell me")


def test_a_question_that_was_refused_is_not_the_topic(bot: Bot):
    history = ["how long is a probation period", {"role": "user", "content": "who won the world cup"}, said(bot, None)]
    answer = bot.ask("and can it be extended?", history)
    assert (answer.text, answer.topic) == ("Yes, in writing and before it ends.", "how long is a probation period")


def test_a_faq_of_another_article_in_its_own_words_is_no_follow_up(bot: Bot):
    for faq in bot.generation.table.faqs("gratuity"):
        answer = bot.ask(faq.question or "", ["how long is a probation period"])
        assert (answer.text, answer.topic) == (faq.text, None)


def said(bot: Bot, article: str | None) -> dict:
    """Return the assistant's message with the answer of an article's first FAQ, or with none."""
    faqs = bot.generation.table.faqs(article) if article else []
    return {"role": "assistant", "content": faqs[0].text if faqs else ""}


def test_a_new_topic_drops_the_old_one(bot: Bot):
    answer = bot.ask("who pays gratuity to an employee", history=["how long is a probation period"])
    assert (answer.text, answer.topic) == ("The employer pays it, not the provident fund.", None)


def test_small_talk_is_no_topic_of_a_search(bot: Bot):
    finder, earlier = bot.retriever.finder(), "how long is a probation period"
    alone, thanked = (finder.rank("and for how long?", 3, history=turns) for turns in ([earlier], [earlier, "thanks"]))
    assert (thanked.topic, thanked.hits) == (alone.topic, alone.hits) == (earlier, alone.hits)


def test_a_section_is_quoted_for_its_alternate_as_for_another_question(tmp_path: Path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "lta.md").write_text(LONG, encoding="utf-8")
    question = "are hotels paid by leave travel allowance"
    build(tmp_path / "corpus", tmp_path / "index")
    passage = Bot.open(tmp_path / "index").ask(question).sources[0].passage
    row = f"question,passage\n{question},{passage.id}\n"
    (tmp_path / "corpus" / "alternates.csv").write_text(row, encoding="utf-8")
    build(tmp_path / "corpus", tmp_path / "index")
    (source,) = Bot.open(tmp_path / "index").ask(question).sources
    assert source.passage.id == passage.id
    assert "Hotels and food are not covered." in source.words
    assert len(source.words) < len(source.passage.text)


def test_a_question_the_articles_do_not_cover_is_not_answered_from_the_old_topic(bot: Bot):
    answer = bot.ask("who won the 2011 cricket world cup", history=["how long is a probation period"])
    assert answer.status == "no_answer"


@pytest.mark.parametrize(
    "question",
    [
        "and can it be extended?",
        "what about BPO?",
        "what is this?",
        "do they pay for those days",
        "is it mandatory",
        "what if I don't serve it",
    ],
)
def test_a_question_that_refers_back_is_recognized(question: str):
    assert refers_back(question)


@pytest.mark.parametrize(
    "question",
    [
        "how long is a probation period",
        "what is the interest rate on provident fund",
        "who signs the letter of offer",
        "is it possible to withdraw my pension early",
        "I lost my payslip and my employer will not send it again",
        "is this form needed",
    ],
)
def test_a_question_that_stands_alone_is_recognized(question: str):
    assert not refers_back(question)


def test_the_lead_of_the_best_article_is_measured_against_the_fifth_to_tenth():
    scores, articles = np.array([0.9, 0.8, 0.5, 0.4, 0.3, 0.2, 0.1]), np.array([3, 3, 1, 2, 4, 5, 6])
    assert top_article_margin(scores, articles) == pytest.approx(0.9 - (0.2 + 0.1) / 2)
    assert top_article_margin(scores[:4], articles[:4]) == pytest.approx(0.9 - (0.5 + 0.4) / 2)
    assert top_article_margin(scores[:2], articles[:2]) == 0


def test_an_earlier_question_counts_if_the_new_one_is_vague_and_gains_by_it():
    articles, vague, distinct = (
        np.arange(6),
        np.array([0.3, 0.3, 0.3, 0.29, 0.29, 0.29]),
        np.array([0.6, 0.3, 0.3, 0.29, 0.29, 0.29]),
    )
    better = np.array([0.2, 0.7, 0.2, 0.2, 0.2, 0.2])
    assert topic_weight("documents needed", vague, better, articles) == 1
    assert topic_weight("documents needed", distinct, better, articles) == 0
    assert topic_weight("documents needed", vague, vague - 0.1, articles) == 0
    assert (
        0
        < topic_weight("documents needed", vague, vague, articles)
        < topic_weight("and for it", vague, vague, articles)
        < 1
    )


@pytest.mark.parametrize(
    "question", ["documents?", "how long does it take?", "and the fees?", "last date", "is it mandatory"]
)
def test_a_question_that_names_no_subject_continues_any_topic(question: str):
    assert names_no_subject(question)
    assert continues_topic(question, np.array([0.5, 0.1]), np.array([0, 1]), 1)


@pytest.mark.parametrize("question", ["documents for gratuity", "how long is the notice period", "uan fees"])
def test_a_question_that_names_a_subject_is_recognized(question: str):
    assert not names_no_subject(question)


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("and for diploma holders?", True),
        ("what about in a private company", True),
        ("without pan?", True),
        ("aur diploma walon ke liye?", True),
        ("what about bpo", False),
        ("and the fees?", False),
        ("formula for gratuity", False),
    ],
)
def test_a_question_that_asks_of_another_kind_is_recognized(question: str, asks: bool):
    assert asks_of_another_kind(question) is asks


def test_a_question_continues_the_topic_if_that_article_is_near_the_best_and_no_article_leads():
    articles, vague = np.arange(6), np.array([0.3, 0.3, 0.3, 0.29, 0.29, 0.1])
    distinct = np.array([0.9, 0.3, 0.3, 0.29, 0.29, 0.1])
    assert continues_topic("leave rules", vague, articles, 4)
    assert not continues_topic("leave rules", vague - np.array([0, 0, 0, 0, 0.4, 0]), articles, 4)
    assert not continues_topic("leave rules", distinct, articles, 0)
    assert continues_topic("leave rules", vague, articles, None)
    assert not continues_topic("leave rules", distinct, articles, None)


@pytest.mark.parametrize("question", ["kitna time lagega", "कितना समय"])
def test_a_question_in_hindi_that_names_no_subject_continues_the_topic(shipped: Bot, question: str):
    answer = shipped.ask(question, ["gratuity kya hai"])
    assert answer.topic == "gratuity kya hai"
    assert answer.sources[0].passage.article.id in ("gratuity", "gratuity-hindi")


def test_exchanges_hold_the_answers_that_are_known_and_no_small_talk():
    turns = ["a b?", {"role": "user", "content": "c"}, {"role": "assistant", "content": "d\ne"}, "thanks"]
    assert exchanges(turns) == [Exchange("a b?"), Exchange("c", "d e")]


def test_only_the_visitors_turns_count_as_history():
    turns = [
        "a  b",
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": None},
        {"role": "user", "content": "c"},
    ]
    assert earlier_questions(turns) == ["a b", "c"]


def test_hits_are_ranked_and_have_all_features(bot: Bot):
    hits = bot.retriever.search("Can a probation period be extended?", k=3)
    assert len(hits) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].signals["best"] == pytest.approx(1, abs=0.03)
    assert hits[0].signals["pairs"] > hits[1].signals["pairs"]
    assert set(hits[0].signals) == {"body", "both", "best", "top3_mean", "words", "pairs", "article_words"}


@pytest.mark.parametrize(
    ("filters", "articles"),
    [
        ({"category": "epfo"}, {"gratuity"}),
        ({"article": "notice-period"}, {"notice-period"}),
        ({"since": date(2026, 1, 1)}, {"notice-period"}),
    ],
)
def test_filters_admit_only_articles_that_match(bot: Bot, filters: dict, articles: set[str]):
    hits = bot.retriever.search("how long is a probation period", k=50, **filters)
    assert {hit.passage.article.id for hit in hits} == articles


def test_a_filter_that_matches_no_article_finds_nothing(bot: Bot):
    assert bot.retriever.search("gratuity", category="none") == ()
    assert bot.ask("gratuity", category="none").status == "no_answer"


def test_an_alternate_finds_its_faq(bot: Bot):
    assert (
        bot.retriever.search("jldi chhod sakte hain kya", k=1)[0].passage.question
        == "Can a notice period be bought out?"
    )


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("", "The question is empty"),
        (" \n", "The question is empty"),
        ("a" * 1001, "The question has 1001 characters; the limit is 1000"),
    ],
)
def test_an_invalid_question_is_rejected_in_one_sentence(bot: Bot, question: str, sentence: str):
    with pytest.raises(QuestionError, match=sentence):
        bot.ask(question)


def test_many_threads_get_the_same_answers(bot: Bot):
    questions = ["how long does probation last", "who pays gratuity", "can leave count in the notice period"] * 10
    expected = [bot.ask(question).text for question in questions]
    got: list[str | None] = [None] * len(questions)

    def ask(n: int) -> None:
        got[n] = bot.ask(questions[n]).text

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == expected


def test_opening_the_same_index_twice_gives_the_same_hits(bot: Bot):
    index = Path(bot.retriever.generation.table._connection.execute("PRAGMA database_list").fetchone()[2]).parents[2]
    again = Retriever.open(index)
    assert again.search("notice", k=5) == bot.retriever.search("notice", k=5)


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        ("Yes, in writing.", "Yes%2C%20in%20writing."),
        (
            "One two three four five six seven eight nine ten-eleven.",
            "One%20two%20three%20four%20five,six%20seven%20eight%20nine%20ten%2Deleven.",
        ),
        ("- first item\n- second", "first%20item"),
        ("2. second step", "second%20step"),
        ("| Form 31 | Advance |\n| --- | --- |", "Form%2031"),
        ("नोटिस & अवधि", "%E0%A4%A8%E0%A5%8B%E0%A4%9F%E0%A4%BF%E0%A4%B8%20%26%20%E0%A4%85%E0%A4%B5%E0%A4%A7%E0%A4%BF"),
    ],
)
def test_a_link_opens_at_the_quoted_words(words: str, fragment: str):
    assert quoting_link("https://example.com/a/#top", words) == f"https://example.com/a/#:~:text={fragment}"


def test_an_article_without_an_address_has_no_link():
    assert quoting_link(None, "words") is None


def test_similarity_features_are_the_cosines_that_numpy_computes(bot: Bot):
    generation = bot.retriever.generation
    question = "is leave part of a notice period"
    found = find_candidates(generation, [QueryVariant(question)], 5, Filters())
    (vector,) = generation.encoder.encode_questions([question])
    rows = generation.vectors.rows(np.arange(len(generation.vectors)))
    for place, number in enumerate(found.passages.tolist()):
        cosines = {
            role: rows[row] @ vector
            for row, role in enumerate(generation.table.role_of_row)
            if generation.table.passage_of_row[row] == number
        }
        falling = sorted(
            (rows[row] @ vector for row in np.flatnonzero(generation.table.passage_of_row == number)), reverse=True
        )
        expected = [cosines[ROLES.index("body")], cosines[ROLES.index("both")], falling[0], sum(falling[:3]) / 3]
        assert found.features[0, place, : len(expected)].tolist() == pytest.approx(expected, abs=1e-5)
    assert FEATURES[:4] == ("body", "both", "best", "top3_mean")


def test_a_corpus_about_one_subject_needs_higher_scores_than_a_mixed_one():
    model, signals = (
        RankingModel.shipped(),
        np.array([[0.6, 0.6, 0.7, 0.6, 0.4, 0.3, 0.5], [0.5, 0.5, 0.5, 0.5, 0.1, 0.0, 0.2]]),
    )
    mixed, narrow = (
        model.scores(signals, ScoreCalibration(0.8, 0.5, 200)),
        model.scores(signals, ScoreCalibration(0.85, 0.7, 200)),
    )
    assert model.probabilities(mixed)[0] > model.probabilities(narrow)[0] + 0.05
    assert mixed[0] - mixed[1] == pytest.approx(narrow[0] - narrow[1])
    assert model.midpoint(ScoreCalibration(0, 0, 0)) == model.usual_midpoint
    assert model.midpoint(ScoreCalibration(0.8, 0.6, 20)) == pytest.approx((0.7 + model.usual_midpoint) / 2)


def test_score_calibration_is_what_numpy_computes(bot: Bot):
    generation = bot.retriever.generation
    passages = generation.table.passages(range(generation.table.facts.passages))
    owners = np.array([passages[number].article.id for number in generation.table.passage_of_row])
    rows = generation.vectors.rows(np.arange(len(owners)))
    questions = [(passage.question, passage.article.id) for passage in passages if passage.question]
    nearest = [
        float((rows[owners != article] @ generation.encoder.encode_questions([question])[0]).max())
        for question, article in questions
    ]
    calibration = generation.manifest.score_calibration
    assert (calibration.questions, calibration.uncovered) == (len(questions), pytest.approx(np.mean(nearest), abs=1e-3))
    assert calibration.uncovered + 0.1 < calibration.covered < 1


def test_one_article_has_no_score_calibration(tmp_path: Path, tiny_settings: BuildSettings):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "notice.md").write_text(NOTICE, encoding="utf-8")
    assert build(tmp_path / "corpus", tmp_path / "index", tiny_settings).manifest.score_calibration == ScoreCalibration(
        0, 0, 0
    )


def test_concurrent_questions_get_the_same_answers_as_single_ones(bot: Bot):
    questions = [
        "is leave part of a notice period",
        "who pays gratuity",
        "how long does probation last",
        "cricket score",
    ] * 8
    assert bot.retriever.search_many(questions, 3, category="HRM") == [
        bot.retriever.search(question, 3, category="HRM") for question in questions
    ]
    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(bot.ask, questions))
    assert [replace(answer, id="") for answer in answers] == [
        replace(bot.ask(question), id="") for question in questions
    ]


def test_a_question_after_the_same_turns_is_answered_from_memory(bot: Bot):
    turns = [{"role": "user", "content": "who pays gratuity"}, {"role": "assistant", "content": "The employer."}]
    first = bot.ask("how much is it", turns)
    again, other = bot.ask("how much is it", list(turns)), bot.ask("how much is it", ["what is a notice period"])
    assert first.sources
    assert (again.sources is first.sources, again.text) == (True, first.text)
    assert again.id != first.id
    assert other.topic != first.topic
