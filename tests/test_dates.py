"""Dates matter: newer notices are quoted instead of those that they supersede, and past dates are said to be past."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import rendered, served

from bot import Bot, Retriever
from bot.answering.word_chooser import WordChooser
from bot.build.build import build
from bot.cli.asking import answer_text
from bot.corpus import read_corpus
from bot.corpus.in_memory import ArticleInput
from bot.encoder import HashingEncoder
from bot.evaluation.lint import lint
from bot.index.generation import CorpusFacts, all_articles
from bot.languages.dates import announced_date
from bot.serve.texts import load_texts

EN, HI = load_texts()["en"], load_texts()["hi"]


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("The last date to apply is 12 March 2026.", date(2026, 3, 12)),
        ("The written test is on 9 May 2026.", date(2026, 5, 9)),
        ("- Last date: 12.03.2026", date(2026, 3, 12)),
        ("Apply online by 1st April, 2026.", date(2026, 4, 1)),
        ("The deadline is March 12, 2026.", date(2026, 3, 12)),
        ("Closing date | 2026-03-12", date(2026, 3, 12)),
        ("Document verification is from 6 to 10 July 2026.", date(2026, 7, 10)),
        ("The last date is 25 March 2026, in place of 12 March 2026.", date(2026, 3, 25)),
        ("The written test is on 6 June 2026, and no longer on 9 July 2026.", date(2026, 6, 6)),
        ("- Written test: 9 May 2026", date(2026, 5, 9)),
        ("अंतिम तिथि 12 मार्च 2026 है।", date(2026, 3, 12)),
        ("आवेदन १२ मार्च २०२६ तक भरे जाएँगे।", date(2026, 3, 12)),
        ("लिखित परीक्षा 9 मई 2026 को होगी।", date(2026, 5, 9)),
    ],
)
def test_a_last_date_and_the_day_of_an_event_are_announced(sentence: str, day: date):
    assert announced_date(sentence) == day


@pytest.mark.parametrize(
    "sentence",
    [
        "The Code came into force on 21 November 2025.",
        "The Payment of Gratuity Act was replaced on 21 November 2025.",
        "Age: 18 to 27 years on 1 January 2026",
        "A member who joined before 1 September 2014 stays in the scheme.",
        "- Old date of the written test: 9 May 2026 (cancelled)",
        "It will not be held on 18 October 2026.",
        "Admit cards will be issued from 25 May 2026.",
        "The test was held on 22 February 2026.",
        "The last date is 31 February 2026.",
        "The last date to apply is 12 March.",
        "संहिता 21 नवंबर 2025 को लागू हुई।",
    ],
)
def test_other_dates_are_not_announced(sentence: str):
    assert announced_date(sentence) is None


def test_the_question_of_a_faq_may_say_what_the_date_is():
    assert announced_date("On 9 May 2026, in two shifts.") is None
    assert announced_date("On 9 May 2026, in two shifts.", "When is the last date?") == date(2026, 5, 9)


VACANCY: ArticleInput = {
    "id": "clerk-vacancy", "title": "Vindhya clerk vacancy", "published": "2026-02-10",
    "url": "https://example.com/clerk-vacancy/",
    "text": "The last date to apply for the clerk vacancy is 12 March 2026.\n\n"
            "## Fee\n\nThe fee of the clerk vacancy is ₹250.",
}  # fmt: skip
EXTENDED: ArticleInput = {
    "id": "clerk-extended", "title": "Vindhya clerk vacancy, last date extended", "published": "2026-03-09",
    "url": "https://example.com/clerk-extended/", "supersedes": ["clerk-vacancy"],
    "text": "The last date to apply for the clerk vacancy is 25 March 2026.",
}  # fmt: skip
AGAIN: ArticleInput = {
    "id": "clerk-again", "title": "Vindhya clerk vacancy, last date extended again", "published": "2026-03-20",
    "url": "https://example.com/clerk-again/", "supersedes": "clerk-extended",
    "text": "The last date to apply for the clerk vacancy is 2 April 2026.",
}  # fmt: skip
LAST_DATE, FEE = "What is the last date to apply for the clerk vacancy?", "What is the fee of the clerk vacancy?"


def bot_of(*articles: ArticleInput, today: date = date(2026, 3, 1)) -> Bot:
    return Bot(Retriever.from_articles(articles, encoder=HashingEncoder()), today=lambda: today)


@pytest.fixture(scope="module")
def notices() -> Bot:
    return bot_of(VACANCY, EXTENDED, AGAIN)


def test_the_newest_article_of_a_chain_is_quoted(notices: Bot):
    assert bot_of(VACANCY, EXTENDED).ask(LAST_DATE).text == EXTENDED["text"]
    answer = notices.ask(LAST_DATE)
    assert (answer.text, answer.newer) == (AGAIN["text"], None)
    assert [source.passage.article.id for source in answer.sources] == ["clerk-again"]


def test_a_superseded_article_answers_what_the_newer_ones_do_not_say_and_names_the_newest(notices: Bot):
    answer = notices.ask(FEE)
    assert answer.text == "The fee of the clerk vacancy is ₹250."
    assert answer.newer is not None
    assert answer.newer.passage.article.id == "clerk-again"
    shown = "There is a newer article on this: Vindhya clerk vacancy, last date extended again, 2026-03-20"
    assert shown in answer_text(answer.to_dict()).splitlines()


def test_a_follow_up_leaves_the_superseded_article(notices: Bot):
    said = [{"role": "user", "content": FEE}, {"role": "assistant", "content": notices.ask(FEE).text}]
    assert notices.ask("and the last date to apply?", said).text == AGAIN["text"]


def test_a_question_to_the_superseded_article_alone_is_answered_from_it(notices: Bot):
    answer = notices.ask(LAST_DATE, article="clerk-vacancy")
    assert answer.text.startswith("The last date to apply for the clerk vacancy is 12 March 2026.")
    assert answer.newer is not None
    assert answer.newer.passage.article.id == "clerk-again"


def test_articles_that_supersede_each_other_in_a_circle_are_each_newer_than_the_other():
    facts = CorpusFacts(2, 2, 0, {}, [], [], supersedes={"one": ["two"], "two": ["one"]})
    assert (facts.newer_than("one"), facts.newer_than("two")) == (("two",), ("one",))


def test_front_matter_names_superseded_articles_by_id_or_title(tmp_path: Path):
    (tmp_path / "old.md").write_text("---\ntitle: Old rules\n---\n\nLeave is ten days.\n", encoding="utf-8")
    front = "---\ntitle: New rules\nsupersedes: [Old rules, lost]\n---\n\n"
    (tmp_path / "new.md").write_text(f"{front}Leave is twelve days.\n", encoding="utf-8")
    assert read_corpus(tmp_path).articles[0].supersedes == ("old", "lost")
    build(tmp_path, tmp_path / "index", encoder=HashingEncoder())
    table = Bot.open(tmp_path / "index", encoder=HashingEncoder()).generation.table
    article = table.article("new")
    assert article is not None
    assert article.supersedes == ("old", "lost")
    assert table.facts.newer_than("old") == ("new",)


def test_an_unknown_superseded_article_is_reported():
    bot = bot_of(VACANCY, {**EXTENDED, "supersedes": ["clerk-vacancy", "lost"]})  # type: ignore[dict-item]
    articles = list(all_articles(bot.generation.table))
    lost = [each for each in lint(articles, bot.retriever.finder(), date(2026, 3, 10)) if each.kind == "lost relation"]
    assert [(each.article, each.message) for each in lost] == [
        ("clerk-extended", "names 'lost' as superseded, and no article has this id")
    ]


def test_dates_in_the_sentence_that_answers_have_passed_or_not(notices: Bot):
    for today, passed in ((date(2026, 4, 2), ()), (date(2026, 4, 3), (date(2026, 4, 2),))):
        assert Bot(notices.retriever, today=lambda today=today: today).ask(LAST_DATE).passed == passed
    assert bot_of(VACANCY, today=date(2026, 5, 1)).ask(FEE).passed == ()


@pytest.fixture(scope="module")
def expired() -> Bot:
    return bot_of(VACANCY, today=date(2026, 11, 12))


def test_every_text_says_that_the_date_has_passed(expired: Bot):
    answer = expired.ask(LAST_DATE)
    assert answer.to_dict()["passed"] == ["2026-03-12"]
    assert "2026-03-12 has passed." in answer_text(answer.to_dict()).splitlines()
    assert '<div class="note passed">12 March 2026 has passed.</div>' in rendered(answer, EN)
    assert '<div class="note passed">12 मार्च 2026 बीत चुकी है।</div>' in rendered(answer, HI)
    assert "has passed" not in rendered(replace(answer, passed=()), EN)


def test_a_past_date_of_a_list_is_said_unless_a_newer_article_may_have_moved_it():
    listed: ArticleInput = {
        "id": "listed", "title": "Clerk vacancy",
        "text": "- Last date to apply: 12 March 2026\n- Fee of the clerk: ₹250",
    }  # fmt: skip
    newer: ArticleInput = {"id": "newer", "title": "Typing", "text": "Typing is tested.", "supersedes": ["listed"]}
    today, question = date(2026, 11, 12), "What is the fee of the clerk?"
    alone, superseded = (bot_of(*each, today=today).ask(question) for each in ([listed], [listed, newer]))
    assert alone.text == superseded.text == listed["text"]
    assert (alone.passed, superseded.passed) == ((date(2026, 3, 12),), ())


@pytest.fixture(scope="module")
def server(expired: Bot) -> Iterator[str]:
    yield from served(expired, ui=False)


def test_rest_and_the_openai_api_say_that_the_date_has_passed(server: str):
    with httpx.Client(base_url=server, trust_env=False) as client:
        answer = client.post("/api/v1/ask", json={"question": LAST_DATE}).json()
        assert answer["passed"] == ["2026-03-12"]
        asked = {"messages": [{"role": "user", "content": LAST_DATE}]}
        text = client.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]["content"]
        assert "12 March 2026 has passed." in text.split("\n\n")


def test_the_openai_api_names_a_newer_article(notices: Bot):
    for address in served(notices, ui=False):
        asked = {"messages": [{"role": "user", "content": FEE}]}
        answer = httpx.post(f"{address}/v1/chat/completions", json=asked, trust_env=False).json()
        last = answer["choices"][0]["message"]["content"].split("\n\n")[-1]
        assert last.startswith("There is a newer article on this: [Vindhya clerk vacancy, last date extended again](")
        assert last.endswith("), 20 March 2026.")


def test_a_question_is_answered_again_only_on_another_day(monkeypatch: pytest.MonkeyPatch):
    day = [date(2026, 3, 12)]
    bot = Bot(bot_of(VACANCY).retriever, today=lambda: day[0])
    first, searched = bot.ask(LAST_DATE), list[str]()
    choose = WordChooser.choose

    def counted(chooser: WordChooser, question: str, *others: Any, **named: Any) -> Any:
        searched.append(question)
        return choose(chooser, question, *others, **named)

    monkeypatch.setattr(WordChooser, "choose", counted)
    again = bot.ask(LAST_DATE)
    assert (again.id != first.id, replace(again, id=first.id), searched) == (True, first, [])
    day[0] = date(2026, 3, 13)
    assert (bot.ask(LAST_DATE).passed, first.passed) == ((date(2026, 3, 12),), ())
    for history, options in (([FEE], {}), ([], {"as_typed": True}), ([], {"category": "none"})):
        searched.clear()
        bot.ask(LAST_DATE, history, **options)
        assert searched, (history, options)
