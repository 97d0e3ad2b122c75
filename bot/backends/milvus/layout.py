"""How a generation lies in Milvus: its collections, their fields, and the numbers of passages and articles."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.corpus.article import Article

_KEPT_BITS = 63
_TOKEN = re.compile(r"(\d{8}T\d{6})_(\d{6}Z)_([0-9a-f]{8})")

ROWS, RECORDS, PASSAGE_WORDS, ARTICLE_WORDS = "rows", "records", "passage_words", "article_words"
LONGEST = 65_535
"""Bytes that a field of text holds in Milvus."""
_PART, _WIDE_PART = 60_000, 15_000
"""Characters of a part of a longer text: of ASCII, and of what may take four bytes each."""

PASSAGE, SENTENCES, ARTICLE, FILE, FACTS, CHANGE = "passage", "sentences", "article", "file", "facts", "change"
"""What records are of. The sentences of a passage are their vectors, which only the one that is quoted needs."""
FAQ = "faq"
"""A passage that is a FAQ."""
OF_PASSAGES = f'kind in ["{FAQ}", "{PASSAGE}"]'
"""What Milvus is to match of records that are of passages, FAQs among them."""


def number_of(ident: str) -> int:
    """The number of a passage or an article: the beginning of its id's sha256, so that whoever writes it anew gives it the same."""
    return int.from_bytes(hashlib.sha256(ident.encode()).digest()[:8], "big") >> (64 - _KEPT_BITS)


def row_number(passage: str, place: int) -> int:
    """The number of a passage's vector, by its place among them."""
    return number_of(f"{passage}\0{place}")


@dataclass(frozen=True, slots=True)
class Collections:
    """The names of a generation's collections."""

    index: str
    token: str

    @classmethod
    def of(cls, index: str, generation: str) -> "Collections":
        """Those of a generation: names of collections have neither dots nor hyphens."""
        return cls(index, generation.replace(".", "_").replace("-", "_"))

    @classmethod
    def named(cls, index: str, collection: str) -> "Collections | None":
        """Those to which a collection belongs; None when it is of no generation of this index."""
        begin, _, what = collection.rpartition("__")
        token = begin.removeprefix(f"{index}__")
        return (
            cls(index, token)
            if what in (ROWS, RECORDS, PASSAGE_WORDS, ARTICLE_WORDS) and token != begin and _TOKEN.fullmatch(token)
            else None
        )

    @property
    def rows(self) -> str:
        return f"{self.index}__{self.token}__{ROWS}"

    @property
    def records(self) -> str:
        return f"{self.index}__{self.token}__{RECORDS}"

    @property
    def passage_words(self) -> str:
        """On a server that ranks by words itself."""
        return f"{self.index}__{self.token}__{PASSAGE_WORDS}"

    @property
    def article_words(self) -> str:
        """On a server that ranks by words itself."""
        return f"{self.index}__{self.token}__{ARTICLE_WORDS}"

    @property
    def all(self) -> tuple[str, ...]:
        """The names of all that may be there."""
        return self.rows, self.records, self.passage_words, self.article_words

    @property
    def generation(self) -> str:
        """The name of the generation."""
        return _TOKEN.sub(r"\1.\2-\3", self.token)


def category_key(article: Article) -> str:
    """An article's category as it is compared."""
    return (article.category or "").casefold()


def place_key(article: Article) -> str:
    """By what the articles of a category are counted."""
    return f"{ARTICLE} {category_key(article)}"


def parts_of(text: str) -> Iterator[str]:
    """A text in pieces that each fit into a field; an empty one is one piece."""
    size = _PART if text.isascii() else _WIDE_PART
    yield from (text[start : start + size] for start in range(0, max(1, len(text)), size))


def among(field: str, numbers: list[int]) -> str:
    """What Milvus calls having one of these numbers."""
    return f"{field} in {numbers}"


def quoted(words: str) -> str:
    """Words as they stand in what Milvus is to match."""
    escaped = words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
