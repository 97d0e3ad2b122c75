"""Builds on a real Ray cluster of two nodes on this machine, which `test_ray.py` runs in a process of their own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from quick_build import link_encoder

from bot import Bot
from bot.build.build import BuildReport, build
from bot.build.cache import UncachedTexts, unpack_rows
from bot.build.ray import RayWorkers, ray_workers
from bot.corpus import FolderSource
from bot.encoder import HashingEncoder, Matrix, SentenceEncoder
from bot.encoder.tokens import TokenVectors, parse_tokens
from bot.errors import ClusterError
from bot.index.passage_table import PASSAGES
from bot.index.store import LocalStore
from bot.settings import BuildSettings

pytest.importorskip("ray", reason="there is no Ray for this platform: pip install 'articlebot[ray]'")

ROOT = Path(__file__).parents[1]
AROUND = "Home | Jobs | News\nSubscribe to the letter of the office\n"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a Ray cluster of two nodes with one processor each."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.setenv("RAY_worker_niceness", "0")  # else its processes wait for all other tests
        environment.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests'}")
        started = Cluster(
            initialize_head=True, connect=False, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        started.add_node(num_cpus=1)
    yield f"ray://{started.address}"
    started.shutdown()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of several formats with more files than a worker reads at once, and facts that depend on all files."""
    folder = tmp_path_factory.mktemp("mixed")
    for n in range(100):
        (folder / f"post-{n:03}.md").write_text(
            f"---\ntitle: Post {n}\nrelated: Post {n + 1}\n---\nRule {n % 90} of the office. It has a line {n % 90}.\n"
        )
    for n in range(5):
        (folder / f"dump-{n}.txt").write_text(f"{AROUND}# Page {n}\n\nWhat page {n} says of holidays.\n{AROUND}")
    (folder / "a.jsonl").write_text(
        "".join(f'{{"id": "faq-{n}", "question": "Who pays {n}?", "answer": "Office {n} pays."}}\n' for n in range(120))
    )
    (folder / "z.jsonl").write_text('{"id": "faq-7", "question": "Taken?", "answer": "Yes."}\n{"id": "half"\n')
    (folder / "empty.md").write_text("")
    (folder / "picture.bmp").write_bytes(b"BM")
    (folder / "alternates.csv").write_text(
        "question,passage\nwho settles 7,faq-7#faq-who-pays-7\nnobody,nothing#faq-at-all\n,missing\n"
    )
    return folder


@pytest.fixture(scope="module")
def hashed(mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of that corpus that this process builds, with the vectors of `Slow`."""
    index = tmp_path_factory.mktemp("hashed")
    build(mixed, index, encoder=HashingEncoder())
    return index


class Slow(HashingEncoder):
    """A slow encoder that logs how many texts each process encodes."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self.log = log

    def encode_passages(self, texts: Sequence[str]) -> Matrix:
        time.sleep(0.1)
        with self.log.open("a") as log:
            log.write(f"{os.getpid()} {len(texts)}\n")
        return super().encode_passages(texts)

    def texts_by_process(self) -> dict[int, int]:
        """Return how many texts each other process has encoded."""
        rows = (
            [tuple(map(int, line.split())) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        )
        return {pid: sum(count for other, count in rows if other == pid) for pid, _ in rows if pid != os.getpid()}


def built_by(cluster: str, corpus: Path, index: Path, *values: object, **named: object) -> BuildReport:
    with ray_workers(cluster) as workers:
        return build(corpus, index, *values, workers=workers, **named)


def vectors(index: Path) -> dict[bytes, np.ndarray]:
    with closing(sqlite3.connect(index / "cache" / "vectors.sqlite")) as cache:
        return {
            key: unpack_rows(packed).astype(float) for key, packed in cache.execute("SELECT key, vector FROM vectors")
        }


def tokens(index: Path) -> dict[bytes, TokenVectors]:
    with closing(sqlite3.connect(index / "cache" / "vectors.sqlite")) as cache:
        return {key: parse_tokens(packed[:-4]) for key, packed in cache.execute("SELECT key, vector FROM tokens")}


def check_same(index: Path, local: Path) -> None:
    for name in (PASSAGES, "refused.json"):
        assert (LocalStore(index).current_folder() / name).read_bytes() == (
            LocalStore(local).current_folder() / name
        ).read_bytes(), name
    found, expected = vectors(index), vectors(local)
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]).max() for key in expected) <= 1e-3
    found, expected = tokens(index), tokens(local)
    assert {key: own.places.tolist() for key, own in found.items()} == {
        key: own.places.tolist() for key, own in expected.items()
    }


def test_a_cluster_builds_the_same_index_and_leaves_nothing_behind(
    cluster: str, mixed: Path, tmp_path: Path, tiny_settings: BuildSettings
):
    import ray

    local = build(mixed, tmp_path / "local", tiny_settings)
    steps: list[tuple[str, int, int]] = []
    left = dict(os.environ), signal.getsignal(signal.SIGTERM)
    report = built_by(cluster, mixed, tmp_path / "index", tiny_settings, lambda *step: steps.append(step))
    assert (dict(os.environ), signal.getsignal(signal.SIGTERM)) == left
    assert not ray.is_initialized()
    check_same(tmp_path / "index", tmp_path / "local")
    assert any(len(own.places) for own in tokens(tmp_path / "index").values())
    assert (report.encoded, report.refused) == (local.encoded, local.refused)
    assert {refused.file for refused in report.refused} >= {
        "post-095.md",
        "z.jsonl",
        "empty.md",
        "picture.bmp",
        "alternates.csv",
    }
    files, texts = ([step for step in steps if step[0] == name] for name in ("files", "texts"))
    assert files == sorted(files)
    assert files[-1] == ("files", 109, 109)
    assert texts[-1] == ("texts", local.encoded, local.encoded)
    assert len(texts) > 1
    again = built_by(cluster, mixed, tmp_path / "index", replace(tiny_settings, exact_rows=100))
    assert (again.built, again.encoded) == (True, 0), "what is in the cache is not encoded again"


def test_an_index_built_by_a_cluster_gives_the_same_answers(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The packaged model, on the first of the shipped articles."""
    for name in ("bot.build.generation_writer", "bot.encoder.choice"):
        monkeypatch.setattr(f"{name}.FEW_TEXTS", 0)
    (tmp_path / "corpus").mkdir()
    for path in FolderSource(ROOT / "corpus").parts[:2]:
        (tmp_path / "corpus" / Path(path).name).write_bytes((ROOT / "corpus" / path).read_bytes())
    for name in ("local", "index"):
        link_encoder(tmp_path / name)
    build(tmp_path / "corpus", tmp_path / "local")
    assert built_by(cluster, tmp_path / "corpus", tmp_path / "index").encoded > 40
    check_same(tmp_path / "index", tmp_path / "local")
    here, there = Bot.open(tmp_path / "local"), Bot.open(tmp_path / "index")
    table = here.retriever.generation.table
    questions = [faq.question for faq in islice(table.all_passages(faqs=True), 10)]
    answers = [(bot.ask(question).text, bot.ask(question).status) for bot in (here, there) for question in questions]
    assert answers[: len(questions)] == answers[len(questions) :]
    assert "answered" in {status for _, status in answers}


def test_a_killed_encoder_process_is_replaced_and_no_text_is_lost(
    cluster: str, mixed: Path, hashed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.build.ray._TEXTS", 16)
    monkeypatch.setattr("bot.build.generation_writer.FEW_TEXTS", 0)
    slow, killed = Slow(tmp_path / "log"), set()

    def kill(step: str, done: int, total: int) -> None:
        if step == "texts" and 0 < done < total / 2 and not killed and len(slow.texts_by_process()) == 2:
            killed.add(min(slow.texts_by_process()))
            os.kill(min(slow.texts_by_process()), signal.SIGKILL)

    report = built_by(cluster, mixed, tmp_path / "index", progress=kill, encoder=slow)
    at_work = slow.texts_by_process()
    assert len(killed) == 1
    assert len(at_work) == 3, "another process replaces the killed one"
    assert sum(at_work.values()) >= report.encoded
    check_same(tmp_path / "index", hashed)


def test_an_interrupted_build_reuses_the_vectors_it_computed(
    cluster: str, mixed: Path, hashed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.build.ray._TEXTS", 16)
    monkeypatch.setattr("bot.build.generation_writer.FEW_TEXTS", 0)

    def stop(step: str, done: int, _total: int) -> None:
        if step == "texts" and done >= 160:
            raise KeyboardInterrupt

    slow = Slow(tmp_path / "log")
    with pytest.raises(KeyboardInterrupt):
        built_by(cluster, mixed, tmp_path / "index", progress=stop, encoder=slow)
    cached = len(vectors(tmp_path / "index"))
    report = built_by(cluster, mixed, tmp_path / "index", encoder=slow)
    assert cached >= 144
    assert report.encoded == len(vectors(hashed)) - cached
    check_same(tmp_path / "index", hashed)


def test_another_model_on_a_machine_of_the_cluster_is_reported(cluster: str, tiny_model: str):
    with (
        ray_workers(cluster),
        pytest.raises(
            ClusterError,
            match=r"^A machine of the Ray cluster says: The model .* on the machine .* is not the one of this build: "
            r"give both the same files",
        ),
    ):
        list(
            RayWorkers().encode(
                iter([UncachedTexts([b"key"], ['["text", null, []]'])]),
                1,
                SentenceEncoder(tiny_model),
                "other weights",
                lambda _count: None,
            )
        )


def test_the_command_line_builds_with_a_cluster_and_prints_only_its_own_output(
    cluster: str, corpus: Path, tmp_path: Path, tiny_model: str
):
    command = [
        sys.executable,
        "-m",
        "bot",
        "build",
        "--corpus",
        str(corpus),
        "--index",
        str(tmp_path / "index"),
        "--model",
        tiny_model,
        "--json",
    ]
    done = subprocess.run([*command, "--with", cluster], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout)["articles"] == 2
    assert "Ray" not in done.stderr
