"""Questions that no article answers: their table, what a build stores, and the answers that they prevent."""

import json
from pathlib import Path

import numpy as np
import pytest

from bot import Bot
from bot.build.build import BuildReport, build, plan_build
from bot.corpus import read_corpus
from bot.corpus.corpus import FolderSource, corpus_digest
from bot.corpus.decisions.actions import draft
from bot.corpus.decisions.files import DRAFTS, UNANSWERED, read_unanswered
from bot.corpus.refused import Refused
from bot.corpus.source import Unanswered
from bot.encoder import HashingEncoder
from bot.errors import IndexCorrupt
from bot.index.store import LocalStore
from bot.index.unanswered import UNANSWERED_VECTORS
from bot.settings import BuildSettings

SHIPPED = Path(__file__).parents[1] / "corpus"
ARTICLE = """---
title: Gratuity after resignation
---
## When it is paid
Gratuity is paid within thirty days of leaving. Five years of continuous service are needed.

## How much it is
Fifteen days of the last wages are paid for each completed year of service.
"""
FEES = "Which fee does the labour office charge for a gratuity claim?"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "gratuity.md").write_text(ARTICLE, encoding="utf-8")
    return folder


def built(corpus: Path) -> BuildReport:
    return build(corpus, corpus.parent / "index", encoder=HashingEncoder())


def folder_of(corpus: Path) -> Path:
    return LocalStore(corpus.parent / "index").current_folder()


def write(corpus: Path, *questions: str) -> None:
    (corpus / UNANSWERED).write_text("\n".join(["question", *questions]) + "\n", encoding="utf-8")


# --- the table


def test_each_row_has_a_question_and_the_others_are_refused(corpus: Path):
    (corpus / UNANSWERED).write_text(f"Question;note\n{FEES};x\n;y\nIs it taxed;\n", encoding="utf-8")
    without = Refused(UNANSWERED, 3, "a row without a question")
    assert list(read_unanswered(corpus / UNANSWERED)) == [Unanswered(FEES), without, Unanswered("Is it taxed")]
    assert FolderSource(corpus).unanswered == (FEES, "Is it taxed")
    assert read_corpus(corpus).refused == built(corpus).refused == (without,)


def test_a_faq_to_write_is_unanswered_until_it_is_written(corpus: Path):
    draft(corpus, FEES)
    assert FolderSource(corpus).unanswered == (FEES,)
    (corpus / DRAFTS).write_text(f"question,answer\n{FEES},None at all.\n", encoding="utf-8")
    assert FolderSource(corpus).unanswered == ()


def test_a_table_of_faqs_to_write_that_cannot_be_read_is_refused_and_the_rest_is_built(corpus: Path):
    (corpus / DRAFTS).write_bytes(b"\x00\x01\x02")
    assert [item.file for item in built(corpus).refused] == [DRAFTS]


def test_no_shipped_question_is_both_answered_and_unanswered():
    source = FolderSource(SHIPPED)
    assert {row.question for row in source.alternates}.isdisjoint(source.unanswered)
    assert len(set(source.unanswered)) == len(source.unanswered) > 2000


# --- the build


def test_a_build_stores_a_unit_vector_of_each_question(corpus: Path):
    write(corpus, FEES, "Is it taxed?")
    report, digest = built(corpus), corpus_digest(corpus)
    assert UNANSWERED_VECTORS in report.manifest.files
    bot = Bot.open(corpus.parent / "index", encoder=HashingEncoder())
    expected = HashingEncoder().encode_questions([FEES, "Is it taxed?"])
    np.testing.assert_allclose(bot.generation.unanswered, expected, atol=1e-3)
    assert not built(corpus).built
    write(corpus)
    assert corpus_digest(corpus) != digest
    emptied = built(corpus)
    assert (emptied.built, UNANSWERED_VECTORS in emptied.manifest.files) == (True, False)
    bot = Bot.open(corpus.parent / "index", encoder=HashingEncoder())
    assert bot.generation.unanswered.shape == (0, expected.shape[1])


def test_only_new_questions_are_encoded(corpus: Path, tiny_model: str):
    settings, index = BuildSettings(model=tiny_model), corpus.parent / "index"
    write(corpus, FEES)
    build(corpus, index, settings)
    write(corpus, FEES, "Is it taxed?")
    plan = plan_build(corpus, index, settings)
    assert plan is not None
    assert plan.to_encode == 1
    assert build(corpus, index, settings).encoded == 1


def test_a_damaged_file_of_vectors_is_detected(corpus: Path):
    write(corpus, FEES)
    built(corpus)
    path = folder_of(corpus) / UNANSWERED_VECTORS
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(IndexCorrupt):
        Bot.open(corpus.parent / "index", encoder=HashingEncoder())


# --- the answer


def test_a_question_like_an_unanswered_one_is_not_claimed_and_others_are(tmp_path: Path):
    """Over one article and the default model; the question that the text answers keeps its answer."""
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    (corpus / "gratuity.md").write_text(ARTICLE, encoding="utf-8")
    asked, answered = "how much does the labour office charge for a gratuity claim", "when is gratuity paid"
    build(corpus, index)
    before = [Bot.open(index).ask(question) for question in (asked, answered)]
    write(corpus, FEES)
    build(corpus, index)
    after = [Bot.open(index).ask(question) for question in (asked, answered)]
    assert after[0].probability < 0.5 * before[0].probability
    assert after[0].status != "answered"
    assert after[1].text == before[1].text != ""
    assert after[1].status == "answered"


def test_a_faq_with_the_very_question_is_answered_all_the_same(tmp_path: Path):
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    faq = {"id": "fees", "question": FEES, "answer": "It charges no fee."}
    (corpus / "faqs.jsonl").write_text(json.dumps(faq), encoding="utf-8")
    write(corpus, FEES)
    build(corpus, index)
    answer = Bot.open(index).ask(FEES)
    assert (answer.status, answer.text) == ("answered", "It charges no fee.")
