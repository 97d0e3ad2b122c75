"""The generations of an index on disk, their manifests, and the pointer to one of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from quick_build import build

from bot.backends.location import store_at
from bot.errors import IndexCorrupt, IndexMissing
from bot.index.generation import check_encoder
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest, verify_files
from bot.index.status import index_status
from bot.index.store import KEPT_GENERATIONS, LocalStore
from bot.settings import BuildSettings

pytestmark = pytest.mark.slow


def test_small_generations_are_kept_for_a_while_and_each_can_be_served_again(
    corpus: Path, tmp_path: Path, tiny_settings: BuildSettings
):
    store, names = LocalStore(tmp_path / "index"), []
    for n in range(KEPT_GENERATIONS + 1):
        (corpus / "note.md").write_text(f"Note {n}.")
        names.append(build(corpus, store.root, tiny_settings).generation)
    assert [path.name for path in store.generations()] == names[-KEPT_GENERATIONS:]
    assert store.roll_back() == store.current_name() == names[-2]
    assert store.switch_to(names[1]) == store.current_name() == names[1]
    with pytest.raises(IndexMissing, match="nothing to roll back to"):
        store.roll_back()
    assert store.switch_to(names[-1]) == store.current_name() == names[-1]
    with pytest.raises(IndexMissing, match=f"The generation {names[0]} is no longer in .*: choose another one"):
        store.switch_to(names[0])


def test_two_large_generations_are_kept(
    corpus: Path, tmp_path: Path, tiny_settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.build.publish.MAX_KEPT_BYTES", 1000)
    store, names = LocalStore(tmp_path / "index"), []
    for n in range(3):
        (corpus / "note.md").write_text(f"Note {n}.")
        names.append(build(corpus, store.root, tiny_settings).generation)
    assert [path.name for path in store.generations()] == names[-2:]


@pytest.mark.parametrize(
    "name",
    ["passages.sqlite", "vectors.faiss", "encoder/model.onnx", "encoder/tokenizer.json", "lexical/passages/meta.json"],
)
def test_a_flipped_byte_in_any_file_is_detected(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings, name: str):
    build(corpus, tmp_path / "index", tiny_settings)
    path = LocalStore(tmp_path / "index").current_folder() / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 64
    path.write_bytes(content)
    with pytest.raises(IndexCorrupt, match="is not the one that was built: run articlebot build, or roll back"):
        LocalGeneration.open(path.parents[name.count("/")])


def altered(folder: Path, **fields: object) -> Path:
    """Change fields of a manifest and rename its folder, as the name contains a checksum."""
    folder = folder.rename(folder.with_name("altered"))
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **fields}))
    return folder


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"format": 99}, "has format 99, this articlebot reads 12: run articlebot build"),
        ({"passages": 6}, "disagree about the number of passages"),
        ({"files": {"../../CURRENT": {"size": 1, "sha256": ""}}}, "names a file outside of it"),
        ({"files": 5}, "cannot be read"),
        ({"question_encoder": "magic"}, "unknown kind 'magic'"),
        ({"surplus": 1}, "cannot be read"),
    ],
)
def test_an_invalid_manifest_is_rejected(
    corpus: Path, tmp_path: Path, tiny_settings: BuildSettings, fields: dict, sentence: str
):
    build(corpus, tmp_path / "index", tiny_settings)
    with pytest.raises(IndexCorrupt, match=sentence):
        LocalGeneration.open(altered(LocalStore(tmp_path / "index").current_folder(), **fields))


def test_a_manifest_that_does_not_match_its_name_is_rejected(
    corpus: Path, tmp_path: Path, tiny_settings: BuildSettings
):
    build(corpus, tmp_path / "index", tiny_settings)
    folder = LocalStore(tmp_path / "index").current_folder()
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace('"covered": 0', '"covered": 1'))
    with pytest.raises(
        IndexCorrupt, match=r"The manifest of the index .* is not the one that was built: run articlebot build"
    ):
        LocalGeneration.open(folder)


def test_a_changed_encoder_is_detected(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    folder = LocalStore(tmp_path / "index").current_folder()
    other = np.roll(np.array(Manifest.read(folder).check_vector), 1).tolist()
    with pytest.raises(IndexCorrupt, match="has changed since the build"):
        check_encoder(LocalGeneration.open(altered(folder, check_vector=other)))


def test_a_missing_index_and_a_dangling_pointer_are_different_errors(tmp_path: Path):
    store = LocalStore(tmp_path)
    with pytest.raises(IndexMissing, match=r"There is no index in .*: run articlebot build"):
        store.current_folder()
    for name in ("gone", "..", ""):
        (tmp_path / "CURRENT").write_text(name)
        with pytest.raises(IndexCorrupt, match="names no generation"):
            store.current_folder()


def test_status_shows_whether_the_articles_have_changed(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    report = build(corpus, tmp_path / "index", tiny_settings)
    facts = index_status(store_at(tmp_path / "index"), corpus)
    assert (facts["generation"], facts["articles"], facts["corpus_changed"], facts["generations"]) == (
        report.generation,
        2,
        False,
        [
            {
                "name": report.generation,
                "served": True,
                "created": facts["created"],
                "articles": 2,
                "passages": facts["passages"],
                "bytes": facts["bytes"],
                "model": tiny_settings.model,
                "fault": None,
            }
        ],
    )
    (corpus / "new.md").write_text("New.")
    assert index_status(store_at(tmp_path / "index"), corpus)["corpus_changed"] is True
    assert index_status(store_at(tmp_path / "index"), tmp_path / "elsewhere")["corpus_changed"] is None


def test_opening_verifies_samples_of_a_large_file_and_a_check_all_of_it(
    corpus: Path, tmp_path: Path, tiny_settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.index.manifest._LARGE", 1000)
    monkeypatch.setattr("bot.index.manifest._BLOCK", 16)
    monkeypatch.setattr("bot.index.manifest._BLOCKS", 3)
    build(corpus, tmp_path / "index", tiny_settings)
    folder = LocalStore(tmp_path / "index").current_folder()
    path = folder / "encoder/tokenizer.json"
    whole = path.read_bytes()

    def flipped(place: int) -> None:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])

    for place in (0, len(whole) - 1, len(whole) // 2):
        flipped(place)
        with pytest.raises(IndexCorrupt, match="is not the one that was built"):
            LocalGeneration.open(folder)
    flipped(100)
    verify_files(folder, Manifest.read(folder), whole=False)
    with pytest.raises(IndexCorrupt, match="is not the one that was built"):
        LocalGeneration.open(folder, whole=True)
