"""The reader: which words of a passage are quoted, and what a question wants."""

import numpy as np
import pytest

from bot.corpus.article import Article
from bot.passages import Passage, sentences_of, split_articles
from bot.reader.question_terms import asked, held, kinds_of_answer
from bot.reader.windows import Window, best_window, going_on
from tests.articles import word_starts

ITEMS = "- the old payslip\n- the letter of the bank\n- a photograph"
LIST = (
    f"The form asks for a few things. Keep these ready:\n\n{ITEMS}"
    "\n\nThe counter closes at five. This is checked at the gate. A copy is kept for a year."
)
MARKDOWN_TABLE = (
    "| | NATS | NAPS |\n| --- | --- | --- |\n| Run by | Education | Skills |\n| Meant for | Graduates | Trades |"
)
SHORT_SERVICE = "What of somebody who leaves after four years and 240 days of work? Some courts accept them."
LONG = f"It shows {'the roll number, ' * 12}and nothing else."
PLAIN = "A slip is a small paper with the roll number of the candidate."
TABLE = "Rates of the year:\n\nGrade | Stipend\nITI | ₹9,600\nGraduate | ₹12,300"


def passage(text: str) -> Passage:
    article = Article(id="a", source="a.md", title="Forms", text=text)
    (made,) = split_articles([article], word_starts, 500)
    return made


def quoted(text: str, best: str) -> str:
    """Return the quote of a passage whose sentence with these words answers, and no other."""
    one = passage(text)
    sentences = sentences_of(one)
    weights = np.array([0.9 if best in sentence else 0.0001 for sentence in sentences])
    start, end = going_on(one, best_window(one, sentences, weights)).span(one)
    return one.text[start:end]


@pytest.mark.parametrize(
    ("text", "best", "quote"),
    [
        (LIST, "a few things", "The form asks for a few things."),
        (LIST, "the bank", LIST[LIST.index("Keep") : LIST.index("\n\nThe counter")]),
        (LIST, "Keep these", LIST[LIST.index("Keep") : LIST.index("\n\nThe counter")]),
        (
            LIST,
            "This is checked",
            "The counter closes at five. This is checked at the gate. A copy is kept for a year.",
        ),
        (TABLE, "₹9,600", TABLE),
        (f"They differ:\n\n{MARKDOWN_TABLE}", "| | NATS", f"They differ:\n\n{MARKDOWN_TABLE}"),
        (
            f"A lost slip is no loss. It can be had again:\n\n{ITEMS}",
            "the bank",
            f"A lost slip is no loss. It can be had again:\n\n{ITEMS}",
        ),
        (
            f"Five years of service are the general rule. {SHORT_SERVICE} The claim goes to the employer.",
            "240 days",
            f"{SHORT_SERVICE} The claim goes to the employer.",
        ),
        ("A slip is a paper. Keep it.\n\nA form is another.", "a paper", "A slip is a paper. Keep it."),
        (f"A slip is a paper. {LONG} Keep it.", "a paper", f"A slip is a paper. {LONG}"),
        (f"{PLAIN} What is a form?", "roll number", PLAIN),
        (f"{PLAIN} {LONG[:-1]}, {LONG[:-1]}, {LONG}", "of the candidate", PLAIN),
        (
            f"{LONG}\n\nEmployer's share. The part that is left. {LONG}",
            "is left",
            f"Employer's share. The part that is left. {LONG}",
        ),
        (
            f"{LONG} Many warnings lapse. While they last, no rise is due.",
            "no rise",
            "Many warnings lapse. While they last, no rise is due.",
        ),
        (
            f"{LONG} LWP is leave without pay. On a payslip it is also called LOP.",
            "LOP",
            "LWP is leave without pay. On a payslip it is also called LOP.",
        ),
    ],
    ids=[
        "a sentence",
        "an item with its list",
        "a lead-in with its list",
        "no start in mid-thought",
        "a whole table",
        "a header row with its table",
        "a lead-in that starts in mid-thought",
        "a question with its answer",
        "a short sentence with the rest of its paragraph",
        "no more of the paragraph than needed",
        "no end on a question",
        "no sentence that is too long",
        "the words that stand for a heading",
        "no start on a pronoun behind its conjunction",
        "no start on a sentence that adds to one before",
    ],
)
def test_a_quote_is_understood_by_itself(text: str, best: str, quote: str):
    assert quoted(text, best) == quote


def test_fewer_words_can_be_asked_for():
    long = LONG.replace("It", "A slip")
    one = passage(f"{PLAIN} {long} {PLAIN}")
    sentences, weights = sentences_of(one), np.array([0.2, 0.5, 0.3])
    spans = [best_window(one, sentences, weights, most).span(one) for most in (100, 60, 40)]
    assert [one.text[start:end] for start, end in spans] == [one.text, f"{long} {PLAIN}", long]


def test_a_long_list_is_quoted_around_the_item_that_answers():
    items = [f"- item number {n} with some ten words that fill the whole line" for n in range(20)]
    assert quoted("Bring:\n\n" + "\n".join(items), "number 12 ") == items[12]


@pytest.mark.parametrize(
    ("question", "kind", "sentence"),
    [
        ("how much is the stipend", "amount", "It is ₹9,600 a month."),
        ("how many days does it take", "duration", "One to three weeks."),
        ("when is the last date", "date", "Apply before 31 March."),
        ("where should i complain", "place", "The labour office of your area."),
        ("who signs it", "person", "The HR manager."),
        ("how do i download it", "steps", "Click on the link and enter the number."),
        ("is a police complaint needed", "choice", "No police complaint is needed."),
        ("what papers do i carry", "paper", "A copy of the certificate."),
    ],
)
def test_a_question_wants_a_kind_of_answer_that_a_sentence_holds(question: str, kind: str, sentence: str):
    place = kinds_of_answer().index(kind)
    assert asked(question)[place]
    assert held(sentence)[place]
    assert not held("Nothing else.")[place] or kind == "choice"


def test_a_quote_goes_on_in_its_last_paragraph_however_long_the_list_before_is():
    weeks = "\n".join(
        f"- {number} weeks, not more than half of them before the delivery" for number in (26, 20, 12, 9, 6)
    )
    one = passage(f"{weeks}\n\nThe Code limits this to a small child. In March a court removed that limit.")
    sentences = sentences_of(one)
    assert len(" ".join(sentences[:6]).split()) > 50
    start, end = going_on(one, Window(0, sentences.index("The Code limits this to a small child."), 0.9)).span(one)
    assert (start, one.text[start:end]) == (0, one.text)
    start, end = going_on(one, Window(0, 4, 0.9)).span(one)
    assert one.text[start:end] == weeks, "a list ends where it ends"
