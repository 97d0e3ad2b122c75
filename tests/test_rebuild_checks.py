"""Checks of an index, and damage to its files."""

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from quick_build import build
from rebuilding import point_to, small_place
from tiny_model import make_tiny_model

from benchmarks.robustness.fuzz_index import DAMAGES, answers_of, build_small_index, rewrite_checksums
from bot.errors import IndexCorrupt
from bot.evaluation.verification import verify
from bot.index.manifest import record_files
from bot.index.store import LocalStore
from bot.settings import BuildSettings

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return small_place(tmp_path / "place")


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
        "token_counts.i4",
        "token_places.i2",
        "tokens.i8",
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
