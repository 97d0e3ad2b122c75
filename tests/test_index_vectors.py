"""The vectors of an index: exact and approximate search, and the cache that builds take them from."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import faiss
import numpy as np
import pytest
from articles import word_starts

from bot.build.cache import CachedRows, Encoded, Row, UncachedTexts, VectorCache
from bot.build.workers import LocalWorkers
from bot.encoder import EncoderInput
from bot.errors import IndexCorrupt
from bot.index.vectors import SearchPlan, Vectors, _to_float32, write_vectors

pytestmark = pytest.mark.slow


def unit(rows: int, dimension: int = 8, seed: int = 0) -> np.ndarray:
    matrix = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def vectors_of(folder: Path, matrix: np.ndarray, exact_rows: int = 10_000) -> Vectors:
    return Vectors.open(folder, write_vectors(folder, [matrix], matrix.shape[1], exact_rows, unit(20, matrix.shape[1])))


# Search


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


# The cache


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
