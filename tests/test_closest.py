"""Every door says that the closest passage may not be the answer; the log does not count it as one."""

import re
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from test_usage import answer_counts

from bot.answering.answer import Answer, Source
from bot.cli.asking import answer_text
from bot.corpus.article import Article, Faq
from bot.passages import Passage
from bot.serve.api.openai_api import _markdown
from bot.serve.page.conversation import Conversation, Exchange
from bot.serve.page.messages import Message, answer_message
from bot.serve.texts import load_texts
from bot.usage.gaps import Gap, kinds_of
from bot.usage.logged_question import LoggedQuestion, QuestionStats
from bot.usage.report import Report, _answers
from bot.usage.report_text import report_text, write_csv
from bot.usage.store import UsageStore

WORDS = "The employer pays it, not the provident fund."
TEXT = f"Gratuity is a lump sum.\n\n{WORDS}\n\nIt is paid within thirty days."
ARTICLE = Article(
    "gratuity", "gratuity.md", "Gratuity", TEXT, url="https://example.com/gratuity/", published=date(2025, 12, 1),
    category="EPFO", faqs=(Faq("Who pays gratuity?", 25, 25 + len(WORDS)),),
)  # fmt: skip
FAQ = Passage(
    "gratuity#faq-who-pays-gratuity", "faq", ARTICLE, ("FAQs",), WORDS, 25, 25 + len(WORDS), "Who pays gratuity?"
)
SECTION = Passage("gratuity#section-1", "section", ARTICLE, (), TEXT, 0, len(TEXT))


def closest(passage: Passage = FAQ, quote: tuple[int, int] = (0, len(WORDS)), **facts: object) -> Answer:
    """An answer of status closest, as `Bot.ask` returns it."""
    source = Source(passage, 0.31, 1.0, {}, quote, quote)
    answer = Answer(
        "a1", "closest", "is gratuity taxed", source.words, 0.31, (source,), ("When is gratuity due?",), "g1"
    )
    return replace(answer, **facts)


CLOSEST = closest()
OF_SECTION = closest(SECTION, (25, 25 + len(WORDS)))
ANSWERED = replace(OF_SECTION, status="answered")
EN, HI = load_texts()["en"], load_texts()["hi"]
NOTICE = "The articles do not say this in so many words. This passage comes closest:"


def shown(answer: Answer, code: str = "en", *, votes: bool = True) -> Message:
    return answer_message(Exchange.of(answer), load_texts()[code], votes=votes)


@pytest.mark.parametrize(("code", "notice", "meant"), [
    ("en", NOTICE, "Did you mean …?"),
    ("hi", "लेखों में इसका सीधा जवाब नहीं है। सबसे मिलता-जुलता अंश यह है:", "क्या आप यह पूछना चाहते थे …?"),
])  # fmt: skip
def test_the_chat_says_it_above_the_quote_and_offers_the_nearest_questions(code: str, notice: str, meant: str):
    message = shown(CLOSEST, code)
    content = message["content"]
    assert content.startswith(
        f'<div class="answer closest" lang="{code}" id="answer-a1"><div class="none">{notice}</div>'
    )
    assert content.index(notice) < content.index("Who pays gratuity?") < content.index(WORDS) < content.index("origin")
    assert content.endswith(f'<div class="note">{meant}</div></div>')
    assert message["options"] == [{"value": "When is gratuity due?", "label": "When is gratuity due?"}]


@pytest.mark.parametrize("answer", [CLOSEST, OF_SECTION])
def test_the_chat_never_calls_the_closest_passage_an_answer(answer: Answer):
    content = shown(answer)["content"]
    assert 'class="sure"' not in content
    assert EN["from_article"] not in content
    assert EN["no_answer"] not in content
    assert "https://example.com/gratuity/#:~:text=" in content


@pytest.mark.parametrize("probability", [0.5, 0.6, 0.95])
def test_an_answer_of_a_section_is_called_one_however_likely(probability: float):
    source = replace(ANSWERED.sources[0], probability=probability)
    content = shown(replace(ANSWERED, sources=(source,), probability=probability))["content"]
    assert re.search(rf'<div class="sure">[^<]*{re.escape(EN["from_article"])}</div>', content)
    assert (EN["likely"] in content) is (probability < 0.7)
    assert NOTICE not in content
    assert "closest" not in content


def test_without_near_questions_the_chat_does_not_ask_what_was_meant():
    message = shown(replace(CLOSEST, suggestions=()))
    assert EN["ambiguous"] not in message["content"]
    assert (NOTICE in message["content"], message["options"]) == (True, [])


def test_visitors_may_vote_on_the_closest_passage():
    assert 'class="helpful"' in shown(CLOSEST)["content"]
    assert 'class="helpful"' not in shown(CLOSEST, votes=False)["content"]


def test_a_conversation_with_it_survives_in_the_browser():
    conversation = Conversation().with_exchange(Exchange.of(CLOSEST))
    assert Conversation.load(conversation.dump()) == conversation
    assert conversation.exchanges[0].answer.status == "closest"


def test_the_command_line_says_it_and_names_the_question_that_the_words_answer():
    assert answer_text(CLOSEST.to_dict()).splitlines() == [
        NOTICE, "", "  Who pays gratuity?", f"  {WORDS}",
        "", "— Gratuity › FAQs · EPFO · published 2025-12-01", CLOSEST.to_dict()["sources"][0]["link"],
        "", "Did you mean:", "  When is gratuity due?",
    ]  # fmt: skip
    assert answer_text(OF_SECTION.to_dict()).startswith(f"{NOTICE}\n\n  {WORDS}\n\n— Gratuity · EPFO")
    assert answer_text(ANSWERED.to_dict()).startswith(f"{WORDS}\n\n— Gratuity · EPFO")


def test_the_openai_api_quotes_it_below_the_notice():
    notice, quoted, source, meant, questions = _markdown(CLOSEST, EN).split("\n\n")
    assert (notice, quoted) == (NOTICE, f"> **Who pays gratuity?**\n> \n> {WORDS}")
    assert source.startswith("— [Gratuity](https://example.com/gratuity/#:~:text=")
    assert (meant, questions) == ("Did you mean …?", "- When is gratuity due?")
    assert _markdown(OF_SECTION, EN).startswith(f"{NOTICE}\n\n> {WORDS}\n\n— [Gratuity]")
    assert _markdown(ANSWERED, EN).startswith(f"{WORDS}\n\n— [Gratuity]")
    assert _markdown(CLOSEST, HI).startswith(HI["closest"])


def test_instructions_to_agents_and_the_schema_explain_it():
    from pydantic import TypeAdapter

    from bot.answering import schema
    from bot.serve.api.mcp_server import _ASK, _INSTRUCTIONS

    assert "closest, the text may not answer the question: if you quote it, say so." in _INSTRUCTIONS
    assert "not claimed to answer" in _ASK
    described = TypeAdapter(schema.Answer).json_schema()["properties"]
    assert described["status"]["enum"] == ["answered", "closest", "ambiguous", "no_answer"]
    assert "with status closest they may not answer, so say so" in described["text"]["description"]


@pytest.mark.slow
def test_the_editor_sees_in_the_playground_what_visitors_see():
    from bot.serve.editor.question_html import answer_html

    shown = {answer.status: answer_html(answer) for answer in (CLOSEST, ANSWERED)}
    assert all(WORDS in each for each in shown.values())
    assert "31%" in shown["closest"]
    assert "closest passage only" in shown["closest"]
    assert "closest" not in shown["answered"]


@pytest.mark.parametrize(
    ("status", "probability", "votes", "kinds"),
    [
        ("closest", 0.31, (0, 0), {"closest": 4}),
        ("closest", 0.31, (2, 0), {"closest": 4}),
        ("closest", 0.31, (0, 2), {"closest": 4, "unhelpful": 2}),
        ("answered", 0.6, (0, 0), {"unsure": 4}),
        ("answered", 0.9, (0, 0), {}),
        ("answered", 0.9, (1, 1), {}),
        ("answered", 0.9, (0, 1), {"unhelpful": 1}),
        ("no_answer", 0.1, (0, 0), {"no_answer": 4}),
        ("ambiguous", 0.9, (0, 0), {"ambiguous": 4}),
        ("small_talk", 0.1, (0, 0), {}),
    ],
)
def test_what_was_not_answered_well_is_counted_by_kind_and_a_vote_once(
    status: str, probability: float, votes: tuple[int, int], kinds: dict[str, int]
):
    assert kinds_of(QuestionStats("is gratuity taxed", status, (FAQ.id,), 4, *votes, probability, 0)) == kinds


def test_a_passage_that_only_came_closest_has_answered_nothing():
    answered, near = (
        QuestionStats(question, status, (FAQ.id,), 1, 0, 0, 0.5, 0)
        for question, status in (("who pays gratuity", "answered"), ("is gratuity taxed", "closest"))
    )
    assert _answers([near, answered]) == [answered]


def test_the_log_keeps_the_status_and_does_not_count_the_faq_as_frequently_asked(tmp_path: Path):
    def logged(ident: str, status: str) -> LoggedQuestion:
        return LoggedQuestion(ident, time.time(), ident, status, 0.31, (FAQ.id,), "g1", 1.0, "chat")  # type: ignore[arg-type]

    store = UsageStore(tmp_path)
    for number in range(3):
        store.add(logged(f"near {number}", "closest"))
    store.flush()
    assert answer_counts(store) == {}
    assert [(one.status, one.passages) for one in store.questions()] == [("closest", (FAQ.id,))] * 3
    store.vote("near 0", helpful=True)
    # That it helped is a sign that the question means the FAQ.
    assert store.evidence(["near 0"], 0, 2 * time.time()).liked == {("near 0", FAQ.id): 1}
    store.add(logged("sure", "answered"))
    store.flush()
    assert answer_counts(store) == {FAQ.id: 1}


def test_the_report_counts_it_in_words_and_in_a_column_of_its_own(tmp_path: Path):
    counts = {"unanswered": 1, "closest": 3, "ambiguous": 0, "unsure": 0, "unhelpful": 0}
    gap = Gap("is gratuity taxed", 4, 0, 2, **counts, examples=("is gratuity taxed",), nearest=(), why="nothing near")
    report = Report(0.0, 1.0, 4, {"closest": 3, "no_answer": 1}, (gap,), 0, (), (), (), 1, (), ())
    text = report_text(report)
    assert "4 questions, 1970-01-01 00:00 to 1970-01-01 00:00 UTC: 3 closest, 1 no answer" in text
    assert "is gratuity taxed  (1 no answer, 3 closest)" in text
    write_csv(tmp_path / "gaps.csv", report)
    head, row = (tmp_path / "gaps.csv").read_text(encoding="utf-8-sig").splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=True))["closest"] == "3"
