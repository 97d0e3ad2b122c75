"""The report on the question log and an editor's decisions, on a real index with real questions."""

import csv
import json
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from articles import GRATUITY, NOTICE, PROBATION
from command_line import Completed, articlebot
from quick_build import build, copy_folder

from bot import Bot
from bot.corpus import read_corpus
from bot.corpus.decisions.actions import accept, draft, ignore, reject
from bot.corpus.decisions.files import DRAFTS, Decisions
from bot.encoder import HashingEncoder
from bot.errors import CorpusError
from bot.evaluation.question_set import read_questions
from bot.index.generation import passage_by_id
from bot.settings import LogSettings
from bot.usage import clusters
from bot.usage.clusters import cluster
from bot.usage.logged_question import LoggedQuestion
from bot.usage.report import Report, make_report
from bot.usage.store import UsageStore

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
NOW = time.time()
DAY = 86_400
BUY_OUT = "notice-period#faq-can-a-notice-period-be-bought-out"
LEAVE = "notice-period#faq-does-leave-count-towards-the-notice-period"
PAYS = "gratuity#faq-who-pays-gratuity"


class Newsroom:
    """A corpus with its index and its question log."""

    def __init__(self, folder: Path, database: str) -> None:
        self.corpus, self.index, self.settings = folder / "corpus", folder / "index", folder / "articlebot.toml"
        self.settings.write_text(f'[log]\ndatabase = "{database}"\n', encoding="utf-8")
        self.bot, self.store = Bot.open(self.index), UsageStore(self.index, LogSettings(database=database))

    def build(self) -> None:
        build(self.corpus, self.index)
        self.bot = Bot.open(self.index)

    def asked(
        self,
        question: str,
        conversation: str | None = None,
        *,
        ago: float = DAY,
        helpful: bool | None = None,
        **facts: object,
    ) -> LoggedQuestion:
        """Ask a question, and log it with a time in the past."""
        answer = self.bot.ask(question)
        passages = tuple(source.passage.id for source in answer.sources)
        entry = LoggedQuestion(
            uuid4().hex,
            NOW - ago,
            question,
            answer.status,
            answer.probability,
            passages,
            answer.generation,
            1.0,
            "chat",
            conversation,
            answer.corrected,
        )
        entry = replace(entry, **facts)
        self.store.add(entry)
        if helpful is not None:
            self.store.vote(entry, helpful=helpful)
        return entry

    def report(self, days: float = 7) -> Report:
        self.store.flush()
        return make_report(
            self.store, self.bot.retriever.finder(), NOW - days * DAY, NOW, 0.5, Decisions.read(self.corpus)
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newsroom")
    (folder / "corpus").mkdir()
    for name, text in {"notice": NOTICE, "gratuity": GRATUITY, "probation": PROBATION}.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build(folder / "corpus", folder / "index")
    return folder


@pytest.fixture
def newsroom(built: Path, tmp_path: Path, database: str) -> Newsroom:
    copy_folder(built, tmp_path)
    return Newsroom(tmp_path, database)


def test_similar_unanswered_questions_are_grouped_with_the_nearest_passage(newsroom: Newsroom):
    for conversation in ("a", "b"):
        newsroom.asked("how do I apply for a passport", conversation)
    newsroom.asked("How do I apply for a passport?", "c")
    newsroom.asked("how can one apply for passports", "d")
    newsroom.asked("best biryani in Hyderabad", "d")
    newsroom.asked("how to apply for a passport", "z", ago=10 * DAY)
    newsroom.asked("who pays gratuity", "a")
    newsroom.asked("thanks", "a", status="small_talk")
    report = newsroom.report()
    passport, biryani = report.gaps
    assert (passport.question, passport.times, passport.before, passport.conversations) == (
        "how do I apply for a passport",
        4,
        1,
        4,
    )
    assert set(passport.examples) == {"how do I apply for a passport", "how can one apply for passports"}
    assert (passport.unanswered, passport.ambiguous, passport.unsure, passport.unhelpful) == (4, 0, 0, 0)
    assert passport.why.startswith("no article has the word 'apply' or 'passport'; no passage is on this subject")
    assert [near.probability for near in passport.nearest] == sorted(
        (near.probability for near in passport.nearest), reverse=True
    )
    assert passage_by_id(newsroom.bot.generation.table, passport.nearest[0].passage) is not None
    assert (biryani.question, biryani.times, biryani.before) == ("best biryani in Hyderabad", 1, 0)
    assert report.statuses == {"no_answer": 5, "answered": 1, "small_talk": 1}
    assert (report.questions, report.most_asked[0].question, report.most_asked[0].times) == (
        7,
        "how do I apply for a passport",
        3,
    )


def test_uncertain_ambiguous_and_unhelpful_answers_are_gaps_and_certain_ones_are_not(newsroom: Newsroom):
    newsroom.asked("who pays gratuity", helpful=False)
    newsroom.asked("how long does probation last", helpful=True)
    newsroom.asked("leave and notice", status="answered", passages=(BUY_OUT,), probability=0.6)
    newsroom.asked("what about the letter", status="ambiguous", passages=(), probability=0.7)
    newsroom.asked("where to park a car", status="closest", passages=(LEAVE,), probability=0.3)
    report = newsroom.report()
    assert {gap.question: (gap.closest, gap.ambiguous, gap.unsure, gap.unhelpful) for gap in report.gaps} == {
        "who pays gratuity": (0, 0, 0, 1), "leave and notice": (0, 0, 1, 0), "what about the letter": (0, 1, 0, 0),
        "where to park a car": (1, 0, 0, 0),
    }  # fmt: skip
    assert LEAVE in report.never_found


def test_ignored_questions_are_left_out(newsroom: Newsroom):
    newsroom.asked("best biryani in Hyderabad")
    newsroom.asked("how do I apply for a passport")
    ignore(newsroom.corpus, "Best biryani in Hyderabad?")
    ignore(newsroom.corpus, "best biryani in hyderabad")
    assert Decisions.read(newsroom.corpus).set_aside == ["Best biryani in Hyderabad?"]
    assert [gap.question for gap in newsroom.report().gaps] == ["how do I apply for a passport"]
    newsroom.build()
    assert not [refused for refused in read_corpus(newsroom.corpus).refused if "ignored" in refused.file]


def test_the_report_lists_unused_faqs_repaired_questions_and_changed_answers(newsroom: Newsroom):
    newsroom.asked("can a notice perod be bougt out")
    newsroom.asked("who pays gratuity")
    for _ in range(3):
        newsroom.asked("who pays gratuity", helpful=False)
        newsroom.asked("who pays gratuity", helpful=True, ago=9 * DAY)
    report = newsroom.report()
    assert (report.faqs, len(report.never_found)) == (5, 3)
    assert not {BUY_OUT, PAYS} & set(report.never_found)
    assert report.only_corrected == (BUY_OUT,)
    assert [
        (one.passage, one.helpful, one.unhelpful, one.helpful_before, one.unhelpful_before) for one in report.turned
    ] == [(PAYS, 0, 3, 3, 0)]


def clicks(
    newsroom: Newsroom, question: str, then: str, conversations: int, *, after: float = 20, ago: float = DAY
) -> None:
    for number in range(conversations):
        newsroom.asked(question, f"{question}{then}{number}", ago=ago)
        newsroom.asked(then, f"{question}{then}{number}", ago=ago - after)


def test_clicks_after_a_question_propose_an_alternate(newsroom: Newsroom):
    question = "jldi naukri chhodna hai paise dekar"
    assert newsroom.asked(question, "x").status == "no_answer"
    clicks(newsroom, question, "Can a notice period be bought out?", 3)
    (proposal,) = newsroom.report().proposals
    assert (proposal.question, proposal.passage, proposal.asks) == (
        question,
        BUY_OUT,
        "Can a notice period be bought out?",
    )
    assert (proposal.conversations, proposal.signs) == (4, 3)


@pytest.mark.parametrize("case", ["two conversations", "signs disagree", "another question", "much later"])
def test_too_few_conversations_that_agree_propose_nothing(newsroom: Newsroom, case: str):
    question, faq = "jldi naukri chhodna hai paise dekar", "Can a notice period be bought out?"
    match case:
        case "two conversations":
            clicks(newsroom, question, faq, 2)
        case "signs disagree":
            clicks(newsroom, question, faq, 2)
            clicks(newsroom, question, "Who pays gratuity?", 2)
        case "another question":
            clicks(newsroom, question, "so who pays the gratuity then", 4)
        case "much later":
            clicks(newsroom, question, faq, 4, after=3000)
    assert newsroom.report().gaps
    assert newsroom.report().proposals == ()


def test_an_accepted_alternate_is_answered_after_the_next_build_and_not_proposed_again(newsroom: Newsroom):
    question = "jldi naukri chhodna hai paise dekar"
    clicks(newsroom, question, "Can a notice period be bought out?", 3)
    accept(newsroom.corpus, question, BUY_OUT, who="Asha")
    accept(newsroom.corpus, f"{question}?", BUY_OUT, who="Asha")
    with (newsroom.corpus / "alternates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["question"], row["passage"], row["who"]) for row in rows] == [(question, BUY_OUT, "Asha")]
    assert rows[0]["when"] == time.strftime("%Y-%m-%d")
    newsroom.build()
    assert newsroom.bot.ask(question).sources[0].passage.id == BUY_OUT
    assert (newsroom.report().proposals, newsroom.report().gaps) == ((), ())


def test_questions_that_the_articles_answer_by_now_are_reported(newsroom: Newsroom):
    newsroom.asked("Can a notice period be bought out?", status="no_answer", passages=(), probability=0.2)
    assert newsroom.report().gaps[0].why == "today a passage seems to answer it: see whether it does"


def test_a_faq_far_from_the_question_is_proposed_only_by_most_visitors(newsroom: Newsroom):
    far, near = "enga ooru eppo varum", "may I buy my way out of the notice"
    for question in (far, near):
        clicks(newsroom, question, "Can a notice period be bought out?", 3)
        for number in range(4):
            newsroom.asked(question, f"{question} {number}", status="no_answer", passages=())
    assert BUY_OUT in [hit.passage.id for hit in newsroom.bot.retriever.search(near, k=5)]
    assert [proposal.question for proposal in newsroom.report().proposals] == [near]


def test_a_rejected_alternate_is_reported_and_not_proposed_again(newsroom: Newsroom):
    question = "jldi naukri chhodna hai paise dekar"
    clicks(newsroom, question, "Can a notice period be bought out?", 3)
    assert [(one.question, one.passage) for one in newsroom.report().proposals] == [(question, BUY_OUT)]
    reject(newsroom.corpus, f"{question}?", PAYS)
    assert len(newsroom.report().proposals) == 1
    reject(newsroom.corpus, f"{question}?", BUY_OUT)
    assert (newsroom.report().proposals, [gap.question for gap in newsroom.report().gaps]) == ((), [question])
    newsroom.build()
    assert not [refused for refused in read_corpus(newsroom.corpus).refused if "rejected" in refused.file]


def test_proposals_are_accepted_automatically_only_with_the_option(newsroom: Newsroom):
    question = "jldi naukri chhodna hai paise dekar"
    clicks(newsroom, question, "Can a notice period be bought out?", 3)
    newsroom.store.flush()
    command(newsroom)
    assert not (newsroom.corpus / "alternates.csv").exists()
    printed = command(newsroom, "--accept-proposed")
    assert printed.stderr == f"accepted: {question} → Can a notice period be bought out?\n"
    with (newsroom.corpus / "alternates.csv").open(encoding="utf-8") as file:
        assert [(row["question"], row["passage"], row["who"]) for row in csv.DictReader(file)] == [
            (question, BUY_OUT, "articlebot")
        ]


def test_an_unreadable_table_is_named(newsroom: Newsroom):
    (newsroom.corpus / "ignored-questions.csv").write_text('question\n"open\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"ignored-questions\.csv:2 cannot be read .*: save it as CSV in UTF-8"):
        newsroom.report()


def test_accepted_questions_guard_later_builds(newsroom: Newsroom):
    accept(newsroom.corpus, "jldi naukri chhodna hai paise dekar", BUY_OUT)
    newsroom.build()
    alternates = newsroom.corpus / "alternates.csv"
    (asked,) = read_questions(alternates)
    assert (asked.text, asked.expected) == ("jldi naukri chhodna hai paise dekar", {BUY_OUT: 1})
    served = newsroom.bot.generation.name
    (newsroom.corpus / "notice.md").unlink()
    where = ("--corpus", str(newsroom.corpus), "--index", str(newsroom.index))
    refused = articlebot("build", *where, "--guard", str(alternates), cwd=ROOT)
    assert refused.returncode == 1
    assert "hit@1" in refused.stderr
    assert Bot.open(newsroom.index).generation.name == served


def test_a_table_of_alternates_with_two_columns_keeps_its_columns(newsroom: Newsroom):
    path = newsroom.corpus / "alternates.csv"
    path.write_text(f'question,passage\n"who gives it, the gratuity",{PAYS}', encoding="utf-8")
    accept(newsroom.corpus, 'is "gratuity" = theirs, or mine', PAYS)
    assert path.read_text(encoding="utf-8") == (
        f'question,passage\n"who gives it, the gratuity",{PAYS}\n"is ""gratuity"" = theirs, or mine",{PAYS}\n'
    )
    assert len(read_corpus(newsroom.corpus).alternates) == 2


def test_an_alternate_for_an_unknown_passage_is_refused(newsroom: Newsroom):
    passage = "no-such#faq"
    where = ("--index", str(newsroom.index), "--corpus", str(newsroom.corpus))
    refused = articlebot("questions", "accept", "is it mine", passage, *where, cwd=ROOT)
    advice = "name the id of one, as articlebot search --json shows it"
    assert (refused.returncode, refused.stderr) == (1, f"articlebot: There is no passage {passage!r}: {advice}.\n")
    assert not (newsroom.corpus / "alternates.csv").exists()


def test_a_draft_faq_waits_in_a_table_and_is_read_once_it_has_an_answer(newsroom: Newsroom):
    path = draft(newsroom.corpus, "How do I apply for a passport?")
    draft(newsroom.corpus, "how do i apply for a passport")
    newsroom.build()
    (refused,) = read_corpus(newsroom.corpus).refused
    assert (refused.file, refused.reason) == (DRAFTS, "waits for its answer")
    assert newsroom.bot.ask("how do I apply for a passport").status == "no_answer"
    path.write_text(
        path.read_text(encoding="utf-8").replace("passport?,", "passport?,On the government's own site."),
        encoding="utf-8",
    )
    newsroom.build()
    assert newsroom.bot.ask("how do I apply for a passport").text == "On the government's own site."


def test_questions_beyond_the_clustering_limit_join_the_nearest_group(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters, "_MAX_LINKED", 4)
    words = [
        "probation period length",
        "gratuity paid",
        "length of probation period",
        "notice buyout",
        "gratuity paid who",
        "casual leave",
        "leave casual",
    ]
    groups = cluster(HashingEncoder().encode_questions(words))
    assert groups == [[0, 2], [1, 4], [3], [5], [6]]
    assert cluster(np.empty((0, 256), np.float32)) == []


def command(newsroom: Newsroom, *words: str) -> Completed:
    where = ["--index", newsroom.index, "--corpus", newsroom.corpus, "--settings", newsroom.settings]
    return articlebot("questions", *words, *map(str, where), cwd=ROOT)


def test_the_command_line_prints_exports_and_deletes_questions(newsroom: Newsroom, tmp_path: Path):
    newsroom.asked("=HYPERLINK(biryani) in Hyderabad", "a")
    newsroom.asked("how do I apply for a passport", "b")
    newsroom.asked("who pays gratuity", "b")
    newsroom.store.flush()
    printed = command(newsroom).stdout
    assert printed.startswith("3 questions, ")
    assert "1    new  how do I apply for a passport  (1 no answer)\n" in printed
    assert printed.endswith("FAQs that answered nothing: 4 of 5\n")
    facts = json.loads(command(newsroom, "--json", "--since", "48h").stdout)
    assert {gap["question"] for gap in facts["gaps"]} == {
        "=HYPERLINK(biryani) in Hyderabad",
        "how do I apply for a passport",
    }
    command(newsroom, "--csv", str(tmp_path / "gaps.csv"))
    with (tmp_path / "gaps.csv").open(encoding="utf-8-sig") as file:
        rows = {row["question"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"'=HYPERLINK(biryani) in Hyderabad", "how do I apply for a passport"}
    assert rows["how do I apply for a passport"]["unanswered"] == "1"
    forget = partial(articlebot, "forget", "--index", str(newsroom.index), "--settings", str(newsroom.settings))
    assert forget("PASSPORT", "--yes").stdout == "1 question forgotten\n"
    assert forget("--conversation", "b", "--yes").stdout == "1 question forgotten\n"
    assert [entry.conversation for entry in newsroom.store.questions()] == ["a"]


def test_a_report_without_questions_is_empty(newsroom: Newsroom):
    empty = command(newsroom)
    assert (empty.returncode, empty.stdout.splitlines()[0].startswith("0 questions, ")) == (0, True)


def test_an_editor_decides_on_the_command_line(newsroom: Newsroom):
    for words in (
        ["accept", "jldi chhodna", BUY_OUT, "--index", str(newsroom.index), "--who", "A"],
        ["draft", "passport?"],
        ["ignore", "biryani"],
        ["reject", "who pays", PAYS],
    ):
        done = articlebot("questions", *words, "--corpus", str(newsroom.corpus), cwd=ROOT)
        assert done.returncode == 0
        assert done.stderr.startswith(f"written to {newsroom.corpus}")
    assert [alternate.question for alternate in read_corpus(newsroom.corpus).alternates] == ["jldi chhodna"]
    assert Decisions.read(newsroom.corpus) == Decisions(
        ["jldi chhodna"], ["passport?", "biryani"], [("who pays", PAYS)]
    )
