"""Rebuilds while an index is in use: new generations, changes, guards, and interrupted builds."""

import csv
import gc
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import httpx
import numpy as np
import pytest
from articles import GRATUITY, NOTICE
from command_line import articlebot
from quick_build import build, copy_folder
from serving import served, server_process
from tiny_model import make_tiny_model

from benchmarks.robustness.fuzz_index import DAMAGES, answers_of, build_small_index, rewrite_checksums
from bot import Bot
from bot.errors import BuildRefused, IndexCorrupt, IndexUnwritable
from bot.evaluation.question_set import Question
from bot.evaluation.review import RegressionGuard, Reviewer
from bot.evaluation.verification import verify
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest, record_files
from bot.index.status import index_status
from bot.index.store import LocalStore
from bot.settings import BuildSettings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
QUESTION = "Who pays gratuity?"
WAITED = 240
"""Seconds to wait on a busy machine for something that takes less than one."""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and its index with the packaged model; each test copies it."""
    place = tmp_path_factory.mktemp("first")
    (place / "corpus").mkdir()
    (place / "corpus" / "notice.md").write_text(NOTICE, encoding="utf-8")
    (place / "corpus" / "gratuity.md").write_text(GRATUITY, encoding="utf-8")
    build(place / "corpus", place / "index")
    return place


@pytest.fixture
def place(first: Path, tmp_path: Path) -> Path:
    return copy_folder(first, tmp_path / "place")


def rewrite(place: Path, words: str) -> str:
    """Change a sentence of the article and build; return the new generation."""
    (place / "corpus" / "gratuity.md").write_text(GRATUITY.replace("The employer pays it", words), encoding="utf-8")
    return build(place / "corpus", place / "index").generation


def wait_for(holds: Callable[[], bool], seconds: float = WAITED) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail("the condition did not become true in time")
        time.sleep(0.02)


@contextmanager
def asking_meanwhile(bot: Bot) -> Iterator[list[tuple[str, str]]]:
    """Ask from two threads while the body runs; yield their generations and texts, and check that no call failed."""
    answers: list[tuple[str, str]] = []
    wrong: list[BaseException] = []
    ended = threading.Event()

    def ask() -> None:
        try:
            while not ended.is_set():
                answer = bot.ask(QUESTION)
                answers.append((answer.generation, answer.text))
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield answers
    ended.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_bot_answers_from_the_new_generation_without_a_failed_or_mixed_answer(place: Path):
    bot = Bot.open(place / "index")
    said = {bot.generation.name: "The employer pays it, not the provident fund."}
    with asking_meanwhile(bot) as answers:
        for words in ("The ministry pays it", "The fund pays it"):
            name = rewrite(place, words)
            said[name] = f"{words}, not the provident fund."
            wait_for(lambda name=name: bool(answers) and answers[-1][0] == name)
    assert {(name, text) for name, text in answers} == set(said.items())
    assert bot.generation.name == bot.retriever.generation.name == name


def test_a_running_question_ends_in_the_generation_it_began_with(place: Path):
    bot = Bot.open(place / "index")
    before = bot.answerer()
    name = rewrite(place, "The ministry pays it")
    wait_for(lambda: bot.generation.name == name)
    answer = before.ask(QUESTION)
    assert (answer.generation, answer.text) != (name, bot.ask(QUESTION).text)
    assert answer.text == "The employer pays it, not the provident fund."


def test_an_old_generation_is_closed_after_its_last_question(place: Path):
    bot = Bot.open(place / "index")
    bot.ask("who pays gratuty and how long is the notise period")
    old = [weakref.ref(part) for part in (bot.generation.encoder, bot.generation.table, bot.generation.vectors)]
    gc.collect()
    gc.disable()
    try:
        name = rewrite(place, "The ministry pays it")
        wait_for(lambda: bot.generation.name == name)
        bot.ask(QUESTION)
        wait_for(lambda: all(part() is None for part in old))
    finally:
        gc.enable()


def test_a_deleted_bot_no_longer_polls_the_index(place: Path):
    bot = Bot.open(place / "index")
    (thread,) = [
        thread for thread in threading.enumerate() if thread.name == "articlebot-index-watcher" and thread.is_alive()
    ][-1:]
    del bot
    gc.collect()
    thread.join(WAITED)
    assert not thread.is_alive()


def point_to(store: LocalStore, name: str) -> None:
    (store.root / "next").write_text(name)
    (store.root / "next").replace(store.root / "CURRENT")


def test_a_generation_that_fails_to_open_is_rejected_and_the_previous_one_stays(
    place: Path, caplog: pytest.LogCaptureFixture
):
    store, bot = LocalStore(place / "index"), Bot.open(place / "index")
    good = store.current_folder()
    shutil.copytree(good, good.with_name("99-bad"))
    rows = store.generations_folder / "99-bad" / "vectors.faiss"
    rows.write_bytes(rows.read_bytes()[:-1] + b"\0")
    point_to(store, "99-bad")
    wait_for(lambda: bot.retriever.index.rejected is not None)
    assert bot.ask(QUESTION).generation == good.name
    assert f"99-bad is not served, {good.name} goes on: The file" in caplog.text
    facts = index_status(store, place / "corpus")
    assert (facts["generation"], [one["served"] for one in facts["generations"]]) == ("99-bad", [False, True])
    assert facts["fault"] == bot.retriever.index.rejected.reason
    assert "vectors.faiss is not the one that was built: run articlebot build, or roll back." in facts["fault"]
    for address in served(bot, ui=False):
        health = httpx.get(f"{address}/healthz", trust_env=False).json()
        assert health == {
            "status": "ok",
            "generation": good.name,
            "refused": {"generation": "99-bad", "reason": "It cannot be opened: the log of this server says why."},
        }
    assert store.roll_back() == good.name
    wait_for(lambda: bot.retriever.index.rejected is None)
    name = rewrite(place, "The ministry pays it")
    wait_for(lambda: bot.generation.name == name)


@pytest.fixture
def two_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """All indexes count as large."""
    monkeypatch.setattr("bot.build.publish.MAX_KEPT_BYTES", 0)


@pytest.mark.usefixtures("two_kept")
def test_a_running_bot_follows_a_rollback_and_the_next_build_keeps_the_served_generation(place: Path):
    bot, store = Bot.open(place / "index"), LocalStore(place / "index")
    good, bad = bot.generation.name, rewrite(place, "Nobody pays it")
    wait_for(lambda: bot.generation.name == bad)
    store.roll_back()
    wait_for(lambda: bot.generation.name == good)
    new = rewrite(place, "The ministry pays it")
    assert [folder.name for folder in store.generations()] == [good, new]


def test_a_rollback_to_a_generation_that_fails_to_open_changes_nothing(place: Path):
    store = LocalStore(place / "index")
    old, new = store.current_folder(), rewrite(place, "Nobody pays it")
    (old / "vectors.faiss").write_bytes(b"x")
    with pytest.raises(IndexCorrupt, match="is not the one that was built"):
        store.roll_back()
    assert store.current_name() == new


@pytest.mark.usefixtures("two_kept")
def test_a_bot_whose_generation_is_removed_opens_the_next_one(place: Path):
    opened: list[str] = []

    def open_late(folder: Path) -> Generation:
        if not opened:
            for words in ("The ministry pays it", "The fund pays it"):
                rewrite(place, words)
        opened.append(folder.name)
        return LocalGeneration.open(folder)

    store = LocalStore(place / "index")
    assert store.read_current(open_late).name == store.current_name() == opened[-1]
    assert len(opened) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_follows_new_generations(place: Path):
    code = f"""
import os, sys, time
from bot import Bot
bot = Bot.open({str(place / "index")!r})
before = bot.generation.name
child = os.fork()
if child == 0:
    print("ready", flush=True)
    end = time.monotonic() + {WAITED}
    while bot.generation.name == before and time.monotonic() < end:
        time.sleep(0.05)
    print(bot.generation.name, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        name = rewrite(place, "The ministry pays it")
        assert process.stdout.readline() == f"{name}\n"


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


def health(address: str) -> dict[str, object]:
    return httpx.get(f"{address}/healthz", trust_env=False).json()


def test_a_watching_server_builds_and_serves_saved_articles(place: Path):
    shutil.rmtree(place / "index" / "generations")
    (place / "index" / "CURRENT").unlink()
    words = ("-m", "bot", "serve", "--no-ui", "--port", "0", "--watch")
    with server_process(*words, cwd=place) as (address, said):
        before = health(address)["generation"]
        (place / "corpus" / "gratuity.md").unlink()
        wait_for(lambda: health(address)["generation"] != before)
        (place / "corpus" / ".draft.md").write_text("Not an article.")
        (place / "corpus" / "notice.md").rename(place / "away.md")
        wait_for(lambda: any("is empty: put articles in" in line for line in said))
        assert health(address)["status"] == "ok"
    assert "removed: 1 article (gratuity)\n" in said
    assert LocalStore(place / "index").current_name() != before


# Failed builds: the old generation opens and answers, and the next build cleans up.


def check_whole(place: Path, generation: str) -> None:
    store = LocalStore(place / "index")
    assert store.current_name() == generation
    assert Bot.open(store.root).ask(QUESTION).text == "The employer pays it, not the provident fund."


def check_mends(place: Path) -> None:
    store = LocalStore(place / "index")
    new = rewrite(place, "The ministry pays it")
    assert store.current_name() == new
    assert [folder.name for folder in store.generations_folder.iterdir() if folder.name.startswith(".")] == []
    assert Bot.open(store.root).ask(QUESTION).text == "The ministry pays it, not the provident fund."


@pytest.mark.parametrize("kilobytes", [0, 1, 20, 60, 200, 1500, 10_000])
def test_a_full_disk_is_reported_in_one_sentence_and_loses_nothing(place: Path, kilobytes: int):
    served = LocalStore(place / "index").current_name()
    (place / "corpus" / "new.md").write_text("A new article. " * 3000)

    # A limit on the file size fails like a full disk, each limit at another step.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, hard))
    try:
        done = articlebot("build", cwd=place)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    assert "cannot be written" in done.stderr
    check_whole(place, served)
    (place / "corpus" / "new.md").unlink()
    check_mends(place)


def test_a_read_only_index_can_be_asked_and_not_built(place: Path):
    served = LocalStore(place / "index").current_name()
    (place / "corpus" / "new.md").write_text("A new article.")
    for path in (place / "index", *(place / "index").rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    # Root can write everywhere unless it drops its privileges.
    bound = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    if bound and shutil.which("setpriv") is None:
        pytest.skip("no setpriv on this machine")

    def restricted(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [*bound, sys.executable, "-m", "bot", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)

    asked = restricted("ask", QUESTION)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.splitlines()[1] == "The employer pays it, not the provident fund."
    built = restricted("build")
    refusal = "articlebot: The index folder index cannot be written (Permission denied): check its permissions.\n"
    assert (built.returncode, built.stderr) == (1, refusal)
    check_whole(place, served)


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        (signal.SIGTERM, "passages.sqlite"),
        (signal.SIGINT, "vectors.faiss"),
        (signal.SIGKILL, "passages.sqlite"),
        (signal.SIGKILL, "lexical"),
        (signal.SIGKILL, "encoder"),
    ],
)
def test_an_interrupted_build_leaves_the_old_index(place: Path, sent: signal.Signals, written: str):
    """Interrupt a build once it has begun to write a file; the signal may arrive at any later step."""
    served = LocalStore(place / "index").current_name()
    (place / "corpus" / "new.md").write_text("A new article. " * 2000)
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "build"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(lambda: any((place / "index" / "generations").glob(f".*/{written}")))
        process.send_signal(sent)
        said = process.communicate(timeout=60)[1]
    left = [folder.name for folder in (place / "index" / "generations").iterdir() if folder.name.startswith(".")]
    if sent != signal.SIGKILL:
        assert (process.returncode, said, left) == (
            130,
            "articlebot: stopped; the served index is unchanged, and the next build reuses what was encoded\n",
            [],
        )
    check_whole(place, served)
    (place / "corpus" / "new.md").unlink()
    check_mends(place)


def test_the_worker_process_of_a_build_ends_with_the_build(place: Path):
    folder = str(LocalStore(place / "index").current_folder())
    code = (
        "import os, sys, subprocess, time; from pathlib import Path; import bot.build.word_index as words\n"
        f"with words.lexical_index_in_background(Path({folder!r}), 10_000):\n"
        "    command = ['pgrep', '-P', str(os.getpid()), '-f', 'bot.build.word_index']\n"
        "    print(subprocess.run(command, capture_output=True, text=True).stdout.split()[0], flush=True)\n"
        "    time.sleep(60)"
    )
    if shutil.which("pgrep") is None:
        pytest.skip("no pgrep on this machine")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        second = int(process.stdout.readline())
        process.kill()
    wait_for(
        lambda: not Path(f"/proc/{second}/status").exists() or "zombie" in Path(f"/proc/{second}/status").read_text()
    )


def test_a_power_cut_at_any_moment_leaves_a_complete_index(place: Path, monkeypatch: pytest.MonkeyPatch):
    """Everything that the pointer leads to must be synced before the pointer moves."""
    store = LocalStore(place / "index")
    synced: set[int] = set()
    steps: list[str] = []
    sync, rename, replace = os.fsync, Path.rename, Path.replace

    def note_sync(handle: int) -> None:
        sync(handle)
        synced.add(os.fstat(handle).st_ino)

    def note_rename(path: Path, target: Path) -> Path:
        if path.name.startswith(".unfinished") and not target.name.startswith("."):
            steps.append("renamed")
            assert {inner.stat().st_ino for inner in (path, *path.rglob("*"))} <= synced
            synced.discard(store.generations_folder.stat().st_ino)
        return rename(path, target)

    def note_replace(path: Path, target: Path) -> Path:
        if target.name == "CURRENT":
            steps.append("pointed")
            assert {store.generations_folder.stat().st_ino, path.stat().st_ino} <= synced
            synced.discard(store.root.stat().st_ino)
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "rename", note_rename)
    monkeypatch.setattr(Path, "replace", note_replace)
    rewrite(place, "The ministry pays it")
    assert steps == ["renamed", "pointed"]
    assert store.root.stat().st_ino in synced


def test_a_file_system_that_cannot_rename_is_reported_and_loses_nothing(place: Path, monkeypatch: pytest.MonkeyPatch):
    served, rename = LocalStore(place / "index").current_name(), Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name.startswith(".unfinished"):
            raise OSError(95, "Operation not supported")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(IndexUnwritable, match=r"cannot be written \(Operation not supported\)"):
            rewrite(place, "The ministry pays it")
    check_whole(place, served)
    check_mends(place)


# Checks of an index


def record_anew(folder: Path) -> None:
    """Update the manifest of a generation to its changed files, and give the folder a name without a checksum."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {
        name: {"size": each.size, "sha256": each.sha256, "sample": each.sample}
        for name, each in record_files(folder).items()
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    folder.rename(folder.with_name("deceiving"))
    point_to(LocalStore(folder.parents[1]), "deceiving")


def test_a_check_encodes_texts_again_and_asks_faqs(place: Path):
    verified, _ = verify(place / "index")
    assert (verified.encoded_again, verified.not_encoded, verified.faqs_asked, verified.faqs_found) == (
        verified.vectors,
        None,
        3,
        3,
    )


def test_a_check_finds_vectors_that_the_model_does_not_give(place: Path):
    folder = LocalStore(place / "index").current_folder()
    rows = bytearray((folder / "vectors.faiss").read_bytes())
    rows[-768 : -768 + 384], rows[-384:] = rows[-384:], rows[-768 : -768 + 384]
    (folder / "vectors.faiss").write_bytes(rows)
    record_anew(folder)
    with pytest.raises(
        IndexCorrupt, match=r"now gives another vector for .* \(both, cosine .*\): run articlebot build"
    ):
        verify(place / "index")


def test_a_check_finds_a_replaced_model(corpus: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory):
    model = Path(make_tiny_model(tmp_path_factory.mktemp("model")))
    build(corpus, tmp_path / "index", BuildSettings(model=str(model)))
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-1] ^= 64
    (model / "model.safetensors").write_bytes(weights)
    with pytest.raises(IndexCorrupt, match=r"is not the one that .* was built with: run articlebot build"):
        verify(tmp_path / "index")
    shutil.rmtree(model)
    verified, _ = verify(tmp_path / "index")
    assert (verified.encoded_again, verified.not_encoded) == (
        0,
        f"There is no model '{model}' in a folder, in the local cache or on the hub: check --model.",
    )


# A short form of benchmarks/robustness/fuzz_index.py, which damages each file two thousand times.


def damaged(path: Path, times: int) -> Iterator[int]:
    """Yield copies of a file with flipped, cut, swapped or added bytes."""
    whole = path.read_bytes()
    for number in range(times):
        chance, content = random.Random(f"{path.name} {number}"), bytearray(whole)
        while content == whole:
            DAMAGES[number % len(DAMAGES)](content, chance)
        path.write_bytes(content)
        yield number
    path.write_bytes(whole)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_index(tmp_path_factory.mktemp("fuzz"))


def test_any_damage_to_any_file_is_detected(small: Path):
    for path in sorted(path for path in small.rglob("*") if path.is_file() and path.suffix != ".lock"):
        for number in damaged(path, 12):
            with pytest.raises(IndexCorrupt):
                pytest.fail(f"{path.name}, damage {number}: {answers_of(small)}")


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "passages.sqlite",
        "vocabulary.sqlite",
        "sentences.i8",
        "encoder/tokenizer.json",
        "encoder/settings.json",
    ],
)
def test_a_hostile_file_is_refused_or_harmless(small: Path, tmp_path: Path, name: str):
    folder = Path(shutil.copytree(small, tmp_path / "hostile"))
    manifest = (folder / "manifest.json").read_bytes()
    for _ in damaged(folder / name, 60):
        if name != "manifest.json":
            rewrite_checksums(folder, manifest)
        with suppress(IndexCorrupt):
            answers_of(folder)
