"""The words and passages of an index: the lexical index, filters and the vocabulary."""

import math
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from articles import word_starts

from bot.build.passage_writer import PassageWriter
from bot.build.vocabulary_writer import VocabularyWriter
from bot.build.word_index import FEW_TEXTS, lexical_index_in_background
from bot.corpus import read_corpus
from bot.errors import IndexUnwritable
from bot.index.filters import Filters
from bot.index.generation import ROLES, PassageVectors, all_articles, roles_of
from bot.index.lexical import LexicalIndex, LexicalWriter
from bot.index.passage_table import PassageTable
from bot.index.vocabulary import Vocabulary
from bot.passages import Passage, context, split_articles

pytestmark = pytest.mark.slow


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
