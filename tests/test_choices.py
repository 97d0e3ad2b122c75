"""Choices that are made once: of builds and of answering in the settings file, and the deletion of questions."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from articles import GRATUITY
from command_line import articlebot
from quick_build import link_encoder
from serving import server_process

from bot.errors import SettingsError
from bot.index.manifest import Manifest
from bot.index.store import LocalStore
from bot.serve.settings_file import read_settings
from bot.serve.watch import build_command, run_build
from bot.settings import BuildChoices, BuildSettings
from bot.testing import QUESTIONS, tiny_index
from bot.usage.logged_question import LoggedQuestion
from bot.usage.store import UsageStore

ROOT = Path(__file__).parents[1]


def built(folder: Path) -> BuildSettings:
    return LocalStore(folder / "index").read_current(Manifest.read).settings


def change(corpus: Path, words: str) -> None:
    (corpus / "gratuity.md").write_text(GRATUITY.replace("lump sum", words), encoding="utf-8")


@pytest.mark.slow
def test_a_build_keeps_what_is_served_and_says_what_it_changes(corpus: Path, tiny_model: str, tmp_path: Path):
    link_encoder(tmp_path / "index", tiny_model)
    first = articlebot("build", "--model", tiny_model, cwd=tmp_path)
    assert (first.returncode, "this build changes" in first.stderr) == (0, False)
    assert "self-test: of the articles' own questions in other words" in first.stdout
    change(corpus, "payment")
    assert "this build changes" not in articlebot("build", cwd=tmp_path).stderr
    assert built(tmp_path) == BuildSettings(model=tiny_model)
    (tmp_path / "articlebot.toml").write_text("[build]\nexact_rows = 9000\npassage_tokens = 40\n")
    said = articlebot("build", "--exact-rows", "8000", cwd=tmp_path).stderr
    assert "this build changes passage tokens from 160 to 40, exact rows from 15000 to 8000\n" in said
    assert built(tmp_path) == BuildSettings(tiny_model, passage_tokens=40, exact_rows=8000)
    said = articlebot("build", cwd=tmp_path).stderr
    assert "this build changes exact rows from 8000 to 9000\n" in said
    assert built(tmp_path) == BuildSettings(tiny_model, passage_tokens=40, exact_rows=9000)


@pytest.mark.slow
def test_a_build_of_the_server_makes_the_choices_of_its_settings_file(
    corpus: Path, tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from threading import Event

    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "tuned").symlink_to(tiny_model)
    file = tmp_path / "settings" / "mine.toml"
    file.write_text('[build]\nmodel = "tuned"\npassage_tokens = 50\n')
    link_encoder(tmp_path / "index", tiny_model)
    monkeypatch.chdir(tmp_path)
    assert run_build(build_command(corpus, Path("index"), file), Event())
    assert built(tmp_path) == BuildSettings(model=str(file.parent / "tuned"), passage_tokens=50)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[answers]\nthreshold = 1.5", r"answers\.threshold: Input should be less than or equal to 1"),
        ("[answers]\nlimit = 1", r"no setting 'limit' at \[answers\]: there are threshold, closest_threshold"),
        ('[build]\nlanguages = ["en", "xx"]', r"build\.languages may hold .*, not 'xx'"),
        ("[build]\nencoder = 1", r"no setting 'encoder' at \[build\]: there are model, passage_tokens"),
    ],
)
def test_a_choice_that_does_not_exist_is_reported_in_one_sentence(tmp_path: Path, content: str, sentence: str):
    (tmp_path / "articlebot.toml").write_text(content)
    with pytest.raises(SettingsError, match=sentence):
        read_settings(tmp_path / "articlebot.toml")


def test_choices_leave_the_other_settings_as_they_are():
    served = BuildSettings(model="a", exact_rows=5)
    assert BuildChoices().over(served) == served
    assert BuildChoices(model="b").over(served) == BuildSettings(model="b", exact_rows=5)


def test_one_threshold_holds_for_the_command_line_and_the_apis(tmp_path: Path):
    tiny_index(tmp_path / "index")
    question = QUESTIONS["answered"]
    assert json.loads(articlebot("ask", question, "--json", cwd=tmp_path).stdout)["status"] == "answered"
    (tmp_path / "articlebot.toml").write_text("[answers]\nthreshold = 1\nclosest_threshold = 1\n")
    assert json.loads(articlebot("ask", question, "--json", cwd=tmp_path).stdout)["status"] == "no_answer"
    (tmp_path / "eval.csv").write_text(f"question,expected,words\n{question},probation,three to six months\n")
    figures = json.loads(articlebot("eval", "eval.csv", "--json", cwd=tmp_path).stdout)["all"]
    assert (figures["hit@1"], figures["answered"]) == (1, 0)
    lower = articlebot("eval", "eval.csv", "--json", "--threshold", "0.5", cwd=tmp_path)
    assert json.loads(lower.stdout)["all"]["answered"] == 1
    with server_process("-m", "bot", "serve", "--no-ui", "--port", "0", cwd=tmp_path) as (address, _):
        reply = httpx.post(f"{address}/api/v1/ask", json={"question": question}, trust_env=False, timeout=60)
    assert reply.json()["status"] == "no_answer"


def test_expected_ids_that_do_not_exist_are_named(tmp_path: Path):
    tiny_index(tmp_path / "index")
    rows = [
        "how long is probation,probation",
        "who pays gratuity,https://example.com/gratuity/",
        "what,no-such-article",
    ]
    (tmp_path / "eval.csv").write_text("\n".join(["question,expected", *rows]))
    done = articlebot("eval", "eval.csv", cwd=tmp_path)
    sentence = (
        "eval.csv expects ids that this index does not have, so that their questions count as wrong: no-such-article"
    )
    assert (done.returncode, done.stderr) == (0, f"{sentence}\n")


@pytest.mark.slow
def test_a_guard_names_ids_that_neither_index_has(corpus: Path, tiny_model: str, tmp_path: Path):
    link_encoder(tmp_path / "index", tiny_model)
    articlebot("build", "--model", tiny_model, cwd=tmp_path)
    change(corpus, "payment")
    (tmp_path / "guard.csv").write_text("question,expected\nwho pays gratuity,gratuity\nwhat,no-such-article\n")
    said = articlebot("build", "--guard", "guard.csv", cwd=tmp_path).stderr
    assert "guard.csv expects ids that this index does not have" in said
    assert said.count("no-such-article") == 1


@pytest.fixture
def log(tmp_path: Path) -> UsageStore:
    """A log of three questions in two conversations."""
    store = UsageStore(tmp_path / "index")
    (tmp_path / "index").mkdir()
    for number, (question, conversation) in enumerate([("a passport", "a"), ("a visa", "a"), ("a passport", "b")]):
        facts = (time.time(), question, "no_answer", 0.1, (), "g", 1.0, "rest", conversation)
        store.add(LoggedQuestion(str(number), *facts))
    store.flush()
    return store


@pytest.mark.parametrize("words", [[""], ["  "], [], ["--conversation", ""], ["passport", "--conversation", " "]])
def test_nothing_is_forgotten_without_a_text(log: UsageStore, tmp_path: Path, words: list[str]):
    refused = articlebot("forget", *words, "--yes", cwd=tmp_path)
    assert (refused.returncode, "name a text" in refused.stderr) == (2, True)
    assert len(list(log.questions())) == 3


def test_a_script_says_yes_to_forget(log: UsageStore, tmp_path: Path):
    refused = articlebot("forget", "passport", cwd=tmp_path)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert articlebot("forget", "passport", "--yes", cwd=tmp_path).stdout == "2 questions forgotten\n"
    assert articlebot("forget", "--conversation", "a", "--yes", cwd=tmp_path).stdout == "1 question forgotten\n"
    assert list(log.questions()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no pseudo-terminals here")
@pytest.mark.parametrize(("answer", "left"), [("n", 3), ("y", 1)])
def test_a_person_is_asked_before_anything_is_forgotten(log: UsageStore, tmp_path: Path, answer: str, left: int):
    terminal, own = os.openpty()
    command = [sys.executable, "-m", "bot", "forget", "passport"]
    with subprocess.Popen(
        command, stdin=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        os.write(terminal, f"{answer}\n".encode())
        _, said = process.communicate(timeout=240)
    assert "Delete for good the questions that contain 'passport'? [y/N]" in said
    assert len(list(log.questions())) == left
