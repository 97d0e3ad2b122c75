"""Abbreviations in questions, spelled out as the articles introduce them."""

from collections.abc import Iterable

import pytest

from bot import Bot
from bot.answering.abbreviations import spelled_out
from bot.corpus.article import Article
from bot.passages import Passage, split_articles
from tests.articles import word_starts


def passages(title: str, text: str) -> Iterable[Passage]:
    return split_articles([Article(id="a", source="a.md", title=title, text=text)], word_starts, 500)


@pytest.mark.parametrize(
    ("question", "title", "text", "spelled"),
    [
        ("bgv takes how long", "Background verification (BGV)", "Text.", "Background verification takes how long"),
        ("is FnF taxed", "Money", "Ask for full and final settlement (FnF).", "is full and final settlement taxed"),
        ("eps age", "Money", "The Employees' Pension Scheme, EPS for short, pays.", "Employees' Pension Scheme age"),
        ("a PIP", "Work", "A performance improvement plan, or PIP, is written.", "a performance improvement plan"),
        ("how to pay", "Work", "The rules of the day (RTD) and how (HOW) to pay.", None),
        ("what is BGV", "Work", "The form (BGV) is long.", None),
        ("is it paid", "Careers in information technology (IT)", "Text.", None),
        ("is IT paid", "Careers in information technology (IT)", "Text.", "is information technology paid"),
        ("what is gd", "Work", "They hold a group discussion.", None),
        ("(broken [a-z] BGV(", "Background verification (BGV)", "Text.", "(broken [a-z] Background verification("),
    ],
)  # fmt: skip
def test_abbreviations_are_spelled_out(question: str, title: str, text: str, spelled: str | None):
    assert spelled_out(question, passages(title, text)) == spelled


def test_an_abbreviation_finds_the_faq_that_spells_it_out(shipped: Bot):
    answer = shipped.ask("how long does bgv take")
    assert (answer.status, answer.sources[0].passage.question) == (
        "answered",
        "How long does background verification take?",
    )
    assert answer.question == "how long does bgv take"
