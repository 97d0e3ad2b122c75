"""An answer that is only likely, and words that only come closest, stand beside a passage that may answer instead."""

import json
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot import Bot
from bot.answering.answer import SURE, Answer, Source
from bot.cli.asking import answer_text
from bot.corpus.article import Article, Faq
from bot.passages import Passage
from bot.serve.api.openai_api import _markdown
from bot.serve.page.conversation import Conversation, Exchange
from bot.serve.page.messages import answer_message
from bot.serve.texts import load_texts
from bot.usage.logged_question import LoggedQuestion
from bot.usage.store import UsageStore

QUESTIONS = Path(__file__).parent / "questions"
HEAD, ROW = "| Grade | Fee |\n| --- | --- |", "| Clerk | ₹300 |"
TABLE, NO = f"{HEAD}\n| Officer | ₹600 |\n{ROW}", "No, the fee is never returned."
ARTICLE = Article(
    "fee", "fee.md", "Fee", f"{TABLE}\n\n{NO}", url="https://example.com/fee/", published=date(2025, 12, 1),
    faqs=(Faq("Is the fee returned?", len(TABLE) + 2, len(TABLE) + 2 + len(NO)),),
)  # fmt: skip
ROWS = Passage("fee#section-1", "section", ARTICLE, (), TABLE, 0, len(TABLE))
FAQ = Passage(
    "fee#faq-returned", "faq", ARTICLE, ("FAQs",), NO, len(TABLE) + 2, len(TABLE) + 2 + len(NO), "Is the fee returned?"
)
SOURCES = (
    Source(ROWS, 0.6, 1.0, {}, (TABLE.index(ROW), len(TABLE)), (TABLE.index(ROW), len(TABLE))),
    Source(FAQ, 0.2, 0.9, {}, (0, len(NO)), (0, len(NO))),
)
TEXT = f"{HEAD}\n{ROW}\n\n{NO}"
LIKELY = Answer("a1", "answered", "fee of a clerk", TEXT, 0.6, SOURCES, (), "g1", passed=(date(2026, 1, 2),))
CLOSEST = replace(LIKELY, status="closest", probability=0.4)
EN = load_texts()["en"]


def in_order(text: str, *parts: str) -> bool:
    """Whether a text holds these parts, each after the one before."""
    for part in parts:
        _, found, text = text.partition(part)
        if not found:
            return False
    return True


def test_the_page_shows_each_passage_below_its_own_heading_and_source():
    content = answer_message(Exchange.of(LIKELY), EN)["content"]
    first, second = f'<div class="sure">{EN["likely"]}', f'<div class="sure other">{EN["also_likely"]} · From the FAQs'
    passed = EN["passed"].format(day="2 January 2026")
    assert in_order(content, first, "<th>Grade</th>", "₹300", "origin", second, "Is the fee returned?", NO, passed)
    assert content.count(passed) == 1
    closest = answer_message(Exchange.of(CLOSEST), EN)["content"]
    assert in_order(closest, EN["closest"], "<th>Grade</th>", "₹300", EN["also_close"], "Is the fee returned?", NO)
    assert (closest.count(EN["closest"]), 'class="sure' in closest) == (1, False)


def test_a_conversation_with_both_survives_in_the_browser():
    conversation = Conversation().with_exchange(Exchange.of(LIKELY))
    assert Conversation.load(conversation.dump()) == conversation


def test_the_json_has_the_words_of_each_source_as_they_stand_in_the_text():
    answer = LIKELY.to_dict()
    assert [source["words"] for source in answer["sources"]] == [f"{HEAD}\n{ROW}", NO]
    assert answer["text"] == "\n\n".join(source["words"] for source in answer["sources"])


def test_the_command_line_prints_both_with_their_sources():
    link = LIKELY.to_dict()["sources"][1]["link"]
    of_faq = ["Is the fee returned?", NO, "", "2026-01-02 has passed.", "", "— Fee › FAQs · published 2025-12-01", link]
    assert answer_text(LIKELY.to_dict()).splitlines()[:3] == [*HEAD.splitlines(), ROW]
    assert answer_text(LIKELY.to_dict()).splitlines()[6:] == ["", "Another possible answer:", "", *of_faq]
    indented = ["  Is the fee returned?", f"  {NO}", *of_faq[2:]]
    assert answer_text(CLOSEST.to_dict()).splitlines()[8:] == ["", "This passage also comes close:", "", *indented]


def test_the_openai_api_names_the_source_below_each():
    likely, closest = _markdown(LIKELY, EN), _markdown(CLOSEST, EN)
    other = f"*{EN['also_likely']}*\n\n**Is the fee returned?**\n\n{NO}"
    assert in_order(likely, f"{HEAD}\n{ROW}\n\n— [Fee](https://example.com/fee/", other, "2 January", "— [Fee]")
    assert in_order(closest, EN["closest"], f"> {ROW}", "— [Fee]", EN["also_close"], f"> {NO}", "2 January", "— [Fee]")
    assert closest.count(EN["closest"]) == closest.count("2 January") == 1


def test_a_vote_on_two_passages_is_no_sign_for_either(tmp_path: Path):
    store = UsageStore(tmp_path)
    for ident, passages in (("one", (FAQ.id,)), ("two", (ROWS.id, FAQ.id))):
        store.add(LoggedQuestion(ident, time.time(), ident, "answered", 0.6, passages, "g1", 1.0, "chat"))
    store.flush()
    store.vote("one", helpful=True)
    store.vote("two", helpful=True)
    assert store.evidence(["one", "two"], 0, 2 * time.time()).liked == {("one", FAQ.id): 1}


@pytest.mark.slow
def test_only_unsure_answers_have_another_passage_a_short_one_in_the_same_language(shipped: Bot):
    lines = (QUESTIONS / "titles.jsonl").read_text(encoding="utf-8").splitlines()[:120]
    answers = [shipped.ask(json.loads(line)["question"]) for line in lines]
    of_two = [answer for answer in answers if len(answer.sources) > 1]
    assert len(of_two) >= 5
    for answer in of_two:
        first, second = answer.sources
        assert answer.probability < SURE
        assert answer.text == f"{first.words}\n\n{second.words}"
        assert first.passage.id != second.passage.id
        assert first.passage.article.language == second.passage.article.language
        assert second.probability <= first.probability
        assert second.words not in first.words
        assert not {first.passage.question, second.passage.question} & set(answer.suggestions)


@pytest.mark.slow
def test_each_of_two_questions_of_a_message_is_answered_by_one_passage(shipped: Bot):
    lines = map(json.loads, (QUESTIONS / "messages.jsonl").read_text(encoding="utf-8").splitlines())
    answers = [shipped.ask(line["question"]) for line in lines if line["style"] == "double"]
    parts = [part for answer in answers if answer.answers for part in (answer, *answer.answers)]
    assert len(parts) >= 20
    assert [part for part in parts if len(part.sources) > 1] == []
