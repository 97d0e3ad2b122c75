"""Editors' decisions: tables that stay editable with any program after a row is added."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.corpus.corpus import read_corpus
from bot.corpus.decisions.actions import (
    WrittenFaq,
    accept,
    draft,
    faqs_to_write,
    ignore,
    reject,
    withdraw_faq,
    write_faq,
    written_faqs,
)
from bot.corpus.decisions.files import ALTERNATES, DRAFTS, HISTORY, IGNORED, REJECTED, Decisions, read_alternates
from bot.corpus.decisions.history import in_force, read_history, undo
from bot.corpus.refused import Refused
from bot.corpus.source import Alternate
from bot.errors import CorpusError
from bot.evaluation.question_set import read_questions

TODAY = "2026-11-28"
OLD, NEW = Alternate("who pays", "gratuity#faq-1", 2), Alternate("is it mine", "gratuity#faq-2", 3)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch):
    class Today(date):
        @classmethod
        def today(cls) -> date:
            return cls.fromisoformat(TODAY)

    monkeypatch.setattr("bot.corpus.decisions.actions.date", Today)


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ("question,passage\nwho pays,gratuity#faq-1\n", "is it mine,gratuity#faq-2\n"),
        ("question,faq\nwho pays,gratuity#faq-1\n", "is it mine,gratuity#faq-2\n"),
        ("FAQ ID,Query\ngratuity#faq-1,who pays\n", "gratuity#faq-2,is it mine\n"),
        ("question,note,passage,when\nwho pays,old,gratuity#faq-1,\n", f"is it mine,,gratuity#faq-2,{TODAY}\n"),
        ("question;passage\nwho pays;gratuity#faq-1\n", "is it mine;gratuity#faq-2\n"),
        ("\ufeffquestion\tpassage\r\nwho pays\tgratuity#faq-1\r\n", "is it mine\tgratuity#faq-2\r\n"),
        ("question,passage\nwho pays,gratuity#faq-1", "\nis it mine,gratuity#faq-2\n"),
    ],
    ids=["plain", "synonym", "order", "extra columns", "semicolons", "tabs with a mark", "no last line end"],
)
def test_an_accepted_question_is_written_into_the_columns_of_the_file(tmp_path: Path, before: str, added: str):
    path = tmp_path / ALTERNATES
    path.write_bytes(before.encode())
    for question in ("is it mine", "Is it  mine?"):
        assert accept(tmp_path, question, "gratuity#faq-2") == path
    assert path.read_bytes().decode() == before + added
    assert list(read_alternates(path)) == [OLD, NEW]
    assert [(asked.text, *asked.expected) for asked in read_questions(path)] == [
        (row.question, row.passage) for row in (OLD, NEW)
    ]
    assert Decisions.read(tmp_path).accepted == ["who pays", "is it mine"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,note\nwho pays,x\n", "alternates.csv:1 cannot be read .*name the columns question and passage"),
        ("who pays,gratuity#faq-1\n", "alternates.csv:1 cannot be read .*name the columns question and passage"),
        ('question,passage\na,b\n"who pays,gratuity#faq-1\n', "alternates.csv:3 cannot be read .*check the quotation"),
        ("question,passage\ncaf\udce9,gratuity#faq-1\n", "alternates.csv cannot be read .it is not UTF-8.: save it"),
    ],
    ids=["no passage", "no header", "open quotation", "another encoding"],
)
def test_an_unreadable_table_is_not_written_to(tmp_path: Path, content: str, message: str):
    path = tmp_path / ALTERNATES
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(CorpusError, match=message):
        accept(tmp_path, "is it mine", "gratuity#faq-2")
    assert path.read_bytes() == content.encode(errors="surrogateescape")


def test_unreadable_rows_of_alternates_are_refused_and_the_others_are_read(tmp_path: Path):
    path = tmp_path / ALTERNATES
    assert [str(each) for each in read_alternates(path)] == [
        "alternates.csv: cannot be opened (No such file or directory)"
    ]
    path.write_text('question,faq\nwho pays,gratuity#faq-1\n,x\nit\n"open,x\n', encoding="utf-8")
    assert list(read_alternates(path)) == [
        OLD,
        Refused(ALTERNATES, 3, "a row without a question"),
        Refused(ALTERNATES, 4, "a row without a passage"),
        Refused(ALTERNATES, 5, "from here on nothing is read (unexpected end of data): check the quotation marks"),
    ]


def test_a_table_of_alternates_that_is_too_large_is_refused(tmp_path: Path):
    with (tmp_path / ALTERNATES).open("wb") as file:
        file.truncate(50_000_001)
    assert list(read_alternates(tmp_path / ALTERNATES)) == [Refused(ALTERNATES, None, "larger than 50 MB: split it")]


def test_each_decision_creates_its_table_and_is_read_back(tmp_path: Path):
    accept(tmp_path, "who, pays", "gratuity#faq-1", who="Asha")
    draft(tmp_path, "how do I apply\nfor a passport")
    ignore(tmp_path, "hello")
    reject(tmp_path, "is it mine", "gratuity#faq-2")
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.csv")} == {
        ALTERNATES: f'question,passage,who,when\n"who, pays",gratuity#faq-1,Asha,{TODAY}\n',
        DRAFTS: "question,answer\nhow do I apply for a passport,\n",
        IGNORED: "question\nhello\n",
        REJECTED: "question,passage\nis it mine,gratuity#faq-2\n",
    }
    assert Decisions.read(tmp_path) == Decisions(
        ["who, pays"], ["how do I apply for a passport", "hello"], [("is it mine", "gratuity#faq-2")]
    )


def test_a_draft_goes_below_the_header_of_a_table_with_a_title(tmp_path: Path):
    (tmp_path / DRAFTS).write_text("To write;\nAnswer;Question\n;who pays\n", encoding="utf-8")
    draft(tmp_path, "is it mine")
    draft(tmp_path, "Who pays?")
    assert (tmp_path / DRAFTS).read_text(encoding="utf-8") == "To write;\nAnswer;Question\n;who pays\n;is it mine\n"


def test_an_error_names_the_file_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(
        CorpusError, match=r"ignored-questions\.csv cannot be written .No such file or directory.: check"
    ):
        ignore(tmp_path / "none", "hello")


PASSPORT = WrittenFaq(
    "How do I apply for a passport?", "Apply online:\n\n- fill in the form\n- pay", "Travel", ("passport apply",)
)


def test_a_written_faq_becomes_an_article_and_is_no_longer_to_be_written(tmp_path: Path):
    draft(tmp_path, "how do I apply for a passport")
    draft(tmp_path, "who pays")
    assert faqs_to_write(tmp_path) == ["how do I apply for a passport", "who pays"]
    write_faq(tmp_path, PASSPORT, who="Asha")
    assert faqs_to_write(tmp_path) == ["who pays"]
    assert written_faqs(tmp_path) == [PASSPORT]
    (article,) = read_corpus(tmp_path).articles
    (faq,) = article.faqs
    assert (article.title, article.text, article.category) == (PASSPORT.question, PASSPORT.answer, "Travel")
    assert (faq.alternates, article.published) == (("passport apply",), date.fromisoformat(TODAY))
    assert [str(each) for each in read_corpus(tmp_path).refused] == [f"{DRAFTS}:2: waits for its answer"]


def test_a_written_faq_can_be_changed_withdrawn_and_brought_back(tmp_path: Path):
    write_faq(tmp_path, PASSPORT)
    other = WrittenFaq("Who pays for a passport?", "You | we,\n\nboth.", "", ("a | b",))
    write_faq(tmp_path, other)
    changed = replace(PASSPORT, question="Where do I apply?", answer="Online.")
    decision = write_faq(tmp_path, changed, instead_of=PASSPORT.question, who="Asha")
    assert (decision.action, decision.who) == ("change", "Asha")
    assert [faq.question for faq in written_faqs(tmp_path)] == [other.question, changed.question]
    undo(tmp_path, decision.id)
    assert written_faqs(tmp_path) == [replace(other, alternates=("a b",)), PASSPORT]
    gone = withdraw_faq(tmp_path, PASSPORT.question)
    assert [faq.question for faq in written_faqs(tmp_path)] == [other.question]
    undo(tmp_path, gone.id)
    assert written_faqs(tmp_path)[-1] == PASSPORT
    with pytest.raises(CorpusError, match="has no FAQ 'x': nothing was withdrawn"):
        withdraw_faq(tmp_path, "x")


@pytest.mark.parametrize(("faq", "missing"), [(WrittenFaq(" ", "a"), "question"), (WrittenFaq("q", "\n"), "answer")])
def test_a_faq_without_question_or_answer_is_not_written(tmp_path: Path, faq: WrittenFaq, missing: str):
    with pytest.raises(CorpusError, match=f"The FAQ has no {missing} yet: write one"):
        write_faq(tmp_path, faq)
    assert list(tmp_path.iterdir()) == []


def test_every_decision_is_in_the_history_and_can_be_undone_and_redone(tmp_path: Path):
    (tmp_path / IGNORED).write_text('Question;note\r\n"hello;\nthere";first\r\nbye;last\r\n', newline="")
    before = (tmp_path / IGNORED).read_bytes()
    accept(tmp_path, "who pays", "gratuity#faq-1", who="Asha")
    draft(tmp_path, "is it mine", who="Ravi")
    reject(tmp_path, "who pays", "gratuity#faq-2", who="Asha")
    ignore(tmp_path, "weather", who="Ravi")
    ignore(tmp_path, "Weather?", who="Asha")
    decisions = read_history(tmp_path)
    assert [(one.who, one.action, one.question, one.passage) for one in decisions] == [
        ("Asha", "accept", "who pays", "gratuity#faq-1"),
        ("Ravi", "draft", "is it mine", ""),
        ("Asha", "reject", "who pays", "gratuity#faq-2"),
        ("Ravi", "ignore", "weather", ""),
    ]
    undone = [undo(tmp_path, one.id, who="Ravi") for one in decisions]
    assert Decisions.read(tmp_path) == Decisions([], ["hello; there", "bye"], [])
    assert (tmp_path / IGNORED).read_bytes() == before
    undo(tmp_path, undone[0].id)
    assert Decisions.read(tmp_path).accepted == ["who pays"]
    holds = in_force(read_history(tmp_path))
    assert [holds[one.id] for one in (*decisions, *undone)] == [True, False, False, False, False, True, True, True]


def test_what_was_changed_by_hand_cannot_be_undone_twice(tmp_path: Path):
    ignore(tmp_path, "hello")
    (decision,) = read_history(tmp_path)
    (tmp_path / IGNORED).unlink()
    with pytest.raises(
        CorpusError, match=r"ignored-questions\.csv was changed since .*: there is nothing left to undo"
    ):
        undo(tmp_path, decision.id)
    with pytest.raises(CorpusError, match="There is no decision 'x'"):
        undo(tmp_path, "x")


def test_a_damaged_history_is_reported_with_its_line(tmp_path: Path):
    ignore(tmp_path, "hello")
    with (tmp_path / HISTORY).open("a") as file:
        file.write('{"action": "ignore"}\n')
    with pytest.raises(CorpusError, match=r"decisions\.jsonl:2 cannot be read .*: remove the line"):
        read_history(tmp_path)
