"""Spelling repair: the words that it repairs, those it leaves, and the correction in an answer."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick_build import build
from serving import rendered

from bot import Bot
from bot.cli import run
from bot.languages.registry import QuestionLanguages
from bot.retrieval.spelling import Speller
from bot.serve.texts import load_texts

pytestmark = pytest.mark.slow

ARTICLES = {
    "offers": """---
title: Offer and promotion letters
category: HRM
---
An offer letter names the salary; a promotion letter names the new one. An employee receives both in writing.

## FAQs

### How is a promotion letter written?

It names the new position, the day from which it counts and the new salary.

### When does a candidate receive an offer letter?

Usually within a week of the last interview.
""",
    "canteen": """---
title: Canteen
category: Office
---
Meals are paid with coupons or with a ticket.

## FAQs

### Where are coupons sold?

At the desk beside the entrance, from nine to eleven.

### Who pays the salary of the cook?

The caterer does; every ticket pays a part of it.
""",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spelling")
    (folder / "corpus").mkdir()
    for name, text in ARTICLES.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build(folder / "corpus", folder / "index")
    return folder / "index"


@pytest.fixture(scope="module")
def small(index: Path) -> Bot:
    return Bot.open(index)


@pytest.fixture(scope="module")
def speller(small: Bot) -> Speller:
    generation = small.retriever.generation
    return Speller(generation.vocabulary, generation.lexical, QuestionLanguages(generation.vocabulary))


@pytest.mark.parametrize(
    ("typed", "repaired"),
    [
        ("promtion leter", "promotion letter"),
        ("where are cpnns sold", "where are coupons sold"),
        ("slry of the cook", "salary of the cook"),
        ("when do I recieve it", "when do I receive it"),
        ("offerletter", "offer letter"),
        ("slaary", "salary"),
        ("salaryy", "salary"),
        ("couponz", "coupons"),
        ("tickrt", "ticket"),
        ("wirtten interveiw", "written interview"),
        ("How is a PROMTION written", None),
        ("How is a promtion written", "How is a promotion written"),
        ("HOW IS A PROMTION WRITTEN?", "HOW IS A PROMOTION WRITTEN?"),
        ("Promtion: who writes it?!  (Canten)", "Promotion: who writes it?!  (Canteen)"),
        ("Where Are Cupons Sold?", "Where Are Coupons Sold?"),
        ("Not that. Recieve it when?", "Not that. Receive it when?"),
        ("“leter”, please", "“letter”, please"),
    ],
)
def test_repaired_words_keep_the_casing_and_punctuation_of_the_question(
    speller: Speller, typed: str, repaired: str | None
):
    assert speller.repair(typed) == repaired


@pytest.mark.parametrize(
    "typed",
    [
        "who won the cricket match",  # English words that the corpus lacks; it has "ticket"
        "is there a wicket",
        "offering promoted receiver",  # other forms of words of the corpus
        "the cook's salary, the letter’s day",
        "a co-promtion e-leter don't",  # parts of words
        "slr tkt cpn",  # short
        "leter2 promtion_1 A12leter",  # codes
        "mail leter@promtion.com or see promtion.com/leter",
        "is Leter a name, and LETER an office",
        "salary kaise nikale",  # Hindi in Latin letters
        "kya slaary milegi",
        "letar ka kya karein",
        "wann wird das gehalt gezahlt",  # more unknown words than misspelt ones
        "वेतन कब मिलेगा",
        "zzzzzz qqqqqqq",
        "",
        "???",
    ],
)
def test_words_that_are_not_misspelt_stay(speller: Speller, typed: str):
    assert speller.repair(typed) is None


def test_a_misspelt_english_word_is_not_replaced_by_a_farther_word_of_the_corpus(speller: Speller):
    # "crickt" is one edit from "cricket", two from "ticket"; "mattres" is one from "mattress", three from "letters".
    assert speller.repair("crickt") is None
    assert speller.repair("mattres") is None


CORPUS_WORDS = [
    "how",
    "is",
    "a",
    "promotion",
    "letter",
    "written",
    "when",
    "does",
    "candidate",
    "receive",
    "an",
    "offer",
    "where",
    "are",
    "coupons",
    "sold",
    "salary",
    "of",
    "the",
    "cook",
    "ticket",
    "canteen",
]
MISSPELLED = [
    "promtion", "leter", "recieve", "cpnns", "offerletter", "crickt", "Slaary", "ka", "2020", "Vimeo", "İ", "ß",
    "don't",
]  # fmt: skip


@given(words=st.lists(st.sampled_from(CORPUS_WORDS)), end=st.sampled_from(["", "?", " ...", "!!"]))
def test_a_question_in_words_of_the_corpus_never_changes(speller: Speller, words: list[str], end: str):
    assert speller.repair(" ".join(words) + end) is None
    assert speller.repair(" ".join(words).upper() + end) is None


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(st.one_of(st.text(max_size=12), st.sampled_from([*CORPUS_WORDS, *MISSPELLED]))),
    between=st.sampled_from([" ", ", ", "-", "  "]),
)
def test_a_repaired_question_is_not_repaired_again(speller: Speller, parts: list[str], between: str):
    repaired = speller.repair(between.join(parts))
    assert repaired is None or speller.repair(repaired) is None


def test_an_answer_has_the_corrected_question(small: Bot):
    answer = small.ask("Whn does a candiate recieve an offr leter?")
    assert answer.text == "Usually within a week of the last interview."
    assert answer.question == "Whn does a candiate recieve an offr leter?"
    assert answer.corrected == "Whn does a candidate receive an offer letter?"
    assert answer.to_dict()["corrected"] == answer.corrected
    assert '<div class="note">Read as “Whn does a candidate receive an offer letter?”. <button' in rendered(
        answer, load_texts()["en"]
    )


def test_a_question_without_misspellings_is_shown_as_typed(small: Bot):
    answer = small.ask("Where are coupons sold?")
    assert (answer.corrected, answer.text) == (None, "At the desk beside the entrance, from nine to eleven.")
    assert "Read as" not in rendered(answer, load_texts()["en"])


def test_a_misspelt_earlier_question_still_gives_the_topic(small: Bot):
    answer = small.ask("and who writes it?", ["how is a promtion leter wrtten"])
    assert (answer.corrected, answer.topic) == (None, "how is a promotion letter written")


def test_the_command_line_prints_the_corrected_question_first(index: Path, capsys: pytest.CaptureFixture[str]):
    run("search", "where are cpnns sold", "-k", "1", "--index", str(index))
    assert capsys.readouterr().out.startswith("Showing results for “where are coupons sold”.\n\n")
    run("ask", "where are cpnns sold", "--index", str(index))
    assert capsys.readouterr().out.splitlines()[:4] == [
        "Showing results for “where are coupons sold”.", "", "Where are coupons sold?",
        "At the desk beside the entrance, from nine to eleven.",
    ]  # fmt: skip
