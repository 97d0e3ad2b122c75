"""Search by words: by the server's BM25 if it has one, otherwise by an index that each replica keeps."""

import shutil
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from weakref import finalize

from bot.backends.milvus.client import BatchWriter, Entity, MilvusClient, field_of
from bot.backends.milvus.filters import filter_expression, filter_fields, filter_values
from bot.backends.milvus.layout import MAX_TEXT, Collections, numeric_id, quote
from bot.index import lexical
from bot.index.filters import Filters
from bot.index.generation import Field, Matches
from bot.passages import Passage

_WORDS, _PAIRS = "words", "pairs"
_CACHED_TERMS = 100_000  # terms whose document frequency is cached


class ReplicaLexicalIndex:
    """A word index copied from the server. Changes go to a folder of this process, which is deleted with it."""

    def __init__(self, copy: Path) -> None:
        self._folder = copy / lexical.LEXICAL
        self._is_own = False
        self.current = lexical.LexicalIndex(self._folder)

    def replace(self, article: str, passages: Sequence[Passage], /) -> None:
        """Replace the passages of the article with an id."""
        if not self._is_own:
            scratch = Path(mkdtemp(prefix="articlebot-words-"))
            finalize(self, shutil.rmtree, scratch, ignore_errors=True)
            lexical.link_lexical_index(self._folder, scratch / lexical.LEXICAL)
            self._folder, self._is_own = scratch / lexical.LEXICAL, True
        writer = lexical.LexicalWriter(self._folder, numeric_id)
        writer.remove(article)
        for passage in passages:
            writer.add(passage)
        writer.close()
        self.current = lexical.LexicalIndex(self._folder)


class ServerLexicalIndex:
    """Words that the server ranks by BM25: `LexicalSearch`. Safe to use from many threads."""

    def __init__(self, milvus: MilvusClient, collections: Collections) -> None:
        self._milvus, self._collections = milvus, collections
        self._sizes = {name: milvus.count(name) for name in (collections.passage_words, collections.article_words)}
        self._frequency = lru_cache(maxsize=_CACHED_TERMS)(self._count)

    @property
    def current(self) -> "ServerLexicalIndex":
        return self

    def replace(self, _article: str, _passages: Sequence[Passage], /) -> None:
        """Read the counts again: the writer of the article has replaced its words on the server already."""
        self._sizes = {name: self._milvus.count(name) for name in self._sizes}
        self._frequency.cache_clear()

    def search(self, field: Field, question: str, k: int, filters: Filters = Filters()) -> Matches:
        terms = lexical.query_terms(field, question)
        if not terms or k < 1:
            return Matches.none()
        collection, text = self._column(field)
        found = self._milvus.search_text(collection, text, " ".join(terms), k, filter_expression(filters))
        frequencies = [self._frequency(collection, text, term) for term in terms]
        numbers, scores = [number for number, _ in found], [score for _, score in found]
        return lexical.matches(numbers, scores, frequencies, self._sizes[collection])

    def has(self, field: Field, words: str) -> bool:
        terms = lexical.terms_of(field, words)
        return bool(terms) and all(self._frequency(*self._column(field), term) for term in terms)

    def _column(self, field: Field) -> tuple[str, str]:
        if field == "article_words":
            return self._collections.article_words, _WORDS
        return self._collections.passage_words, _PAIRS if field == "pairs" else _WORDS

    def _count(self, collection: str, text: str, term: str) -> int:
        return self._milvus.count(collection, f"text_match({text}, {quote(term)})", strong=False)


class WordsBatchWriter:
    """Writes the words of passages, added article by article, to a server that has BM25."""

    def __init__(self, milvus: MilvusClient, collections: Collections, *, fresh: bool = True) -> None:
        self._passages = BatchWriter(milvus, collections.passage_words, fresh=fresh)
        self._articles = BatchWriter(milvus, collections.article_words, fresh=fresh)
        self._article: list[Passage] = []

    def add(self, passage: Passage) -> None:
        if self._article and self._article[0].article.id != passage.article.id:
            self._finish_article()
        self._article.append(passage)
        self._passages.add([passage_words(passage)])

    def close(self) -> None:
        """Write what is pending."""
        self._finish_article()
        self._passages.close()
        self._articles.close()

    def _finish_article(self) -> None:
        if self._article:
            self._articles.add([article_words(self._article)])
        self._article = []


def create_words(milvus: MilvusClient, collections: Collections) -> None:
    """Create the collections whose texts the server ranks."""
    fields = [field_of("number", "INT64", is_primary=True), *filter_fields()]
    milvus.create(collections.passage_words, fields, (_WORDS, _PAIRS))
    milvus.create(collections.article_words, fields, (_WORDS,))


def bm25_fields(collections: Collections) -> dict[str, tuple[str, ...]]:
    """Return the BM25 vector fields of each of these collections."""
    words, pairs = f"{_WORDS}_bm25", f"{_PAIRS}_bm25"
    return {collections.passage_words: (words, pairs), collections.article_words: (words,)}


def passage_words(passage: Passage) -> Entity:
    """Return the entity with a passage's words."""
    texts = lexical.texts_of(passage)
    pairs = (pair for text in texts for pair in lexical.stem_pairs(text))
    words = {_WORDS: _joined(lexical.stems("\n".join(texts))), _PAIRS: _joined(pairs)}
    return {"number": numeric_id(passage.id), **filter_values(passage.article), **words}


def article_words(passages: Sequence[Passage]) -> Entity:
    """Return the entity with the words of an article, given its passages."""
    article = passages[0].article
    text = "\n".join(text for passage in passages for text in lexical.texts_of(passage))
    return {"number": numeric_id(article.id), **filter_values(article), _WORDS: _joined(lexical.stems(text))}


def _joined(words: Iterable[str]) -> str:
    """Join words, as many as fit in a field: the first ten thousand of a very long article."""
    joined = " ".join(words)
    cut = joined.encode()[: MAX_TEXT - 1].decode(errors="ignore")
    return joined if len(cut) == len(joined) else cut.rpartition(" ")[0]
