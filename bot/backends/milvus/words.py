"""What shares words with a question: ranked by the server itself where it can, else by an index that each replica keeps."""

import shutil
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol
from weakref import finalize

from bot.backends.milvus.client import Entity, MilvusClient, key_field
from bot.backends.milvus.filters import filter_expression, filter_fields, filter_values
from bot.backends.milvus.layout import LONGEST, Collections, number_of, quoted
from bot.index.filters import Filters
from bot.index.generation import Field, LexicalSearch, Matches
from bot.index.lexical import (
    LEXICAL,
    Lexical,
    LexicalWriter,
    link_lexical,
    matches,
    query_terms,
    stem_pairs,
    stems,
    terms_of,
    texts_of,
)
from bot.passages import Passage

_WORDS, _PAIRS = "words", "pairs"
_KNOWN = 100_000
"""Words of which it is remembered how many texts have them."""


class FollowingWords(Protocol):
    """Words of a generation whose articles may be changed one by one."""

    @property
    def now(self) -> LexicalSearch:
        """As they are at this moment."""

    def change(self, article: str, passages: Sequence[Passage], /) -> None:
        """Have these passages in place of those that the article with an id had."""


class WordsFolder:
    """An index of words that was copied to this machine; changes go to a folder of this process alone, which goes with it."""

    def __init__(self, copy: Path) -> None:
        self._folder = copy / LEXICAL
        self._own = False
        self.now = Lexical(self._folder)

    def change(self, article: str, passages: Sequence[Passage], /) -> None:
        """As `FollowingWords.change`."""
        if not self._own:
            self._take_over()
        writer = LexicalWriter(self._folder, number_of)
        writer.remove(article)
        for passage in passages:
            writer.add(passage)
        writer.close()
        self.now = Lexical(self._folder)

    def _take_over(self) -> None:
        scratch = Path(mkdtemp(prefix="articlebot-words-"))
        finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        link_lexical(self._folder, scratch / LEXICAL)
        self._folder, self._own = scratch / LEXICAL, True


class ServerWords:
    """Words that the server ranks by BM25 itself. Safe to ask from many threads."""

    def __init__(self, milvus: MilvusClient, collections: Collections) -> None:
        self._milvus, self._collections = milvus, collections
        self._texts = {name: milvus.count(name) for name in (collections.passage_words, collections.article_words)}
        self._holding = lru_cache(maxsize=_KNOWN)(self._count)

    @property
    def now(self) -> "ServerWords":
        return self

    def change(self, _article: str, _passages: Sequence[Passage], /) -> None:
        """As `FollowingWords.change`; whoever changed the article has written its words already."""
        self._texts = {name: self._milvus.count(name) for name in self._texts}
        self._holding.cache_clear()

    def search(self, field: Field, question: str, k: int, filters: Filters = Filters()) -> Matches:
        """See `LexicalSearch.search`."""
        terms = query_terms(field, question)
        if not terms or k < 1:
            return Matches.none()
        collection, text = self._column(field)
        found = self._milvus.by_words(collection, text, " ".join(terms), k, filter_expression(filters))
        holding = [self._holding(collection, text, term) for term in terms]
        return matches([number for number, _ in found], [score for _, score in found], holding, self._texts[collection])

    def has(self, field: Field, words: str) -> bool:
        """See `LexicalSearch.has`."""
        terms = terms_of(field, words)
        return bool(terms) and all(self._holding(*self._column(field), term) for term in terms)

    def _column(self, field: Field) -> tuple[str, str]:
        """The collection and the field of text that are searched."""
        if field == "article_words":
            return self._collections.article_words, _WORDS
        return self._collections.passage_words, _PAIRS if field == "pairs" else _WORDS

    def _count(self, collection: str, text: str, term: str) -> int:
        return self._milvus.count(collection, f"text_match({text}, {quoted(term)})", surely=False)


def create_words(milvus: MilvusClient, collections: Collections) -> None:
    """The collections whose words the server ranks."""
    milvus.create_words(collections.passage_words, _fields(), (_WORDS, _PAIRS))
    milvus.create_words(collections.article_words, _fields(), (_WORDS,))


def ranked_fields(collections: Collections) -> dict[str, tuple[str, ...]]:
    """By collection, the fields of what words are ranked by."""
    return {
        collections.passage_words: (f"{_WORDS}_bm25", f"{_PAIRS}_bm25"),
        collections.article_words: (f"{_WORDS}_bm25",),
    }


def passage_words(passage: Passage) -> Entity:
    """What is written of a passage's words."""
    texts = texts_of(passage)
    pairs = (pair for text in texts for pair in stem_pairs(text))
    return {
        "number": number_of(passage.id),
        **filter_values(passage.article),
        _WORDS: _joined(stems("\n".join(texts))),
        _PAIRS: _joined(pairs),
    }


def article_words(passages: Sequence[Passage]) -> Entity:
    """What is written of all words of an article, by its passages."""
    article = passages[0].article
    return {
        "number": number_of(article.id),
        **filter_values(article),
        _WORDS: _joined(stems("\n".join(text for passage in passages for text in texts_of(passage)))),
    }


def _fields() -> list[Entity]:
    return [key_field("number", "INT64"), *filter_fields()]


def _joined(words: Iterable[str]) -> str:
    """Words in a row, as many as a field holds: of a very long article the first ten thousand."""
    joined = " ".join(words)
    cut = joined.encode()[: LONGEST - 1].decode(errors="ignore")
    return joined if len(cut) == len(joined) else cut.rpartition(" ")[0]
