"""Questions that only name a subject: its definition, the whole steps or sample, or the articles that share it."""

import pytest

from bot import Bot
from bot.answering.introductions import _TABLE_ROW, _start_of_block, unbroken_list
from bot.answering.subjects import subject_of, subjects_of
from bot.corpus import Article
from bot.passages import split_articles
from tests.articles import word_starts


def stems(*words: str) -> frozenset[str]:
    return frozenset(words)


@pytest.mark.parametrize(
    ("question", "wanted", "terms"),
    [
        ("gratuity", None, stems("gratuiti")),
        ("What is a notice period?", "definition", stems("notic", "period")),
        ("bgv full form in hr", "definition", stems("bgv")),
        ("notice period what", "definition", stems("notic", "period")),
        ("how to download admit card", "steps", stems("download", "admit", "card")),
        ("gratuity calculation formula", "formula", stems("gratuiti")),
        ("difference between offer letter and appointment letter", "comparison", stems("offer", "letter", "appoint")),
        ("resignation letter format", "sample", stems("resign", "letter")),
    ],
)
def test_what_a_question_wants_of_its_subject(question: str, wanted: str | None, terms: frozenset[str]):
    assert subject_of(question) == (terms, wanted)


@pytest.mark.parametrize(
    "question",
    [
        "what",
        "how much gratuity is paid after seven years of service",
        "my employer pays no gratuity",
        "no reply what then to do now",
        "gratuity calculation for 12 years",
        "who",
        "how much get",
    ],
)
def test_a_question_that_asks_more_names_no_subject(question: str):
    assert subject_of(question) is None


def test_subjects_of_a_title():
    assert subjects_of("What is background verification (BGV) by an employer?") == {
        stems("background", "verif", "employ"), stems("bgv"),
    }  # fmt: skip
    found = subjects_of("Admit card, hall ticket or call letter: is there a difference?")
    assert {stems("admit", "card"), stems("hall", "ticket", "call", "letter")} <= found
    assert stems("notic", "period") in subjects_of("What is a notice period and how does it work?")


@pytest.mark.parametrize(
    ("question", "opening"),
    [
        ("notice period", "A notice period is the time that must pass between"),
        ("gratuity kya hai", "Gratuity is a lump sum that an employer pays"),
        ("bgv full form", "Background verification, or BGV, is the check"),
        ("what is kpo", "KPO (knowledge process outsourcing) means"),
        ("edli full form", "The Employees' Deposit Linked Insurance, EDLI, is the life cover"),
        ("dv full form", "DV stands for document verification"),
        (
            "PF withdrawal: final settlement of your EPF after leaving work",
            "PF withdrawal, in the sense used here, means",
        ),
    ],
)
def test_a_subject_is_defined_by_the_article_on_it(shipped: Bot, question: str, opening: str):
    answer = shipped.ask(question)
    assert (answer.status, answer.text[: len(opening)]) == ("answered", opening)
    assert answer.sources[0].passage.text[slice(*answer.sources[0].quote)] == answer.text


def test_a_term_of_two_words_is_explained_where_both_stand_together(shipped: Bot):
    answer = shipped.ask("stay interview meaning")
    assert (answer.sources[0].passage.article.id, "a stay interview" in answer.text) == ("exit-interview", True)


def test_what_the_article_answers_is_suggested_after_its_subject(shipped: Bot):
    answer = shipped.ask("notice period")
    assert len(answer.suggestions) == 5
    assert "Is salary paid in the notice period?" in answer.suggestions


@pytest.mark.parametrize(
    ("question", "opening"),
    [
        ("bpo vs kpo", "A BPO performs routine, rule-based business processes"),
        ("naps and nats difference", "NAPS is for trade and optional trade apprentices"),
        ("apprenticeship vs internship", "|  | Apprenticeship | Internship |"),
    ],
)
def test_two_subjects_are_compared_by_a_faq_or_a_table(shipped: Bot, question: str, opening: str):
    answer = shipped.ask(question)
    assert (answer.status, answer.text[: len(opening)]) == ("answered", opening)


@pytest.mark.parametrize(
    ("question", "formula"),
    [
        ("gratuity calculation", "Gratuity = last drawn monthly wages × 15 ÷ 26 × completed years of service"),
        ("how is the attrition rate calculated", "Attrition rate (%) = (number of employees who left ÷ average"),
        ("eps pension formula", "Multiply the average wages of your last 60 months"),  # a FAQ that asks for it
    ],
)
def test_a_calculation_is_answered_by_its_formula_or_a_faq_that_asks_for_it(shipped: Bot, question: str, formula: str):
    assert shipped.ask(question).text.startswith(formula)


@pytest.mark.parametrize("question", ["what is the price", "what is the time", "what is the old one", "क्या?", "who"])
def test_a_mention_in_passing_is_no_answer(shipped: Bot, question: str):
    assert shipped.ask(question).status == "no_answer"


def test_a_table_of_any_length_is_followed_to_its_first_row():
    text = "Codes:\n" + "".join(f"| {number} | City {number} |\n" for number in range(3000))
    assert _start_of_block(text, len(text), _TABLE_ROW) == len("Codes:\n")


def test_a_formula_of_something_else_answers_no_calculation(shipped: Bot):
    assert "Gratuity = " not in shipped.ask("how to calculate notice pay").text


@pytest.mark.parametrize(
    ("question", "article", "words"),
    [
        ("how long is the probation", "probation-letter", "lasts three to six months"),
        ("attrition rate percentage", "attrition-rate", "and multiply by 100"),
        ("minimum notice period", "notice-period", "minimum notice"),
    ],
)
def test_a_single_fact_is_looked_up_in_the_article_on_the_subject(
    shipped: Bot, question: str, article: str, words: str
):
    answer = shipped.ask(question)
    assert (answer.status, answer.sources[0].passage.article.id) == ("answered", article)
    assert words in answer.text


@pytest.mark.parametrize("question", ["pf", "admit card", "apprenticeship"])
def test_a_subject_that_articles_share_offers_them(shipped: Bot, question: str):
    answer = shipped.ask(question)
    assert (answer.status, answer.text, len(answer.did_you_mean) >= 3) == ("ambiguous", "", True)
    for title in answer.did_you_mean:
        chosen = shipped.ask(title)
        assert (chosen.status, chosen.sources[0].passage.article.title) == ("answered", title)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("how to download admit card", "1. Type the address", "8. Send the file to your own e-mail."),
        ("PF kaise nikale", "Then:\n\n1. Open Online Services", "save the acknowledgement as a PDF."),
        ("how to serve notice period", "1. Read the clause", "7. On the last day, ask when the settlement"),
        (
            "how to check exam city slip",
            "1. Log in on the official portal",
            "5. Mark the expected date of the admit card",
        ),
        ("fnf process steps", "1. Resign in writing", "your EPF account."),
    ],
)
def test_steps_are_shown_from_the_first_to_the_last(shipped: Bot, question: str, first: str, last: str):
    answer = shipped.ask(question)
    source = answer.sources[0]
    assert (answer.status, answer.text.startswith(first), last in answer.text) == ("answered", True, True)
    assert answer.text in source.passage.article.text
    assert source.passage.article.text[source.passage.start : source.passage.end] == source.passage.text


@pytest.mark.parametrize("question", ["star method kya hota hai interview me", "what is star method interview"])
def test_steps_of_something_else_do_not_replace_words_on_the_subject(shipped: Bot, question: str):
    assert "This is often called the STAR method." in shipped.ask(question).text


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("resignation letter format", "A normal exit:\n\n> Dear Anita", "my personal email given below."),
        ("experience letter sample", "> To whom it may concern.", ""),
        ("fresher resume format", "> Sameer Ansari", "Skills"),
        ("appointment letter sample", "> Dear Mr Imran Sheikh", "token of acceptance."),
    ],
)
def test_samples_are_shown_whole(shipped: Bot, question: str, first: str, last: str):
    answer = shipped.ask(question)
    assert (answer.status, first in answer.text, last in answer.text) == ("answered", True, True)


def test_a_subject_of_other_articles_is_no_follow_up(shipped: Bot):
    asked = "what is a performance improvement plan"
    answer = shipped.ask("pf", [asked])
    assert (answer.topic, answer.status, len(answer.did_you_mean) >= 3) == (None, "ambiguous", True)
    answer = shipped.ask("notice period", [asked])
    assert (answer.topic, answer.sources[0].passage.article.id) == (None, "notice-period")


@pytest.mark.parametrize(
    "question", ["What is the formula for attrition rate?", "What is the difference between KPO and BPO?"]
)
def test_a_faq_with_exactly_the_question_is_the_answer(shipped: Bot, question: str):
    assert shipped.ask(question).sources[0].passage.question == question


def test_every_title_is_answered_by_its_article(shipped: Bot):
    unsure = []
    for article in shipped.generation.table.listed(None, 0, 100):
        answer = shipped.ask(article.title)
        assert answer.sources[0].passage.article.id == article.id
        unsure += [] if answer.status == "answered" else [article.id]
    assert len(unsure) <= 1, unsure


def test_an_opening_that_is_a_table_is_shown_whole(shipped: Bot):
    text = shipped.ask("epf contribution").text
    assert text.startswith("| Who pays | Rate on PF wages |")
    assert "| Employee | 12% |" in text
    assert text.endswith("EPFO's running costs |")


def test_a_faq_with_the_question_goes_before_the_opening(shipped: Bot):
    answer = shipped.ask("What is notice period buyout?")
    assert answer.sources[0].passage.question == "What is notice period buyout?"


def test_a_quoted_list_is_completed_by_the_few_items_of_the_next_passage():
    items = [f"{number}. Step {number} of the list has several words that fill the passage." for number in range(1, 7)]
    text = "Do this:\n\n" + "\n".join(items)
    article = Article(id="a", source="a.md", title="T", text=text)
    first, second = split_articles([article], word_starts, 60)
    assert "4. Step" in first.text
    assert second.text.startswith("5. Step")
    place = first.text.index("2. Step")
    words = unbroken_list(first, (0, len(first.text)), (place, place + len(items[1])))
    assert words is not None
    assert words.passage.text[slice(*words.span)] == text
    assert words.passage.text[slice(*words.matched)] == items[1]
    assert unbroken_list(first, (place, place + len(items[1])), (place, place + len(items[1]))) is None


def test_offered_notices_begin_with_the_one_that_supersedes_the_others(shipped: Bot):
    titles = shipped.ask("malhar dock apprentice").did_you_mean
    words = ["second extension", "last date extended", "150 seats"]
    assert [word in title for word, title in zip(words, titles, strict=True)] == [True, True, True]


def test_a_date_that_one_of_several_notices_has_is_answered(shipped: Bot):
    answer = shipped.ask("tarangini appliances walk in date")
    assert (answer.status, "12 December 2026" in answer.text) == ("answered", True)
