"""The index on disk: vectors, lexical index, passages, generations and the pointer."""

import json
import math
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path

import faiss
import numpy as np
import pytest
from articles import word_starts
from quick_build import build
from tiny_model import make_tiny_model

from bot.backends.location import store_at
from bot.build.build import build as build_anew
from bot.build.cache import CachedRows, Encoded, Row, UncachedTexts, VectorCache
from bot.build.passage_writer import PassageWriter
from bot.build.vocabulary_writer import VocabularyWriter
from bot.build.word_index import FEW_TEXTS, lexical_index_in_background
from bot.build.workers import LocalWorkers
from bot.corpus import Refused, read_corpus
from bot.encoder import EncoderInput, SentenceEncoder
from bot.encoder.encoder_input import encode_inputs
from bot.errors import CorpusError, IndexBusy, IndexCorrupt, IndexMissing, IndexUnwritable, ModelError
from bot.index.filters import Filters
from bot.index.generation import ROLES, PassageVectors, all_articles, check_encoder, encoder_inputs, roles_of
from bot.index.lexical import LexicalIndex, LexicalWriter
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest, verify_files
from bot.index.passage_table import PassageTable
from bot.index.status import index_status
from bot.index.store import KEPT_GENERATIONS, LocalStore
from bot.index.vectors import SearchPlan, Vectors, _to_float32, write_vectors
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage, context, split_articles
from bot.settings import BuildSettings

pytestmark = pytest.mark.slow


def unit(rows: int, dimension: int = 8, seed: int = 0) -> np.ndarray:
    matrix = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def passages_of(corpus: Path) -> tuple[Passage, ...]:
    return tuple(split_articles(read_corpus(corpus).articles, word_starts, 50))


def write_lexical(folder: Path, passages: Iterable[Passage]) -> None:
    writer = LexicalWriter(folder)
    for passage in passages:
        writer.add(passage)
    writer.close()


def write_passages(path: Path, passages: Iterable[Passage]) -> None:
    writer, vocabulary = PassageWriter(path), VocabularyWriter(path.parent)
    for passage in passages:
        writer.add(passage)
        vocabulary.add(passage)
    writer.close()
    vocabulary.close()


def vectors_of(folder: Path, matrix: np.ndarray, exact_rows: int = 10_000) -> Vectors:
    return Vectors.open(folder, write_vectors(folder, [matrix], matrix.shape[1], exact_rows, unit(20, matrix.shape[1])))


def test_faiss_finds_what_ten_lines_of_numpy_find(tmp_path: Path):
    matrix, questions = unit(500), unit(20, seed=1)
    vectors = vectors_of(tmp_path, matrix)
    for question in questions:
        rows, cosines = vectors.search(question[None], 10)
        expected = matrix.astype(np.float16).astype(np.float32) @ question
        assert rows.tolist() == np.argsort(-expected)[:10].tolist()
        assert np.allclose(cosines, np.sort(expected)[::-1][:10], atol=1e-6)
    assert np.allclose(vectors.rows(np.array([3, 499, 3])), matrix[[3, 499, 3]], atol=1e-3)


def test_a_filtered_search_returns_only_admitted_rows_and_never_row_minus_one(tmp_path: Path):
    matrix = unit(100)
    among = np.array([5, 40, 77])
    vectors = vectors_of(tmp_path, matrix)
    rows, cosines = vectors.search(matrix[:1], 10, among)
    expected = matrix[among] @ matrix[0]
    assert rows.tolist() == among[np.argsort(-expected)].tolist()
    assert np.allclose(cosines, np.sort(expected)[::-1], atol=1e-3)
    assert vectors.search(matrix[:1], 10, np.empty(0, np.int64))[0].tolist() == []


def test_every_finite_float16_number_is_read_exactly():
    every = np.arange(2**16, dtype=np.uint16).view(np.int16)
    expected = every.view(np.float16).astype(np.float32)
    is_finite = np.isfinite(expected)
    assert _to_float32(every[is_finite]).tobytes() == expected[is_finite].tobytes()


def test_vectors_in_another_form_are_refused_in_one_sentence(tmp_path: Path):
    flat = faiss.IndexFlatIP(8)
    flat.add(unit(3))
    faiss.write_index(flat, str(tmp_path / "vectors.faiss"))
    with pytest.raises(IndexCorrupt, match=r"vectors\.faiss does not hold vectors as float16: run articlebot build\."):
        Vectors.open(tmp_path, SearchPlan())


def near_each_other(rows: int, dimension: int = 32) -> np.ndarray:
    """Return clustered vectors, as texts have them."""
    random = np.random.default_rng(0)
    matrix = (
        random.normal(size=(200, dimension))[random.integers(0, 200, rows)]
        + random.normal(size=(rows, dimension)) * 0.5
    )
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


def test_the_approximate_index_finds_nearly_all_nearest_rows_with_and_without_a_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    matrix, questions = near_each_other(6000), near_each_other(6100)[-50:]
    plan = write_vectors(tmp_path, [matrix], 32, 5000, near_each_other(6200)[-100:])
    vectors = Vectors.open(tmp_path, plan)
    assert 0 < plan.searched_lists <= plan.lists == 128
    assert plan.recall >= 0.985
    monkeypatch.setattr("bot.index.vectors._MAX_FILTERED_EXACT", 100)
    for among in (None, np.arange(0, 6000, 3), np.arange(0, 6000, 29), np.arange(0, 6000, 75)):
        admitted = np.arange(6000) if among is None else among
        found = [vectors.search(question[None], 10, among) for question in questions]
        nearest = [admitted[np.argsort(-(matrix[admitted] @ question))[:10]] for question in questions]
        assert (
            np.mean(
                [len({*rows.tolist()} & {*best.tolist()}) / 10 for (rows, _), best in zip(found, nearest, strict=True)]
            )
            >= 0.98
        )
        assert all(np.isin(rows, admitted).all() for rows, _ in found)
        assert all(
            np.allclose(cosines, matrix[rows] @ question, atol=2e-3)
            for (rows, cosines), question in zip(found, questions, strict=True)
        )


def test_the_lists_of_an_earlier_index_are_filled_again_while_they_find_as_much(tmp_path: Path):
    earlier, later, questions = tmp_path / "1", tmp_path / "2", near_each_other(6200)[-100:]
    for folder in (earlier, later):
        folder.mkdir()
    before = Vectors.open(earlier, write_vectors(earlier, [near_each_other(6000)], 32, 5000, questions))
    changed = np.concatenate([near_each_other(6000)[60:], near_each_other(6100)[:30]])
    plan = write_vectors(later, [changed], 32, 5000, questions, before)
    assert centroids(earlier) == centroids(later)
    assert plan.lists == before.plan.lists
    assert plan.searched_lists <= before.plan.searched_lists
    found, _ = Vectors.open(later, plan).search_all(questions, 10)
    nearest = np.argsort(-(questions @ changed.T), axis=1)[:, :10]
    assert (
        np.mean([len({*one} & {*other}) / 10 for one, other in zip(found.tolist(), nearest.tolist(), strict=True)])
        > 0.98
    )
    assert before.search_all(questions, 1)[0].max() < 6000  # the earlier index is as it was


def test_lists_that_no_longer_fit_the_rows_are_trained_anew(tmp_path: Path):
    earlier, later, questions = tmp_path / "1", tmp_path / "2", near_each_other(6200)[-100:]
    for folder in (earlier, later):
        folder.mkdir()
    # All rows of another corpus fall into a few lists of this one, so that more of them would have to be searched.
    narrow = near_each_other(6000) + np.eye(1, 32, dtype=np.float32) * 6
    narrow /= np.linalg.norm(narrow, axis=1, keepdims=True)
    before = Vectors.open(earlier, write_vectors(earlier, [narrow], 32, 5000, narrow[:100]))
    plan = write_vectors(later, [near_each_other(6000)], 32, 5000, questions, before)
    assert centroids(earlier) != centroids(later)
    assert plan.recall >= 0.985


def centroids(folder: Path) -> list[float]:
    lists = faiss.read_index(str(folder / "lists.faiss"))
    return lists.quantizer.reconstruct_n(0, lists.nlist).ravel().tolist()


def test_few_rows_are_searched_exhaustively(tmp_path: Path):
    assert write_vectors(tmp_path, [unit(500)], 8, 500, unit(20)) == SearchPlan()
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.faiss"]


def test_vectors_of_a_wrong_length_or_dimension_are_rejected(tmp_path: Path):
    with pytest.raises(ValueError, match="row 1 is not a unit vector"):
        write_vectors(tmp_path, [np.array([[1, 0], [np.nan, 0]], np.float32)], 2, 10, unit(20, 2))
    with pytest.raises(ValueError, match="cannot be compared"):
        vectors_of(tmp_path, unit(3)).search(unit(1, 4), 1)
    with pytest.raises(IndexError, match="rows run from 0 to 2"):
        vectors_of(tmp_path, unit(3)).rows(np.array([-1]))


def test_lexical_search_matches_stems_within_the_filters(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    lexical = LexicalIndex(tmp_path / "lexical")
    assert len(lexical) == len(passages)

    def first(words: str, filters: Filters = Filters()) -> str | None:
        found = lexical.search("words", words, 5, filters)
        return passages[found.numbers[0]].id if len(found.numbers) else None

    assert first("buying out notice periods") == "notice-period#faq-can-a-notice-period-be-bought-out"
    assert first('who "pays" AND (gratuity: -x*') == "gratuity#faq-who-pays-gratuity"
    assert first("gratuity", Filters(category="hrm")) is None
    assert first("gratuity", Filters(category="epfo")) == "gratuity#section-opening-1"
    assert first("employer", Filters(article="gratuity")) == "gratuity#faq-who-pays-gratuity"
    assert first("gratuity", Filters(since=date(2026, 1, 1))) is None
    assert first("notice", Filters(since=date(2026, 2, 1))) is not None
    assert lexical.search("words", "???", 5).numbers.tolist() == []


def test_pairs_of_adjacent_words_count_in_their_order(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    lexical = LexicalIndex(tmp_path / "lexical")
    assert [passages[number].id for number in lexical.search("pairs", "approves it in writing?", 5).numbers] == [
        "notice-period#faq-does-leave-count-towards-the-notice-period"
    ]
    assert lexical.search("pairs", "writing in it", 5).numbers.tolist() == []


def test_article_search_matches_words_of_different_passages(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    articles = list(dict.fromkeys(passage.article.id for passage in passages))
    found = LexicalIndex(tmp_path / "lexical").search("article_words", "lump fund", 5)
    assert [articles[number] for number in found.numbers] == ["gratuity"]


def test_a_filter_does_not_change_scores(corpus: Path, tmp_path: Path):
    write_lexical(tmp_path / "lexical", passages_of(corpus))
    lexical = LexicalIndex(tmp_path / "lexical")
    free, filtered = (
        dict(zip(found.numbers.tolist(), found.scores.tolist(), strict=True))
        for found in (
            lexical.search("words", "notice leave employer", 10, filters)
            for filters in (Filters(), Filters("HRM", since=date(2026, 1, 1)))
        )
    )
    assert filtered
    assert all(score == pytest.approx(free[number]) for number, score in filtered.items())


def test_scores_are_bm25_and_fractions_of_the_maximum(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_lexical(tmp_path / "lexical", passages)
    ((number,), (score,), (share,)) = LexicalIndex(tmp_path / "lexical").search("words", "Is it to pay?", 10)
    assert passages[number].id == "gratuity#faq-who-pays-gratuity"
    # "Is", "it" and "to" are stop words; "pay" occurs twice in one of six passages.
    lengths = [len(re.findall(r"\w+", f"{context(passage)} {passage.text}")) for passage in passages]
    idf = math.log(1 + (6 - 1 + 0.5) / (1 + 0.5))
    norm = 1.2 * (0.25 + 0.75 * lengths[number] / (sum(lengths) / 6))
    assert score * math.sqrt(idf) == pytest.approx(idf * 2 * 2.2 / (2 + norm), rel=0.02)
    assert share == pytest.approx(score * math.sqrt(idf) / (2.2 * idf))


def test_passages_are_read_back_unchanged(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_passages(tmp_path / "p.sqlite", passages)
    table = PassageTable(tmp_path / "p.sqlite")
    assert table.passages(range(len(passages))) == list(passages)
    assert list(all_articles(table)) == list(read_corpus(corpus).articles)
    assert table.facts.categories == {"EPFO": 1, "HRM": 1}
    assert table.article("none") is None
    vectors = PassageVectors(
        np.arange(len(passages)), table.article_of_passage, np.empty((0, 0), np.float32), table.row_start
    )
    for number in range(len(passages)):
        roles = roles_of(passages[number])
        rows = np.flatnonzero(table.passage_of_row == number)
        assert roles == [ROLES[role] for role in table.role_of_row[rows]]
        for role in ROLES:
            assert vectors.places(role)[number] == rows[roles.index(role)]


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
def test_filters_admit_the_rows_of_matching_articles(
    corpus: Path, tmp_path: Path, filters: Filters, articles: set[str]
):
    passages = passages_of(corpus)
    write_passages(tmp_path / "p.sqlite", passages)
    table = PassageTable(tmp_path / "p.sqlite")
    rows = table.rows_admitted(filters)
    assert {passages[number].article.id for number in table.passage_of_row[rows]} == articles
    assert len(rows) == sum(3 for passage in passages if passage.article.id in articles)


def test_the_vocabulary_counts_the_passages_of_each_word(corpus: Path, tmp_path: Path):
    passages = passages_of(corpus)
    write_passages(tmp_path / "p.sqlite", passages)
    known = Vocabulary(tmp_path)
    held = {
        word: count
        for length in range(1, 31)
        for word, count in zip(*map(list, known.words(length)), strict=True)
        if count
    }
    texts = [[passage.article.title, *passage.section, passage.question or "", passage.text] for passage in passages]
    words = [set(re.findall(r"[a-z]+", " ".join(parts).lower())) for parts in texts]
    assert held == {word: sum(word in each for each in words) for word in set().union(*words)}
    assert dict(zip(*map(list, known.words(7)), strict=True))["cricket"] == 0
    assert known.words(9).words.tolist() == sorted(known.words(9).words.tolist())
    assert len(known.words(60).words) == len(known.words(60).passages) == 0


class CountingEncoder:
    """An encoder that gives each text a different vector and records the texts."""

    name, dimension, max_tokens = "counting", 8, 99

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += texts
        return np.vstack([unit(1, seed=sum(text.encode())) for text in texts])

    encode_questions = encode_passages

    def token_starts(self, texts: Sequence[str]) -> list[Sequence[int]]:
        return word_starts(texts)


def encoded_here(
    encoder: CountingEncoder, texts: Iterator[UncachedTexts], done: Callable[[int], None] = lambda _count: None
) -> Encoded:
    return LocalWorkers().encode(texts, 5, encoder, "weights", done)


def cached(folder: Path, model: str, texts: list[str]) -> tuple[list[str], np.ndarray]:
    """Return the texts that a build with this cache encodes, and the rows of all texts."""
    encoder = CountingEncoder()
    with closing(VectorCache(folder, model)) as cache:
        rows = CachedRows(cache)
        rows.add(Row(key, 0) for key in cache.want(map(EncoderInput, texts)))
        cache.encode_missing(partial(encoded_here, encoder))
        cache.keep_only_wanted()
        assert len(rows) == len(texts)
        return encoder.encoded, np.vstack(list(rows.blocks(2)))


def test_the_cache_keeps_vectors_by_model_and_text(tmp_path: Path):
    encoded, rows = cached(tmp_path, "model-a", ["x", "y", "x"])
    assert encoded == ["x", "y"]
    assert np.allclose(rows, np.vstack([unit(1, seed=ord(text)) for text in "xyx"]), atol=1e-3)
    assert cached(tmp_path, "model-a", ["y", "z"])[0] == ["z"]
    assert cached(tmp_path, "model-a", ["x", "y"])[0] == ["x"], "vectors that a build does not want are deleted"
    assert cached(tmp_path, "model-b", ["x", "y"])[0] == ["x", "y"], "no vector of another model"
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.sqlite"]


def test_an_interrupted_build_keeps_the_vectors_it_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.build.cache._TEXTS_PER_WRITE", 2)

    def stop(_count: int) -> None:
        if len(encoder.encoded) == 4:
            raise KeyboardInterrupt

    encoder = CountingEncoder()
    with pytest.raises(KeyboardInterrupt), closing(VectorCache(tmp_path, "model")) as cache:  # noqa: PT012
        cache.want(map(EncoderInput, "abcde"))
        cache.encode_missing(partial(encoded_here, encoder, done=stop))
    assert cached(tmp_path, "model", [*"abcde"])[0] == [*"cde"]


def test_a_damaged_vector_in_the_cache_is_reported_and_encoded_again(tmp_path: Path):
    cached(tmp_path, "model", ["x", "y"])
    with closing(sqlite3.connect(tmp_path / "vectors.sqlite")) as connection:
        (key, vector) = connection.execute("SELECT key, vector FROM vectors LIMIT 1").fetchone()
        connection.execute("UPDATE vectors SET vector = ? WHERE key = ?", (bytes([vector[0] ^ 64]) + vector[1:], key))
        connection.commit()
    with pytest.raises(IndexCorrupt, match=r"A vector in .* is damaged and was removed: run articlebot build"):
        cached(tmp_path, "model", ["x", "y"])
    assert len(cached(tmp_path, "model", ["x", "y"])[0]) == 1


def test_an_unreadable_cache_is_replaced(tmp_path: Path):
    (tmp_path / "vectors.sqlite").write_bytes(b"not a database" * 100)
    assert cached(tmp_path, "model", ["x"])[0] == ["x"]


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
    expected = [np.concatenate(encode_inputs(encoder, own)) for own in inputs]
    rows = np.concatenate([own[: len(roles_of(one))] for own, one in zip(expected, passages, strict=True)])
    assert np.sum(generation.vectors.rows(np.arange(len(rows))) * rows, axis=1).min() > 0.999
    question = encoder.encode_questions(["How long is the notice period?"])[0]
    for passage, own in zip(passages, expected, strict=True):
        found = generation.sentence_cosines([passage], question)[0] if len(passage.sentences) > 1 else []
        assert np.allclose(found, own[len(roles_of(passage)) :] @ question, atol=0.02)


def test_a_text_with_several_vectors_has_one_place_in_the_cache(tmp_path: Path):
    encoder, passage = CountingEncoder(), EncoderInput("One. Two.", "About numbers", ((0, 4), (5, 9)))
    with closing(VectorCache(tmp_path, "model")) as cache:
        key, other = cache.want([passage, EncoderInput("One. Two.")])
        assert cache.missing() == 2
        cache.encode_missing(partial(encoded_here, encoder))
        rows = CachedRows(cache)
        rows.add(Row(key, place) for place in (3, 0, 1))
        rows.add([Row(other, 0)])
        texts = ["About numbers\nTwo.", "One. Two.", "About numbers\nOne. Two.", "One. Two."]
        assert np.allclose(rows.rows(range(4)), CountingEncoder().encode_passages(texts), atol=1e-3)


def test_a_cache_that_cannot_be_opened_for_lack_of_space_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with closing(VectorCache(tmp_path, "model")) as cache:
        cache.want([EncoderInput("One.")])
        cache.encode_missing(partial(encoded_here, CountingEncoder()))
    before = (tmp_path / "vectors.sqlite").read_bytes()
    monkeypatch.setattr("bot.build.cache._WANTED", "missing/wanted.sqlite")
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        VectorCache(tmp_path, "model")
    assert (tmp_path / "vectors.sqlite").read_bytes() == before


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
        ({"format": 99}, "has format 99, this articlebot reads 11: run articlebot build"),
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


def test_a_build_with_few_new_texts_loads_no_torch(corpus: Path, tmp_path: Path, tiny_settings: BuildSettings):
    build(corpus, tmp_path / "index", tiny_settings)
    (corpus / "gratuity.md").write_text((corpus / "gratuity.md").read_text().replace("a lump sum", "one payment"))
    code = (
        "import sys; from bot.build.build import build; from bot.settings import BuildSettings\n"
        f"report = build({str(corpus)!r}, {str(tmp_path / 'index')!r}, BuildSettings(model={tiny_settings.model!r}))\n"
        "print(report.encoded, sorted({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1 []\n"


def test_an_unwritable_word_index_stops_the_build_with_the_reason(tmp_path: Path):
    beside = lexical_index_in_background(tmp_path, FEW_TEXTS + 1)
    with (
        pytest.raises(
            IndexUnwritable,
            match=r"The word index cannot be written to .* \(.*passages.sqlite is not what articlebot wrote",
        ),
        beside,
    ):
        pass


def test_a_failure_of_the_build_ends_the_word_index_process(corpus: Path, tmp_path: Path):
    write_passages(tmp_path / "passages.sqlite", passages_of(corpus))
    (tmp_path / "vocabulary.sqlite").unlink()
    with pytest.raises(ZeroDivisionError), lexical_index_in_background(tmp_path, FEW_TEXTS + 1):
        raise ZeroDivisionError
    assert not (tmp_path / "vocabulary.sqlite").exists()


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
