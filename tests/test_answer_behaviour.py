"""Answer behaviour: small talk, "did you mean", newer articles, suggestions, and lists without near-duplicates."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from articles import CARD
from quick_build import build
from tiny_model import make_tiny_reranker

from bot import Bot, Hit, Retriever
from bot.answering.ambiguity import meanings
from bot.cli.asking import answer_text
from bot.errors import MissingExtra, ModelError
from bot.languages.registry import SmallTalk, reply, small_talk
from bot.passages import context
from bot.retrieval.diversity import diverse
from bot.retrieval.near_duplicates import same_question
from bot.retrieval.query_rewriting import QueryVariant
from bot.retrieval.reranker import CrossEncoderReranker
from bot.retrieval.search_result import SearchResult
from bot.settings import AnswerSettings

pytestmark = pytest.mark.slow

HELP = SmallTalk("help", "en")
ABOUT_ENGLISH = "in the words of the articles, with their source."
ABOUT_HINGLISH = "jude sawaalon ke jawaab lekhon ke shabdon mein, srot ke saath deta hoon."


def kind_of(message: str) -> str | None:
    talk = small_talk(message)
    return talk.kind if talk else None


RULES_2023 = """---
title: Casual leave rules
date: 2023-03-01
category: HRM
url: https://example.com/leave-2023/
related: [payslip]
---

Casual leave is for short personal needs.

## FAQs

### How many days of casual leave are allowed in a year?

Twelve days in a calendar year.

### Who approves casual leave?

The reporting manager approves it.
"""

RULES_2025 = """---
title: Casual leave after the new policy
date: 2025-06-01
category: HRM
url: https://example.com/leave-2025/
---

The new policy came in June.

## FAQs

### How many casual leave days are allowed per year?

Fifteen days, eight of them in the first half of the year.

### Who approves casual leave?

The reporting manager approves it.
"""

PAYSLIP = """---
title: Payslip
date: 2024-01-01
category: HRM
---

## FAQs

### What does a payslip show?

It shows earnings, deductions and net pay.

### Is casual leave shown on the payslip?

Most payslips show the leave that is left.

### How many days of casual leave are allowed in one year?

See the rules.
"""

ABOUT = """---
title: About this page
category: About
---

## FAQs

### Who are you?

We are a small team of writers in Pune.

### Can the admit card be sent by post?

No.
"""

NO_VECTOR = np.zeros(384, np.float32)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("behaviour")
    (folder / "corpus").mkdir()
    for name, text in {
        "leave-2023": RULES_2023,
        "leave-2025": RULES_2025,
        "payslip": PAYSLIP,
        "card": CARD,
        "about": ABOUT,
    }.items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build(folder / "corpus", folder / "index")
    return folder / "index"


@pytest.fixture(scope="module")
def polite(index: Path) -> Bot:
    return Bot.open(index)


@pytest.mark.parametrize(
    ("message", "talk"),
    [
        ("hello", "greeting"),
        ("Hello there!", "greeting"),
        ("hii", "greeting"),
        ("good morning sir", "greeting"),
        ("namaste", "greeting"),
        ("नमस्ते", "greeting"),
        ("thanks!!", "thanks"),
        ("thank you so much for your help", "thanks"),
        ("ok thanks bye", "farewell"),
        ("that’s all, thanks", "farewell"),
        ("Hi, who are you?", "identity"),
        ("are you a human or a bot", "identity"),
        ("hey how are you", "mood"),
        ("help", "help"),
        ("what can you do for me?", "help"),
        ("ok", "filler"),
        ("yes", "filler"),
        ("talk to a human", "contact"),
        ("give me phone number of support", "contact"),
        ("you are wrong", "complaint"),
        ("this is not what I asked", "complaint"),
        ("stupid app waste of my time", "complaint"),
        ("who made you", "identity"),
    ],
)
def test_small_talk_is_recognized_by_the_whole_message(message: str, talk: str):
    assert kind_of(message) == talk


@pytest.mark.parametrize(
    ("message", "talk"),
    [
        ("namaste ji", "greeting"),
        ("नमस्कार", "greeting"),
        ("राम राम भाई", "greeting"),
        ("aap kaun ho", "identity"),
        ("आप कौन हैं?", "identity"),
        ("tumhara naam kya hai", "identity"),
        ("kya aap insaan ho", "identity"),
        ("kaise ho bhai", "mood"),
        ("आप कैसे हैं", "mood"),
        ("kya haal hai", "mood"),
        ("dhanyawad", "thanks"),
        ("bahut bahut dhanyavaad aapka", "thanks"),
        ("बहुत धन्यवाद जी", "thanks"),
        ("shukriya madad ke liye", "thanks"),
        ("madad chahiye", "help"),
        ("मुझे मदद चाहिए", "help"),
        ("aap kya kar sakte ho", "help"),
        ("mujhe ek sawal puchna hai", "help"),
        ("phir milenge", "farewell"),
        ("अलविदा", "farewell"),
        ("theek hai", "filler"),
        ("ठीक है", "filler"),
        ("bakwas", "complaint"),
        ("यह गलत है", "complaint"),
        ("mujhe kisi insaan se baat karni hai", "contact"),
        ("achha samajh gaya", "filler"),
        ("haan ji", "filler"),
        ("hello bhai kaise ho", "mood"),
    ],
)
def test_small_talk_is_recognized_in_hindi_in_any_spelling(message: str, talk: str):
    assert kind_of(message) == talk


@pytest.mark.parametrize(
    "question",
    ["pf kaise nikale", "namaste, pf kaise nikale", "नमस्ते, नोटिस पीरियड कितना होता है", "kya", "kya hai",
     "PF me madad chahiye", "naam kya likhe form me", "aap ka office kahan hai", "नाम गलत है",
     "kaun sign karta hai", "thik se batao pf kitna katta hai", "he who is ill", "salary"],
)  # fmt: skip
def test_a_hindi_question_is_not_small_talk(question: str):
    assert small_talk(question) is None


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("नमस्ते", "नमस्ते! मैं HRM और EPFO से जुड़े सवालों के जवाब लेखों के शब्दों में, स्रोत के साथ देता हूँ।"),
        ("kaise ho", f"Yahan sab theek hai, dhanyavaad. Main HRM aur EPFO se {ABOUT_HINGLISH}"),
        ("how are you", f"All well here, thank you. I answer questions about HRM and EPFO {ABOUT_ENGLISH}"),
    ],
)
def test_small_talk_is_answered_in_its_own_language_and_script(message: str, sentence: str):
    talk = small_talk(message)
    assert talk is not None
    assert reply(talk, ["HRM", "EPFO"]) == sentence


@pytest.mark.parametrize(
    "question",
    ["hello, how long is probation?", "thank you letter format", "is this real", "what is this?",
     "how does it work", "help with pf claim", "who are you hiring", "good company to work for", "what do you offer",
     "no dues certificate", "?!", " ".join(["please"] * 40)],
)  # fmt: skip
def test_a_question_is_not_small_talk(question: str):
    assert small_talk(question) is None


def test_small_talk_is_answered_with_the_largest_categories_and_example_questions(polite: Bot):
    answer = polite.ask("hello!")
    assert (answer.status, answer.text, answer.sources, answer.categories) == ("no_answer", "", (), ())
    assert (
        answer.reply
        == "Hello! I answer questions about HRM, About and Admit Cards in the words of the articles, with their source."
    )
    assert answer.to_dict()["reply"] == answer.reply
    assert [polite.ask(question).status for question in answer.suggestions] == ["answered"] * 3


def test_at_most_three_categories_are_named():
    assert "HRM, EPFO, Web and more in the words" in reply(HELP, ["HRM", "EPFO", "Web", "Cards"])
    assert "about HRM in the words" in reply(HELP, ["HRM"])
    assert (
        reply(HELP, [])
        == "I answer questions in the words of the articles, with their source. Ask in a few words of your own."
    )


def test_a_real_question_after_a_greeting_is_answered(polite: Bot):
    assert polite.ask("hello, who approves casual leave?").text == "The reporting manager approves it."


def test_the_bot_replies_in_hindi_to_small_talk_in_hindi(polite: Bot):
    answer = polite.ask("आप कौन हैं?")
    assert (answer.status, answer.talk) == ("no_answer", "identity")
    assert (answer.reply or "").startswith("मैं एक प्रोग्राम हूँ, कोई व्यक्ति नहीं। मैं HRM, About और Admit Cards से जुड़े")


def test_a_faq_that_matches_small_talk_is_answered_from_the_corpus(polite: Bot):
    answer = polite.ask("who are you")
    assert (answer.status, answer.text, answer.reply) == ("answered", "We are a small team of writers in Pune.", None)


def test_small_talk_between_two_questions_does_not_end_their_topic(polite: Bot):
    history = ["How do I correct my photo on the admit card?"]
    assert (
        polite.ask("and when is it done?", [*history, "thanks"]).topic
        == polite.ask("and when is it done?", history).topic
        == history[0]
    )


def test_a_question_that_fits_three_faqs_equally_is_ambiguous(polite: Bot):
    answer = polite.ask("correct my admit card")
    assert (answer.status, answer.text, answer.sources) == ("ambiguous", "", ())
    assert len(answer.did_you_mean) == 3
    assert set(answer.did_you_mean) < {
        f"How do I correct my {what} on the admit card?" for what in ("name", "photo", "signature", "category")
    }
    assert answer.to_dict()["did_you_mean"] == list(answer.did_you_mean)


@pytest.mark.parametrize("offered", range(3))
def test_each_offered_question_is_answered(polite: Bot, offered: int):
    question = polite.ask("correct my admit card").did_you_mean[offered]
    answer = polite.ask(question, ["correct my admit card"])
    assert (answer.status, answer.sources[0].passage.question) == ("answered", question)


def test_a_clear_question_is_answered_at_once(polite: Bot):
    assert polite.ask("my photo on the admit card is wrong").text == "Upload a new photo during the correction window."


def hit(bot: Bot, question: str, score: float, probability: float = 0.6, best: float = 0.5) -> Hit:
    """Return the hit of a FAQ with the given score, probability and similarity."""
    (passage,) = (hit.passage for hit in bot.retriever.search(question, 1))
    assert passage.question == question
    return Hit(passage, probability, score, {"best": best})


NAME, PHOTO, SIGNATURE = (f"How do I correct my {what} on the admit card?" for what in ("name", "photo", "signature"))


@pytest.mark.parametrize(
    ("scores", "probability", "nearest", "meant"),
    [
        ((0.5, 0.492, 0.482), 0.6, (0.5, 0.5, 0.5), 3),
        ((0.5, 0.492, 0.47), 0.6, (0.5, 0.5, 0.5), 0),
        ((0.5, 0.492, 0.47), 0.6, (0.5, 0.53, 0.5), 2),
        ((0.5, 0.492, 0.482), 0.8, (0.5, 0.5, 0.5), 0),
        ((0.5, 0.3, 0.2), 0.6, (0.5, 0.9, 0.9), 0),
    ],
)
def test_an_ambiguous_question_has_close_scores_and_uncertain_hits(
    polite: Bot, scores: tuple[float, ...], probability: float, nearest: tuple[float, ...], meant: int
):
    hits = tuple(
        hit(polite, *each) for each in zip((NAME, PHOTO, SIGNATURE), scores, (probability,) * 3, nearest, strict=True)
    )
    assert (
        meanings(
            polite.retriever.generation,
            "something else is wrong",
            SearchResult(hits, NO_VECTOR, (QueryVariant("something else is wrong"),)),
            0.5,
        )
        == hits[:meant]
    )


def test_faqs_that_ask_the_same_have_one_meaning(polite: Bot):
    questions = (
        "How many days of casual leave are allowed in a year?",
        "How many casual leave days are allowed per year?",
        NAME,
    )
    hits = tuple(hit(polite, question, 0.5) for question in questions)
    assert (
        meanings(polite.retriever.generation, "leave", SearchResult(hits, NO_VECTOR, (QueryVariant("leave"),)), 0.5)
        == ()
    )


def test_a_newer_article_answers_the_question_of_an_older_one(polite: Bot):
    answer = polite.ask("How many days of casual leave are allowed in a year?")
    assert (answer.text, answer.sources[0].passage.article.published, answer.newer) == (
        "Fifteen days, eight of them in the first half of the year.",
        date(2025, 6, 1),
        None,
    )


def test_an_answer_mentions_neither_older_articles_nor_newer_ones_on_other_subjects(polite: Bot):
    assert polite.ask("How many casual leave days are allowed per year?").newer is None
    assert polite.ask("What does a payslip show?").newer is None


def test_only_the_newer_of_two_articles_with_the_same_words_is_found(polite: Bot):
    hits = polite.retriever.search("Who approves casual leave?", 10)
    assert [hit.passage.article.id for hit in hits if hit.passage.question == "Who approves casual leave?"] == [
        "leave-2025"
    ]
    assert hits[0].passage.article.id == "leave-2025"


def test_the_newer_article_answers_a_question_that_two_articles_answer_differently(tmp_path: Path):
    (tmp_path / "corpus").mkdir()
    for year, days in ((2023, "Twelve days."), (2025, "Fifteen days, eight of them in the first half.")):
        question = "### How many days of leave are there?"
        text = f"---\ntitle: Leave rules\ndate: {year}-01-01\n---\n\n## FAQs\n\n{question}\n\n{days}\n"
        (tmp_path / "corpus" / f"leave-{year}.md").write_text(text, encoding="utf-8")
    build(tmp_path / "corpus", tmp_path / "index")
    answer = Bot.open(tmp_path / "index").ask("How many days of leave are there?")
    assert (answer.text, answer.newer) == ("Fifteen days, eight of them in the first half.", None)


def test_texts_that_differ_in_a_number_are_not_near_duplicates(polite: Bot):
    hits = polite.retriever.search("when is the admit card published", 10)
    found = {hit.passage.question: hit.passage for hit in hits}
    first, second = (
        found["When is the admit card of 2025 published?"],
        found["When is the admit card of 2026 published?"],
    )
    assert not same_question(polite.retriever.generation, first, second)


def test_one_article_does_not_fill_the_list_if_another_one_fits(polite: Bot):
    articles = [hit.passage.article.id for hit in polite.retriever.search("correct name on admit card sent by post", 4)]
    assert articles.count("card") < 4
    assert "about" in articles
    assert {
        hit.passage.article.id
        for hit in polite.retriever.search("correct name on admit card sent by post", 4, article="card")
    } == {"card"}


def test_one_article_may_fill_the_list_if_no_other_one_fits(polite: Bot):
    assert {hit.passage.article.id for hit in polite.retriever.search("correct my photo on the admit card", 4)} == {
        "card"
    }


def test_a_search_for_no_hits_or_without_candidates_returns_none(polite: Bot):
    import numpy as np

    assert diverse(polite.retriever.generation, np.array([0, 1]), np.array([0, 0]), np.array([0.1, 0.2]), 0) == []
    assert diverse(polite.retriever.generation, *[np.array([], np.int64)] * 2, np.array([]), 5) == []


def test_the_closest_faqs_are_shown_not_offered_and_their_question_is_answered(polite: Bot):
    answer = polite.ask("how many earned leaves in a year")
    questions = [source.passage.question for source in answer.sources]
    assert (answer.status, answer.suggestions, answer.categories) == ("closest", (), ())
    assert "How many days of casual leave are allowed in a year?" in questions
    suggested = polite.ask("How many days of casual leave are allowed in a year?")
    assert (suggested.status, suggested.text) == (
        "answered",
        "Fifteen days, eight of them in the first half of the year.",
    )


def test_the_categories_are_listed_if_no_question_is_near(polite: Bot):
    answer = polite.ask("best biryani in Hyderabad")
    assert (answer.status, answer.suggestions) == ("no_answer", ())
    assert answer.categories == ("HRM", "About", "Admit Cards")
    chosen = polite.ask("hrm")
    articles = polite.generation.table.listed("HRM", 0, 5)
    assert (chosen.status, chosen.did_you_mean) == ("ambiguous", tuple(dict.fromkeys(each.title for each in articles)))


def test_suggestions_repeat_no_earlier_question_or_answer(polite: Bot):
    answer = polite.ask("What does a payslip show?", ["is casual leave shown on the payslip?"])
    assert answer.suggestions == ("How many days of casual leave are allowed in one year?",)
    answered = polite.ask("How many days of casual leave are allowed in a year?")
    assert answered.suggestions == ("Who approves casual leave?",)


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("correct my admit card", ["Did you mean:", "  How do I correct my "]),
        ("bye", ["Goodbye, and come back whenever you have a question."]),
        (
            "best biryani in Hyderabad",
            ["The articles do not answer this.", "They are about HRM, About, Admit Cards."],
        ),
        (
            "How many days of casual leave are allowed in a year?",
            ["How many casual leave days are allowed per year?",
             "Fifteen days, eight of them in the first half of the year.", "",
             "— Casual leave after the new policy › FAQs · HRM · published 2025-06-01", "https://example.com/leave-2025/#:~:text="],
        ),
    ],
)  # fmt: skip
def test_the_command_line_prints_these_answers_line_by_line(polite: Bot, question: str, lines: list[str]):
    printed = answer_text(polite.ask(question).to_dict()).splitlines()
    assert [line[: len(start)] for line, start in zip(printed, lines, strict=False)] == lines


@pytest.fixture(scope="module")
def tiny_reranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_reranker(tmp_path_factory.mktemp("reranker"))


def test_a_reranker_orders_the_hits_by_its_scores_and_leaves_their_probabilities(index: Path, tiny_reranker: Path):
    from sentence_transformers import CrossEncoder

    question, plain = "casual leave", Retriever.open(index)
    before = plain.search(question, 8)
    pairs = [(question, f"{context(hit.passage)}\n{hit.passage.text}") for hit in before]
    scores = CrossEncoder(str(tiny_reranker)).predict(pairs)
    hits = [
        hit
        for hit in Retriever.open(index, reranker=CrossEncoderReranker(str(tiny_reranker))).search(question, 20)
        if hit.passage in {h.passage for h in before}
    ]
    assert [hit.passage.id for hit in hits] == [before[n].passage.id for n in scores.argsort()[::-1]]
    assert [hit.passage.id for hit in hits] != [hit.passage.id for hit in before]
    assert [hit.signals["reranker"] for hit in hits] == sorted((hit.signals["reranker"] for hit in hits), reverse=True)
    assert {hit.passage.id: hit.probability for hit in hits} == {hit.passage.id: hit.probability for hit in before}


def test_the_evidence_decides_whether_to_answer_and_the_reranker_which_hit_answers(index: Path, tiny_reranker: Path):
    bot = Bot.open(index, settings=AnswerSettings(reranker=str(tiny_reranker)))
    answer = bot.ask("Who approves casual leave?")
    assert answer.status == "answered"
    assert answer.sources[0].passage == bot.retriever.search("Who approves casual leave?", 1)[0].passage
    assert answer.probability == Bot.open(index).ask("Who approves casual leave?").probability
    assert bot.ask("best biryani in Hyderabad").status == "no_answer"


@pytest.mark.parametrize("name", ["no-such/reranker", "{folder}"])
def test_a_missing_reranker_is_reported_in_one_sentence(index: Path, tmp_path: Path, name: str):
    retriever = Retriever.open(index, reranker=CrossEncoderReranker(name.format(folder=tmp_path)))
    with pytest.raises(
        ModelError,
        match=r"^The reranker '.*' is neither a folder nor in the local cache, or is no CrossEncoder: check --reranker",
    ):
        retriever.search("casual leave")


def test_a_reranker_without_its_extra_is_reported_in_one_sentence(index: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match="sentence-transformers is not installed"):
        Retriever.open(index, reranker=CrossEncoderReranker("any")).search("casual leave")
