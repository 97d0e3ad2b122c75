"""Failed builds: the old generation opens and answers, and the next build cleans up."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import articlebot
from rebuilding import QUESTION, rewrite, small_place
from waiting import wait_for

from bot import Bot
from bot.errors import IndexUnwritable
from bot.index.store import LocalStore

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return small_place(tmp_path / "place")


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
