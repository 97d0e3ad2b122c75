"""The word index of a generation: the interface to tantivy.

Scores are BM25 (Robertson and Zaragoza 2009) over English stems, in three fields: the words of a passage and its
context, pairs of neighbouring words in them, and all words of an article.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tantivy
from tantivy import FieldType, Occur, Query

from bot.corpus.article import Article
from bot.errors import raise_as_corrupt
from bot.index.filters import Filters, last_change
from bot.index.generation import Field, Matches
from bot.languages.registry import readable
from bot.passages import Passage, context

_SATURATION = 2.2
"""k1 + 1, with tantivy's k1 of 1.2: the maximum BM25 score of a term, as a multiple of its idf."""
_NUMBER, _WORDS, _PAIRS, _CATEGORY, _ARTICLE, _DAY = "number", "words", "pairs", "category", "article", "day"
LEXICAL = "lexical"
_PASSAGES, _ARTICLES = "passages", "articles"
_HEAP = 128_000_000
"""Bytes that a writer buffers before it writes a segment; fewer segments are faster to search."""


def _analyzer(*filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    # Marks belong to words: in Devanagari they are vowels.
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(r"[\p{L}\p{M}\p{N}]+"))
    for each in (tantivy.Filter.lowercase(), *filters):
        builder = builder.filter(each)
    return builder.filter(tantivy.Filter.stemmer("english")).build()


# The list of stop words is short on purpose: "how", "when" and "who" show what kind of answer is wanted, and dropping
# them as well costs 0.6 points of nDCG@10 on average (benchmarks/quality/fit_ranking.py).
_CONTENT, _ALL = _analyzer(tantivy.Filter.stopword("english")), _analyzer()


NumberOf = Callable[[str], int]
"""Returns the number of a passage or an article by its id."""


class LexicalWriter:
    """Writes the word index of passages and their articles, or adds to an existing one.

    Add passages article by article. Both are numbered from 0, or by `number_of`. Close it to make them searchable.
    """

    def __init__(self, folder: Path, number_of: NumberOf | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self._passages = _TextsWriter(folder / _PASSAGES, number_of, pairs=True)
        self._articles = _TextsWriter(folder / _ARTICLES, number_of, pairs=False)
        self._texts: list[list[str]] = []
        self._article: Article | None = None

    def remove(self, article: str) -> None:
        """Remove the earlier version of the article with this id, and of its passages."""
        self._passages.remove(article)
        self._articles.remove(article)

    def add(self, passage: Passage) -> None:
        if self._article is None or passage.article.id != self._article.id:
            self._finish_article()
            self._article = passage.article
        texts = [stems(text) for text in texts_of(passage)]
        self._passages.add(passage.id, passage.article, texts)
        self._texts += texts

    def close(self) -> None:
        self._finish_article()
        self._passages.close()
        self._articles.close()

    def _finish_article(self) -> None:
        if self._article is not None:
            self._articles.add(self._article.id, self._article, self._texts)
        self._texts = []


class _TextsWriter:
    def __init__(self, folder: Path, number_of: NumberOf | None, *, pairs: bool) -> None:
        folder.mkdir(exist_ok=True)
        self._writer = tantivy.Index(_schema(), path=str(folder)).writer(heap_size=_HEAP, num_threads=1)
        self._number_of, self._pairs = number_of, pairs
        self._added = 0

    def remove(self, article: str) -> None:
        self._writer.delete_documents_by_term(_ARTICLE, article)

    def add(self, ident: str, article: Article, texts: Sequence[Sequence[str]]) -> None:
        """Add a passage or an article, given the stems of each of its texts."""
        day = last_change(article)
        document = tantivy.Document()
        document.add_integer(_NUMBER, self._number_of(ident) if self._number_of else self._added)
        document.add_text(_WORDS, " ".join(chain.from_iterable(texts)))
        if self._pairs:
            document.add_text(_PAIRS, " ".join(pair for text in texts for pair in _pairs(text)))
        document.add_text(_CATEGORY, (article.category or "").casefold())
        document.add_text(_ARTICLE, article.id)
        document.add_integer(_DAY, day.toordinal() if day else 0)
        self._writer.add_document(document)
        self._added += 1

    def close(self) -> None:
        self._writer.commit()
        self._writer.wait_merging_threads()


def stems(text: str) -> list[str]:
    """Return the stems of all words of a text."""
    return list(_ALL.analyze(readable(text)))


def stem_pairs(text: str) -> Iterator[str]:
    """Yield the joined stems of each pair of neighbouring words."""
    return _pairs(stems(text))


def _pairs(words: Sequence[str]) -> Iterator[str]:
    return (f"{first}_{second}" for first, second in pairwise(words))


def texts_of(passage: Passage) -> list[str]:
    """Return the texts of a passage that are indexed."""
    return [context(passage), *passage.alternates, passage.text]


def idf(frequency: int, texts: int) -> float:
    """Return the idf of a term in `frequency` of `texts` texts, as tantivy and Milvus define it."""
    return math.log(1 + (texts - frequency + 0.5) / (frequency + 0.5))


def matches(numbers: Sequence[int], scores: Sequence[float], frequencies: Sequence[int], texts: int) -> Matches:
    """Return BM25 scores as `Matches`, given the document frequency of each term and the number of texts."""
    found = np.array(scores, np.float64)
    maximum = sum(idf(each, texts) for each in frequencies) * _SATURATION
    return Matches(np.array(numbers, np.int64), found / math.sqrt(idf(1, texts)), found / maximum)


class LexicalIndex:
    """The word index in a folder: `LexicalSearch`. Raises `IndexCorrupt` if the folder does not hold one."""

    def __init__(self, folder: Path) -> None:
        self._passages, self._articles = _Texts(folder / _PASSAGES), _Texts(folder / _ARTICLES)

    def __len__(self) -> int:
        """The number of passages."""
        return len(self._passages)

    def search(self, field: Field, question: str, k: int, filters: Filters = Filters()) -> Matches:
        index = self._articles if field == "article_words" else self._passages
        return index.search(_PAIRS if field == "pairs" else _WORDS, query_terms(field, question), k, filters)

    def has(self, field: Field, words: str) -> bool:
        index = self._articles if field == "article_words" else self._passages
        return index.has(_PAIRS if field == "pairs" else _WORDS, terms_of(field, words))


def query_terms(field: Field, question: str) -> list[str]:
    """Return the terms of a question that a field is searched for."""
    return list(dict.fromkeys(stem_pairs(question)) if field == "pairs" else content_terms(question))


def terms_of(field: Field, words: str) -> list[str]:
    """Return the terms that a field has for some words."""
    return list(stem_pairs(words)) if field == "pairs" else stems(words)


@lru_cache(maxsize=8192)
def content_terms(words: str) -> tuple[str, ...]:
    """Return the stems of the content words; of all words if they are all stop words."""
    words = readable(words)
    return tuple(dict.fromkeys(_CONTENT.analyze(words) or _ALL.analyze(words)))


class _Texts:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with raise_as_corrupt(folder):
            self._index, self._searcher = _open(folder) if os.access(folder, os.W_OK) else _open_by_links(folder)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def has(self, field: str, terms: Sequence[str]) -> bool:
        with raise_as_corrupt(self._folder):
            return bool(terms) and all(self._searcher.doc_freq(field, term) for term in terms)

    def search(self, field: str, terms: Sequence[str], k: int, filters: Filters) -> Matches:
        if not terms or k < 1:
            return Matches.none()
        with raise_as_corrupt(self._folder):
            clauses = [(Occur.Should, Query.term_query(self._index.schema, field, term)) for term in terms]
            query = self._filtered(Query.boolean_query(clauses), filters)
            # Without counting matches, tantivy can skip texts that cannot be among the best.
            found = self._searcher.search(query, k, count=False).hits
            numbers: Any = self._searcher.fast_field_values(_NUMBER, [address for _, address in found])
            frequencies = [self._searcher.doc_freq(field, term) for term in terms]
            return matches(numbers, [score for score, _ in found], frequencies, len(self))

    def _filtered(self, matching: Query, filters: Filters) -> Query:
        schema, clauses = self._index.schema, []
        if filters.category is not None:
            clauses.append(Query.term_query(schema, _CATEGORY, filters.category.casefold()))
        if filters.article is not None:
            clauses.append(Query.term_query(schema, _ARTICLE, filters.article))
        if filters.since is not None:
            clauses.append(Query.range_query(schema, _DAY, FieldType.Integer, filters.since.toordinal(), 4_000_000))
        # A filter must not change scores, so its own score is 0.
        clauses = [Query.const_score_query(clause, 0.0) for clause in clauses]
        return Query.boolean_query([(Occur.Must, each) for each in (matching, *clauses)]) if clauses else matching


def _open(folder: Path) -> tuple[tantivy.Index, tantivy.Searcher]:
    index = tantivy.Index.open(str(folder))
    return index, index.searcher()


def _open_by_links(folder: Path) -> tuple[tantivy.Index, tantivy.Searcher]:
    """Open a read-only folder, where tantivy cannot write its lock file, through temporary links to its files."""
    # A thread of tantivy may write its lock file there while the links are deleted.
    with TemporaryDirectory(ignore_cleanup_errors=True) as links:
        _link(folder, Path(links))
        return _open(Path(links))


def link_lexical_index(folder: Path, links: Path) -> None:
    """Link all files of a word index into another folder, to be changed there.

    The original stays as it is: tantivy adds and replaces files, but never modifies one.
    """
    for part in (_PASSAGES, _ARTICLES):
        (links / part).mkdir(parents=True)
        _link(folder / part, links / part)


def _link(folder: Path, links: Path) -> None:
    for path in folder.iterdir():
        if path.suffix != ".lock":
            Path(links, path.name).symlink_to(path.resolve())


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field(_NUMBER, fast=True)
    builder.add_text_field(_WORDS, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(_PAIRS, tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field(_CATEGORY, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(_ARTICLE, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field(_DAY, indexed=True)
    return builder.build()
