"""Rebuilds and rollbacks of an index while bots and servers answer from it."""

import gc
import os
import shutil
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from rebuilding import QUESTION, point_to, rewrite, small_place
from serving import served, server_process
from waiting import WAITED, wait_for

from bot import Bot
from bot.errors import IndexCorrupt
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.status import index_status
from bot.index.store import LocalStore

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return small_place(tmp_path / "place")


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
