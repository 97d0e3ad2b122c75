"""What a rebuild tells of changes: articles, alternates and answers, dry runs and guards."""

import csv
import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from articles import GRATUITY
from command_line import articlebot
from quick_build import build
from rebuilding import QUESTION, small_place

from bot.errors import BuildRefused
from bot.evaluation.question_set import Question
from bot.evaluation.review import RegressionGuard, Reviewer
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest
from bot.index.store import LocalStore

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return small_place(tmp_path / "place")


def test_a_build_lists_the_changed_articles(place: Path):
    corpus = place / "corpus"
    for name in ("moved", "leaving", "staying"):
        (corpus / f"{name}.md").write_text(
            f"---\ntitle: About {name}\n---\nWhat {name} means is said here.\n", encoding="utf-8"
        )
    build(corpus, place / "index")
    (corpus / "moved.md").rename(corpus / "elsewhere.md")
    (corpus / "leaving.md").unlink()
    (corpus / "new.md").write_text("A new article.")
    (corpus / "notice.md").rename(corpus / "notices.md")
    (corpus / "alternates.csv").write_text("question,passage\nwho has to pay,gratuity#faq-who-pays-gratuity\n")
    report = build(corpus, place / "index")
    changes = Manifest.read(LocalStore(place / "index").current_folder()).changes
    assert changes == report.manifest.changes
    ids = {kind: getattr(changes, kind).ids for kind in ("new", "edited", "removed", "moved")}
    assert ids == {
        "new": ("new",),
        "edited": ("gratuity",),
        "removed": ("leaving",),
        "moved": ("elsewhere", "notice-period"),
    }
    assert changes.since == LocalStore(place / "index").generations()[-2].name


def test_a_followed_alternate_is_built_like_one_with_the_new_id_and_check_tells_what_build_told(place: Path):
    corpus, index = place / "corpus", place / "index"
    (corpus / "gratuity.md").write_text(GRATUITY.replace("/gratuity/", "/payments/"), encoding="utf-8")
    for ident in ("gratuity", "payments"):
        rows = f"who has to pay,{ident}#faq-who-pays-gratuity\nwho,payments#faq-who-pays-gratuity\nx,{ident}#faq-none\n"
        (corpus / "alternates.csv").write_text(f"question,passage\n{rows}", encoding="utf-8")
        report = build(corpus, index)
        checked = json.loads(articlebot("check", "--json", cwd=place).stdout)
        assert checked["refused"] == [asdict(each) for each in report.refused]
        assert checked["formats"][".csv"]["refused"] == 1
    built = [LocalGeneration.open(LocalStore(index).generations()[n]) for n in (-2, -1)]
    alternates, vectors = [], []
    for generation in built:
        (number,) = [generation.table.number("payments#faq-who-pays-gratuity")]
        alternates.append(set(generation.table.passage(number).alternates))
        vectors.append(generation.vectors_of(np.arange(len(generation.table))))
    assert alternates == [{"who has to pay", "who"}] * 2
    assert vectors[0].starts.tolist() == vectors[1].starts.tolist()
    assert sorted(vectors[0].rows.tolist()) == sorted(vectors[1].rows.tolist())


def test_saved_questions_show_the_answers_that_changed(place: Path):
    saved = [
        Question(str(n), text, {})
        for n, text in enumerate((QUESTION, "Can a notice period be bought out?", "what is the price of onions"))
    ]
    (place / "corpus" / "gratuity.md").unlink()
    report = build(place / "corpus", place / "index", review=Reviewer(saved))
    answers = report.manifest.changes.answers
    assert answers.questions == 3
    assert [(change.question, change.before, change.now) for change in answers.changed] == [
        (QUESTION, "gratuity#faq-who-pays-gratuity", "")
    ]


def test_a_dry_run_publishes_nothing(place: Path):
    store = LocalStore(place / "index")
    before = store.current_name()
    (place / "corpus" / "new.md").write_text("A new article.")
    report = build(place / "corpus", store.root, publish=False)
    assert (report.built, report.published, report.manifest.changes.new.ids) == (True, False, ("new",))
    assert [folder.name for folder in store.generations_folder.iterdir()] == [before] == [store.current_name()]


def test_a_dry_run_without_questions_to_ask_encodes_nothing(place: Path):
    (place / "corpus" / "new.md").write_text("# Canteen\n\nThe canteen opens at noon. It closes at two.")
    (place / "corpus" / "bad.md").write_bytes(b"\0")
    tried = articlebot("build", "--dry-run", cwd=place)
    assert tried.returncode == 0, tried.stderr
    # The title, and the passage with its two sentences.
    assert re.fullmatch(r"dry run, nothing published: 3 articles, \d+ passages, 2 texts to encode, 1 refused\n"
                        r"new: 1 article \(new\)\n", tried.stdout), tried.stdout  # fmt: skip
    facts = json.loads(articlebot("build", "--dry-run", "--json", cwd=place).stdout)
    assert (facts["published"], facts["to_encode"], facts["changes"]["new"]) == (False, 2, {"count": 1, "ids": ["new"]})
    assert [each["file"] for each in facts["refused"]] == ["bad.md"]
    assert json.loads(articlebot("build", "--json", cwd=place).stdout)["encoded"] == 2
    assert articlebot("build", "--dry-run", cwd=place).stdout == "Nothing changed; the index is up to date\n"


def test_a_guarded_build_does_not_publish_an_index_that_answers_worse(place: Path):
    store = LocalStore(place / "index")
    before = store.current_name()
    asked = [
        Question("1", QUESTION, {"gratuity": 1}),
        Question("2", "Can a notice period be bought out?", {"notice-period": 1}),
    ]
    (place / "corpus" / "gratuity.md").unlink()
    with pytest.raises(
        BuildRefused,
        match=r"answers eval.csv worse \(hit@1 50.0, was 100.0; .*\) and was not published: fix the articles",
    ):
        build(place / "corpus", store.root, review=Reviewer(guard=RegressionGuard("eval.csv", asked, 2)))
    assert [folder.name for folder in store.generations_folder.iterdir()] == [before] == [store.current_name()]
    assert build(place / "corpus", store.root, review=Reviewer(guard=RegressionGuard("eval.csv", asked, 50))).published


def test_the_command_line_shows_changes_and_has_dry_runs_and_guards(place: Path):
    with (place / "questions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["question"], [QUESTION], ["Can a notice period be bought out?"]])
    (place / "eval.csv").write_text(f"question,expected\n{QUESTION},gratuity\n")
    (place / "corpus" / "gratuity.md").unlink()
    tried = articlebot("build", "--dry-run", cwd=place)
    assert tried.returncode == 0, tried.stderr
    lines = tried.stdout.splitlines()
    assert lines[0].startswith("dry run, nothing published: 1 article, ")
    assert lines[1:] == [
        "removed: 1 article (gratuity)",
        "changed answers: 1 of 2 saved questions",
        f"  {QUESTION}: gratuity#faq-who-pays-gratuity → no answer",
    ]
    guarded = articlebot("build", "--guard", "eval.csv", "--max-drop", "2", cwd=place)
    assert (guarded.returncode, guarded.stdout) == (1, "")
    assert guarded.stderr.startswith("articlebot: The new index answers eval.csv worse (hit@1 0.0, was 100.0;")
    built = articlebot("build", "--json", cwd=place)
    facts = json.loads(built.stdout)
    assert (facts["published"], facts["changes"]["removed"]) == (True, {"count": 1, "ids": ["gratuity"]})
