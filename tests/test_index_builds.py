"""Builds of an index: what they write, encode anew and reuse, and what becomes of a failed one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from quick_build import build
from tiny_model import make_tiny_model

from bot.build.build import build as build_anew
from bot.corpus import Refused
from bot.encoder import SentenceEncoder
from bot.encoder.encoder_input import encode_inputs
from bot.errors import CorpusError, IndexBusy, ModelError
from bot.index.generation import check_encoder, encoder_inputs, roles_of
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest
from bot.index.sentences import cosines
from bot.index.store import LocalStore
from bot.settings import BuildSettings

pytestmark = pytest.mark.slow


def test_a_build_writes_a_complete_generation(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    calls: list[tuple[str, int, int]] = []
    report = build(corpus, tmp_path / "index", tiny_settings, lambda *progress: calls.append(progress))
    folder = LocalStore(tmp_path / "index").current_folder()
    manifest = Manifest.read(folder)
    assert (folder.name, manifest) == (report.generation, report.manifest)
    assert (manifest.articles, manifest.passages, manifest.vectors, manifest.dimension) == (2, 7, 21, 16)
    expected = [("model", 0, 1), ("model", 1, 1), ("files", 0, 2), ("files", 1, 2), ("files", 2, 2)]
    assert calls[:6] == [*expected, ("texts", 0, report.encoded)]
    assert calls[-1] == ("texts", report.encoded, report.encoded)
    assert 0 < report.encoded <= 21
    assert set(manifest.files) >= {
        "passages.sqlite",
        "vectors.faiss",
        "encoder/model.onnx",
        "encoder/tokenizer.json",
        "lexical/passages/meta.json",
    }
    generation = LocalGeneration.open(folder)
    assert generation.table.facts.passages == len(generation.lexical) == 7
    check_encoder(generation)


def test_each_row_is_the_vector_of_its_text(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    generation = LocalGeneration.open(LocalStore(tmp_path / "index").current_folder())
    passages = generation.table.passages(range(generation.table.facts.passages))
    inputs = [encoder_inputs(passage) for passage in passages]
    encoder = SentenceEncoder(tiny_settings.model)
    encoded = [encode_inputs(encoder, own) for own in inputs]
    expected = [np.concatenate([each.rows for each in own]) for own in encoded]
    rows = np.concatenate([own[: len(roles_of(one))] for own, one in zip(expected, passages, strict=True)])
    assert np.sum(generation.vectors.rows(np.arange(len(rows))) * rows, axis=1).min() > 0.999
    question = encoder.encode_questions(["How long is the notice period?"])[0]
    assert sum(len(own[-1].tokens.places) > 2 for own in encoded) >= 3
    for passage, own, whole in zip(passages, expected, (own[-1] for own in encoded), strict=True):
        found = generation.sentence_vectors([passage])
        assert np.allclose(cosines(found.rows, question), own[len(roles_of(passage)) :] @ question, atol=0.02)
        assert np.abs(found.tokens.vectors.astype(int) - whole.tokens.vectors).max(initial=0) <= 4
        assert found.tokens.places.tolist() == whole.tokens.places.tolist()
        assert found.token_starts.tolist() == [0, len(whole.tokens.places)]


def test_a_second_build_is_up_to_date_without_torch(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    first = build(corpus, tmp_path / "index", tiny_settings)
    code = (
        "import sys; from bot.build.build import build; from bot.settings import BuildSettings\n"
        f"report = build({str(corpus)!r}, {str(tmp_path / 'index')!r}, BuildSettings(model={tiny_settings.model!r}))\n"
        "loaded = sorted({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules))\n"
        "print(report.built, report.generation, loaded)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[0] == f"False {first.generation} []"


def test_every_build_reports_refused_files(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    (corpus / "bad.md").write_bytes(b"\0")
    first, second = (build(corpus, tmp_path / "index", tiny_settings) for _ in range(2))
    assert (first.built, second.built) == (True, False)
    assert (
        first.refused
        == second.refused
        == (Refused("bad.md", 1, "not a text file: it contains the control character '\\x00'"),)
    )


def test_a_build_encodes_only_texts_that_changed(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    first = build(corpus, tmp_path / "index", tiny_settings)
    (corpus / "gratuity.md").write_text((corpus / "gratuity.md").read_text().replace("a lump sum", "one payment"))
    second = build(corpus, tmp_path / "index", tiny_settings)
    assert second.built
    assert second.generation != first.generation
    assert second.encoded == 1, "the passage with its sentences"


def test_other_build_settings_make_another_index(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    smaller = BuildSettings(tiny_settings.model, passage_tokens=40)
    assert build(corpus, tmp_path / "index", smaller).built
    assert not build(corpus, tmp_path / "index", smaller).built


def test_a_corrupt_index_is_rebuilt(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    vectors = LocalStore(tmp_path / "index").current_folder() / "vectors.faiss"
    vectors.write_bytes(vectors.read_bytes()[:-1])
    assert build(corpus, tmp_path / "index", tiny_settings).built
    LocalGeneration.open(LocalStore(tmp_path / "index").current_folder())


def test_a_build_with_few_new_texts_loads_no_torch(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    (corpus / "gratuity.md").write_text((corpus / "gratuity.md").read_text().replace("a lump sum", "one payment"))
    code = (
        "import sys; from bot.build.build import build; from bot.settings import BuildSettings\n"
        f"report = build({str(corpus)!r}, {str(tmp_path / 'index')!r}, BuildSettings(model={tiny_settings.model!r}))\n"
        "print(report.encoded, sorted({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1 []\n"


def test_the_export_of_a_model_is_reused_until_another_model_replaces_it(
    corpus: Path, tmp_path: Path, tiny_model: str, tmp_path_factory
):
    store = LocalStore(tmp_path / "index")
    build_anew(corpus, store.root, BuildSettings(model=tiny_model))
    encoder = json.loads((store.encoder_folder / "settings.json").read_text())
    assert encoder["weights"] == Manifest.read(store.current_folder()).weights
    other = str(make_tiny_model(tmp_path_factory.mktemp("other"), seed=1))
    build_anew(corpus, store.root, BuildSettings(model=other))
    assert (
        json.loads((store.encoder_folder / "settings.json").read_text())["weights"]
        == Manifest.read(store.current_folder()).weights
        != encoder["weights"]
    )


def test_a_failed_build_leaves_the_old_index_and_the_next_one_cleans_up(
    corpus: Path, tmp_path: Path, tiny_settings: BuildSettings
):
    first = build(corpus, tmp_path / "index", tiny_settings)
    store = LocalStore(tmp_path / "index")
    (store.generations_folder / ".unfinished-1").mkdir()
    for path in corpus.iterdir():
        path.write_bytes(b"\0")
    with pytest.raises(CorpusError, match="No article could be read"):
        build(corpus, store.root, tiny_settings)
    with pytest.raises(ModelError, match="There is no model 'nope'"):
        build(corpus, store.root, BuildSettings(model="nope"))
    assert store.current_name() == first.generation
    (corpus / "note.md").write_text("A note.")
    build(corpus, store.root, tiny_settings)
    assert [path.name for path in store.generations_folder.iterdir() if path.name.startswith(".")] == []


def test_a_second_build_names_the_holder_of_the_lock(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    store = LocalStore(tmp_path / "index")
    with store.lock(), pytest.raises(IndexBusy, match=rf"Another build is writing .*\(process {os.getpid()}, since 20"):
        build(corpus, store.root, tiny_settings)
    assert build(corpus, store.root, tiny_settings).built


def test_the_lock_of_a_dead_builder_is_free(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    code = (
        "import os; from bot.index.store import LocalStore\n"
        f"with LocalStore({str(tmp_path / 'index')!r}).lock(): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert build(corpus, tmp_path / "index", tiny_settings).built
