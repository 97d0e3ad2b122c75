"""The index on disk: vectors, words, passages, generations and the pointer."""

import json
import math
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bot.corpus import Refused, read_corpus
from bot.errors import CorpusError, IndexBusy, IndexCorrupt, IndexMissing, ModelError
from bot.index.build import build
from bot.index.cache import VectorCache
from bot.index.filters import Filters
from bot.index.generation import Generation, Manifest
from bot.index.lexical import Lexical, write_lexical
from bot.index.passage_table import ROLES, PassageTable, texts_to_encode, write_passages
from bot.index.status import index_status
from bot.index.store import KEPT, IndexStore
from bot.index.vectors import Vectors
from bot.index.vocabulary import vocabulary_of
from bot.passages import Passage, context, split_corpus
from bot.settings import BuildSettings


def unit(rows: int, dimension: int = 8, seed: int = 0) -> np.ndarray:
    matrix = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def passages_of(corpus: Path) -> tuple[Passage, ...]:
    return split_corpus(read_corpus(corpus), lambda texts: [len(text.split()) for text in texts], 50)[0]


def test_faiss_finds_what_ten_lines_of_numpy_find(tmp_path: Path):
    matrix, questions = unit(500), unit(20, seed=1)
    Vectors.of(matrix).write(tmp_path / "v.faiss")
    vectors = Vectors.open(tmp_path / "v.faiss")
    for question in questions:
        rows, cosines = vectors.search(question[None], 10)
        expected = matrix @ question
        assert rows.tolist() == np.argsort(-expected)[:10].tolist()
        assert np.allclose(cosines, np.sort(expected)[::-1][:10], atol=1e-6)
    assert np.array_equal(vectors.rows(np.array([3, 499, 3])), matrix[[3, 499, 3]])


def test_a_search_among_some_rows_gives_only_those_and_never_row_minus_one():
    matrix = unit(100)
    among = np.array([5, 40, 77])
    rows, cosines = Vectors.of(matrix).search(matrix[:1], 10, among)
    expected = matrix[among] @ matrix[0]
    assert rows.tolist() == among[np.argsort(-expected)].tolist()
    assert np.allclose(cosines, np.sort(expected)[::-1], atol=1e-6)
    assert Vectors.of(matrix).search(matrix[:1], 10, np.empty(0, np.int64))[0].tolist() == []


def test_vectors_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="row 1 is not a unit vector"):
        Vectors.of(np.array([[1, 0], [np.nan, 0]], np.float32))
    with pytest.raises(ValueError, match="cannot be compared"):
        Vectors.of(unit(3)).search(unit(1, 4), 1)
    with pytest.raises(IndexError, match="rows run from 0 to 2"):
        Vectors.of(unit(3)).rows(np.array([-1]))


def test_words_find_passages_by_stem_and_filters_come_first(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    lexical = Lexical(tmp_path / "lexical")
    assert len(lexical) == len(passages)

    def first(words: str, filters: Filters = Filters()) -> str | None:
        found = lexical.passages_by_words(words, 5, filters)
        return passages[found[0][0]].id if found else None

    assert first("buying out notice periods") == "notice-period#faq-can-a-notice-period-be-bought-out"
    assert first('who "pays" AND (gratuity: -x*') == "gratuity#faq-who-pays-gratuity"
    assert first("gratuity", Filters(category="hrm")) is None
    assert first("gratuity", Filters(category="epfo")) == "gratuity#section-opening-1"
    assert first("employer", Filters(article="gratuity")) == "gratuity#faq-who-pays-gratuity"
    assert first("gratuity", Filters(since=date(2026, 1, 1))) is None
    assert first("notice", Filters(since=date(2026, 2, 1))) is not None
    assert lexical.passages_by_words("???", 5) == []


def test_pairs_of_neighbouring_words_count_in_their_order(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    lexical = Lexical(tmp_path / "lexical")
    assert [passages[match.number].id for match in lexical.passages_by_pairs("approves it in writing?", 5)] == [
        "notice-period#faq-does-leave-count-towards-the-notice-period"
    ]
    assert lexical.passages_by_pairs("writing in it", 5) == []


def test_articles_are_found_by_words_of_different_passages(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    articles = list(dict.fromkeys(passage.article.id for passage in passages))
    found = Lexical(tmp_path / "lexical").articles_by_words("lump fund", 5)
    assert [articles[match.number] for match in found] == ["gratuity"]


def test_a_filter_does_not_change_scores(corpus: Path, tmp_path: Path):
    write_lexical(tmp_path / "lexical", passages_of(corpus))
    lexical = Lexical(tmp_path / "lexical")
    free = {number: score for number, score, _ in lexical.passages_by_words("notice leave employer", 10)}
    filtered = {
        number: score for number, score, _ in lexical.passages_by_words("notice leave employer", 10, Filters(category="HRM", since=date(2026, 1, 1)))
    }
    assert filtered
    assert all(score == pytest.approx(free[number]) for number, score in filtered.items())


def test_scores_are_bm25_and_shares_of_what_a_passage_full_of_the_words_gets(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    ((number, score, share),) = Lexical(tmp_path / "lexical").passages_by_words("Is it to pay?", 10)
    assert passages[number].id == "gratuity#faq-who-pays-gratuity"
    # "Is", "it" and "to" tell nothing; "pay" stands twice in one of six passages.
    lengths = [len(re.findall(r"\w+", f"{context(passage)} {passage.text}")) for passage in passages]
    rarity = math.log(1 + (6 - 1 + 0.5) / (1 + 0.5))
    norm = 1.2 * (0.25 + 0.75 * lengths[number] / (sum(lengths) / 6))
    assert score * math.sqrt(rarity) == pytest.approx(rarity * 2 * 2.2 / (2 + norm), rel=0.02)
    assert share == pytest.approx(score * math.sqrt(rarity) / (2.2 * rarity))


def test_passages_come_back_as_they_went_in(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    texts = texts_to_encode(passages)
    write_passages(tmp_path / "p.sqlite", passages, ((number, role) for number, role, _ in texts), vocabulary_of(passages))
    table = PassageTable(tmp_path / "p.sqlite")
    assert table.passages(range(len(passages))) == list(passages)
    assert list(table.articles()) == list(read_corpus(corpus).articles)
    assert table.categories() == {"EPFO": 1, "HRM": 1}
    assert table.article("none") is None
    for number in range(len(passages)):
        assert [(n, ROLES.index(role)) for n, role, _ in texts if n == number] == [(number, table.role_of_row[row]) for row in table.rows_of(number)]


@pytest.mark.parametrize(
    ("filters", "articles"),
    [
        (Filters(), {"notice-period", "gratuity"}),
        (Filters(category="hrm"), {"notice-period"}),
        (Filters(article="gratuity"), {"gratuity"}),
        (Filters(since=date(2026, 1, 20)), {"notice-period"}),
        (Filters(category="EPFO", since=date(2026, 1, 20)), set()),
    ],
)
def test_rows_admitted_are_those_of_articles_that_meet_the_filters(corpus: Path, tmp_path: Path, filters: Filters, articles: set[str]):
    passages = passages_of(corpus)
    write_passages(tmp_path / "p.sqlite", passages, ((number, role) for number, role, _ in texts_to_encode(passages)), {})
    table = PassageTable(tmp_path / "p.sqlite")
    rows = table.rows_admitted(filters)
    assert {passages[number].article.id for number in table.passage_of_row[rows]} == articles
    assert len(rows) == sum(3 for passage in passages if passage.article.id in articles)


def test_the_vocabulary_comes_back_by_length_with_the_passages_that_have_each_word(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_passages(tmp_path / "p.sqlite", passages, [], vocabulary_of(passages))
    table = PassageTable(tmp_path / "p.sqlite")
    held = {word: count for length in range(1, 31) for word, count in zip(*map(list, table.words(length)), strict=True) if count}
    texts = [[passage.article.title, *passage.section, passage.question or "", passage.text] for passage in passages]
    words = [set(re.findall(r"[a-z]+", " ".join(parts).lower())) for parts in texts]
    assert held == {word: sum(word in each for each in words) for word in set().union(*words)}
    assert dict(zip(*map(list, table.words(7)), strict=True))["cricket"] == 0
    assert table.words(9).words.tolist() == sorted(table.words(9).words.tolist())
    assert len(table.words(60).words) == len(table.words(60).passages) == 0


def test_the_cache_keeps_vectors_by_model_and_text(tmp_path: Path):
    cache = VectorCache(tmp_path, "model-a")
    cache.add(["x", "y"], unit(2))
    assert np.array_equal(cache.known(["y", "z"])["y"], unit(2)[1])
    assert list(cache.known(["y", "z"])) == ["y"]
    assert VectorCache(tmp_path, "model-b").known(["x"]) == {}
    cache.keep_only(["y"])
    assert list(cache.known(["x", "y"])) == ["y"]


def test_a_cache_that_cannot_be_read_is_begun_anew(tmp_path: Path):
    (tmp_path / "vectors.sqlite").write_bytes(b"not a database" * 100)
    assert VectorCache(tmp_path, "model").known(["x"]) == {}


def test_a_build_writes_a_whole_generation(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    heard: list[tuple[int, int]] = []
    report = build(corpus, tmp_path / "index", tiny_settings, lambda done, total: heard.append((done, total)))
    folder = IndexStore(tmp_path / "index").current()
    manifest = Manifest.read(folder)
    assert (folder.name, manifest) == (report.generation, report.manifest)
    assert (manifest.articles, manifest.passages, manifest.vectors, manifest.dimension) == (2, 7, 21, 16)
    assert heard[-1] == (report.encoded, report.encoded)
    assert 0 < report.encoded <= 21
    assert set(manifest.files) >= {"passages.sqlite", "vectors.faiss", "encoder/model.onnx", "encoder/tokenizer.json", "lexical/passages/meta.json"}
    generation = Generation.open(folder)
    assert len(generation.table) == len(generation.lexical) == 7
    generation.check_encoder()


def test_row_i_is_the_vector_of_the_text_it_stands_for(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    generation = Generation.open(IndexStore(tmp_path / "index").current())
    texts = texts_to_encode(generation.table.passages(range(len(generation.table))))
    from bot.encoder import SentenceEncoder

    expected = SentenceEncoder(tiny_settings.model).encode_passages([text for _, _, text in texts])
    assert np.allclose(generation.vectors.rows(np.arange(len(texts))), expected, atol=1e-5)


def test_a_second_build_is_up_to_date_without_torch(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    first = build(corpus, tmp_path / "index", tiny_settings)
    code = (
        "import sys; from bot.index.build import build; from bot.settings import BuildSettings\n"
        f"report = build({str(corpus)!r}, {str(tmp_path / 'index')!r}, BuildSettings(model={tiny_settings.model!r}))\n"
        "print(report.built, report.generation, sorted({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[0] == f"False {first.generation} []"


def test_what_was_refused_is_told_by_every_build(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    (corpus / "bad.md").write_bytes(b"\x81")
    first, second = (build(corpus, tmp_path / "index", tiny_settings) for _ in range(2))
    assert (first.built, second.built) == (True, False)
    assert first.refused == second.refused == (Refused("bad.md", 1, "neither UTF-8 nor Windows-1252 text: save it as UTF-8"),)


def test_a_change_encodes_only_what_changed(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    first = build(corpus, tmp_path / "index", tiny_settings)
    (corpus / "gratuity.md").write_text((corpus / "gratuity.md").read_text().replace("a lump sum", "one payment"))
    second = build(corpus, tmp_path / "index", tiny_settings)
    assert second.built
    assert second.generation != first.generation
    assert second.encoded == 2


def test_other_settings_are_another_index(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    smaller = BuildSettings(tiny_settings.model, passage_tokens=40)
    assert build(corpus, tmp_path / "index", smaller).built
    assert not build(corpus, tmp_path / "index", smaller).built


def test_a_corrupt_index_is_built_again(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    vectors = IndexStore(tmp_path / "index").current() / "vectors.faiss"
    vectors.write_bytes(vectors.read_bytes()[:-1])
    assert build(corpus, tmp_path / "index", tiny_settings).built
    Generation.open(IndexStore(tmp_path / "index").current())


def test_two_generations_are_kept_and_rolled_back_to(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    store, names = IndexStore(tmp_path / "index"), []
    for n in range(3):
        (corpus / "note.md").write_text(f"Note {n}.")
        names.append(build(corpus, store.root, tiny_settings).generation)
    assert [path.name for path in store.generations()] == names[-KEPT:]
    assert store.roll_back().name == store.current().name == names[1]
    with pytest.raises(IndexMissing, match="nothing to roll back to"):
        store.roll_back()


def test_a_build_that_fails_leaves_the_old_index_and_the_next_sweeps_up(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    first = build(corpus, tmp_path / "index", tiny_settings)
    store = IndexStore(tmp_path / "index")
    (store.generations_folder / ".unfinished-1").mkdir()
    for path in corpus.iterdir():
        path.write_bytes(b"\x81")
    with pytest.raises(CorpusError, match="No article could be read"):
        build(corpus, store.root, tiny_settings)
    with pytest.raises(ModelError, match="There is no model 'nope'"):
        build(corpus, store.root, BuildSettings(model="nope"))
    assert store.current().name == first.generation
    (corpus / "note.md").write_text("A note.")
    build(corpus, store.root, tiny_settings)
    assert [path.name for path in store.generations_folder.iterdir() if path.name.startswith(".")] == []


def test_a_second_builder_is_told_who_builds(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    store = IndexStore(tmp_path / "index")
    with store.lock(), pytest.raises(IndexBusy, match=rf"Another build is writing .*\(process {os.getpid()}, since 20"):
        build(corpus, store.root, tiny_settings)
    assert build(corpus, store.root, tiny_settings).built


def test_the_lock_of_a_dead_builder_is_free(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    code = f"import os; from bot.index.store import IndexStore\nwith IndexStore({str(tmp_path / 'index')!r}).lock(): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert build(corpus, tmp_path / "index", tiny_settings).built


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.faiss", "encoder/model.onnx", "encoder/tokenizer.json", "lexical/passages/meta.json"])
def test_a_flipped_byte_in_any_file_is_noticed(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings, name: str):
    build(corpus, tmp_path / "index", tiny_settings)
    path = IndexStore(tmp_path / "index").current() / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 64
    path.write_bytes(content)
    with pytest.raises(IndexCorrupt, match="is not the one that was built: build the index again, or roll back"):
        Generation.open(path.parents[name.count("/")])


def altered(folder: Path, **fields: object) -> Path:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **fields}))
    return folder


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"format": 99}, "has format 99, this articlebot reads format 4: build the index again"),
        ({"passages": 6}, "disagree about the number of passages"),
        ({"files": {"../../CURRENT": {"size": 1, "sha256": ""}}}, "names a file outside of it"),
        ({"files": 5}, "cannot be read"),
        ({"question_encoder": "magic"}, "unknown kind 'magic'"),
        ({"surplus": 1}, "cannot be read"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings, fields: dict, sentence: str):
    build(corpus, tmp_path / "index", tiny_settings)
    with pytest.raises(IndexCorrupt, match=sentence):
        Generation.open(altered(IndexStore(tmp_path / "index").current(), **fields))


def test_an_encoder_that_changed_its_mind_is_noticed(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    folder = IndexStore(tmp_path / "index").current()
    other = np.roll(np.array(Manifest.read(folder).probe), 1).tolist()
    with pytest.raises(IndexCorrupt, match="has changed since the build"):
        Generation.open(altered(folder, probe=other)).check_encoder()


def test_a_missing_index_and_a_pointer_to_nowhere_are_told_apart(tmp_path: Path):
    store = IndexStore(tmp_path)
    with pytest.raises(IndexMissing, match=r"There is no index in .*: run articlebot build"):
        store.current()
    for name in ("gone", "..", ""):
        (tmp_path / "CURRENT").write_text(name)
        with pytest.raises(IndexCorrupt, match="names no generation"):
            store.current()


def test_status_tells_whether_the_articles_have_changed(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    report = build(corpus, tmp_path / "index", tiny_settings)
    facts = index_status(tmp_path / "index", corpus)
    assert (facts["generation"], facts["articles"], facts["corpus_changed"], facts["generations"]) == (
        report.generation,
        2,
        False,
        [report.generation],
    )
    (corpus / "new.md").write_text("New.")
    assert index_status(tmp_path / "index", corpus)["corpus_changed"] is True
    assert index_status(tmp_path / "index", tmp_path / "elsewhere")["corpus_changed"] is None
