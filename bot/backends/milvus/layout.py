"""The layout of a generation in Milvus: collections, kinds of records, and numbers of passages and articles."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.corpus.article import Article
from bot.errors import IndexCorrupt

_NUMBER_BITS = 63
_TOKEN = re.compile(r"(\d{8}T\d{6})_(\d{6}Z)_([0-9a-f]{8})")

_PARTS = ("rows", "records", "passage_words", "article_words")
MAX_TEXT = 65_535
"""Maximum bytes of a text field in Milvus."""

PASSAGE, SENTENCES, ARTICLE, FILE, FACTS, CHANGE = "passage", "sentences", "article", "file", "facts", "change"
"""Kinds of records. Sentence vectors are apart from passages: only a passage that is quoted needs them."""
FAQ = "faq"
"""The kind of a passage that is a FAQ."""
PASSAGE_KINDS = f'kind in ["{FAQ}", "{PASSAGE}"]'


def numeric_id(ident: str) -> int:
    """Return the number of a passage or an article: the first bits of its id's sha256."""
    return int.from_bytes(hashlib.sha256(ident.encode()).digest()[:8], "big") >> (64 - _NUMBER_BITS)


@dataclass(frozen=True, slots=True)
class Collections:
    """The names of a generation's collections; those with words exist only on a server with BM25."""

    token: str
    """The generation's name without dots and hyphens, which Milvus does not allow."""
    rows: str
    records: str
    passage_words: str
    article_words: str

    @classmethod
    def of(cls, index: str, generation: str) -> "Collections":
        token = generation.replace(".", "_").replace("-", "_")
        return cls(token, *(f"{index}__{token}__{part}" for part in _PARTS))

    @classmethod
    def parse(cls, index: str, collection: str) -> "Collections | None":
        """Return the generation that a collection belongs to; None if it is not of this index."""
        start, _, part = collection.rpartition("__")
        token = start.removeprefix(f"{index}__")
        return cls.of(index, token) if part in _PARTS and token != start and _TOKEN.fullmatch(token) else None

    @property
    def all(self) -> tuple[str, ...]:
        return self.rows, self.records, self.passage_words, self.article_words

    @property
    def generation(self) -> str:
        """The generation's name."""
        return _TOKEN.sub(r"\1.\2-\3", self.token)


def category_key(article: Article) -> str:
    """Return an article's category as filters compare it."""
    return (article.category or "").casefold()


def category_counter_key(article: Article) -> str:
    """Return the key that counts the articles of a category."""
    return f"{ARTICLE} {category_key(article)}"


def corrupt(problem: str) -> IndexCorrupt:
    """Return the error for an index on a server that must be published again."""
    return IndexCorrupt(f"{problem}: run articlebot build --to again.")


def any_of(field: str, numbers: Iterable[int]) -> str:
    """Return the filter expression for a field that has one of these numbers."""
    return f"{field} in {list(numbers)}"


def in_range(field: str, start: int, count: int) -> str:
    """Return the filter expression for a field that has one of `count` numbers from `start` on."""
    return f"{field} >= {start} and {field} < {start + count}"


def quote(text: str) -> str:
    """Return a text as a literal of a filter expression."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
