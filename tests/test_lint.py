"""Editorial lint."""

from datetime import date
from pathlib import Path

import pytest
from quick_build import build

from bot import Bot, Retriever
from bot.corpus import read_corpus
from bot.evaluation.lint import lint
from bot.index.generation import all_articles

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 23)
BOILERPLATE = "Call our helpline on any working day for free advice on your letters."
COPIED = (
    "A relieving letter says that a person has left the company with its consent and that nothing is owed on either "
    "side. It names the last working day, the post held and the date of joining, and it is signed by the manager who "
    "keeps the records. New employers ask for it in the first week."
)


def article(title: str, body: str, day: str = "2026-01-05", related: str = "") -> str:
    return f"---\ntitle: {title}\ndate: {day}\ncategory: HRM\nrelated: [{related}]\n---\n\n{body}\n"


FAULTY = {
    "old.md": article("Casual leave", f"{BOILERPLATE}\n\nCasual leave is for short needs.", day="2021-05-01"),
    "lost.md": article("Sick leave", f"{BOILERPLATE}\n\nSick leave is for illness.", related="no-such-article"),
    "long.md": article("Earned leave", f"{BOILERPLATE}\n\n## All about it\n\n" + "Leave is counted by days. " * 300),
    "one.md": article(
        "Bonus",
        f"{BOILERPLATE}\n\n## FAQs\n\n### Who gets a bonus?\n\nEvery employee of the firm gets it.\n\n"
        "### When is it paid?\n\nMonthly.",
    ),
    "two.md": article("Festival bonus", f"{BOILERPLATE}\n\n## FAQs\n\n### Who gets a bonus?\n\nOnly managers get it."),
    "copy-a.md": article("Relieving letter", COPIED),
    "copy-b.md": article("Relieving letters", COPIED + " Keep a copy."),
    "torn.md": article(
        "Father’s name", f"{BOILERPLATE}\n\nThe fatherâ€™s name stands on the form – in full, as on the rÃ©sumÃ©."
    ),
    "faq-a.md": article(
        "Payslip",
        "## FAQs\n\n### How can I download my payslip?\n\n"
        "Sign in to the employee portal, open Payroll and press Download.",
    ),
    "faq-b.md": article(
        "Salary slip",
        "## FAQs\n\n### How do I download my payslip?\n\n"
        "Sign in to the employee portal, open Payroll, and press Download there.",
    ),
}


def found(folder: Path, files: dict[str, str]) -> tuple[list[tuple[str, str]], list[str]]:
    (folder / "corpus").mkdir()
    for name, text in files.items():
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    build(folder / "corpus", folder / "index")
    findings = lint(read_corpus(folder / "corpus").articles, Retriever.open(folder / "index").finder(), TODAY)
    return [(finding.kind, finding.article) for finding in findings], [finding.message for finding in findings]


def test_each_fault_is_reported_once_in_a_sentence(tmp_path: Path):
    kinds, messages = found(tmp_path, FAULTY)
    message_of = dict(zip(kinds, messages, strict=True))
    assert sorted(message_of) == sorted(kinds)
    assert set(kinds) >= {
        ("boilerplate", "long"), ("long section", "long"), ("lost relation", "lost"), ("old", "old"),
        ("same article", "copy-a"), ("same faq", "faq-a"), ("short answer", "one"), ("two answers", "two"),
        ("broken letters", "torn"),
    }  # fmt: skip
    assert message_of["two answers", "two"] == "answers 'Who gets a bonus?' differently from 'one': agree on one"
    assert message_of["old", "old"] == "last changed on 2021-05-01, more than 3 years ago: check that it still holds"
    assert message_of["long section", "long"] == "'All about it' has 1500 words: divide it with headings"
    assert "is in 6 of 10 articles" in message_of["boilerplate", "long"]


def test_the_shipped_corpus_has_no_faults(shipped: Bot):
    articles = read_corpus(Path(__file__).parents[1] / "corpus").articles
    found = lint(articles, shipped.retriever.finder(), TODAY)
    # The rows of the FAQ table have no date.
    assert [one for one in found if one.kind != "undated" or not one.article.startswith("hrm/office-rules-faqs/")] == []


@pytest.mark.parametrize(("today", "kinds"), [(TODAY, []), (TODAY.replace(year=TODAY.year + 3), ["old", "old"])])
def test_an_article_is_old_after_three_years(bot: Bot, today: date, kinds: list[str]):
    articles = [one for one in all_articles(bot.retriever.generation.table) if one.id in ("gratuity", "notice-period")]
    found = lint(articles, bot.retriever.finder(), today)
    assert [finding.kind for finding in found if finding.kind == "old"] == kinds
