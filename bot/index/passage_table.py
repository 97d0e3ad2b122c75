"""`passages.sqlite`: articles, passages, which passage each row of the vectors belongs to, and the vocabulary."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.corpus.article import Article, Faq
from bot.errors import IndexCorrupt
from bot.index.filters import Filters
from bot.passages import Passage, context

Role = Literal["question", "body", "both"]
"""What of a passage a vector stands for: its question or headings, its text, or both together."""

Numbers = NDArray[np.int64]

ROLES: tuple[Role, ...] = ("question", "body", "both")

_TABLES = """
CREATE TABLE articles (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, source TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, url TEXT,
    published TEXT, updated TEXT, category TEXT, category_key TEXT NOT NULL, tags TEXT NOT NULL, language TEXT NOT NULL, related TEXT NOT NULL, also_at TEXT NOT NULL);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, article INTEGER NOT NULL REFERENCES articles,
    section TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, question TEXT, alternates TEXT NOT NULL, sentences TEXT NOT NULL);
CREATE INDEX passages_of_article ON passages (article);
CREATE TABLE vectors (row INTEGER PRIMARY KEY, passage INTEGER NOT NULL REFERENCES passages, role INTEGER NOT NULL);
CREATE TABLE vocabulary (length INTEGER PRIMARY KEY, words TEXT NOT NULL, passages BLOB NOT NULL);
"""


class Words(NamedTuple):
    """All words of one length, in rising order."""

    words: NDArray[np.str_]
    passages: Numbers
    """How many passages have each of them; 0 for an English word that the corpus lacks."""


def texts_to_encode(passages: Iterable[Passage]) -> list[tuple[int, Role, str]]:
    """What is encoded of each passage: (its number, role, text), in the order of the vectors' rows."""
    return [(number, role, text) for number, passage in enumerate(passages) for role, text in _texts(passage)]


def _texts(passage: Passage) -> Iterable[tuple[Role, str]]:
    about = context(passage)
    yield "question", about
    for alternate in passage.alternates:
        yield "question", alternate
    yield "body", passage.text
    yield "both", f"{about}\n{passage.text}"


def write_passages(path: Path, passages: Sequence[Passage], rows: Iterable[tuple[int, Role]], vocabulary: Mapping[str, int]) -> None:
    """Write articles, passages, the passage and role of each vector row, and how many passages have each word into a new file."""
    articles = {passage.article.id: passage.article for passage in passages}
    numbers = {ident: number for number, ident in enumerate(articles)}
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(_TABLES)
        connection.executemany(f"INSERT INTO articles VALUES ({', '.join('?' * 14)})", (_article_row(numbers[a.id], a) for a in articles.values()))
        connection.executemany(
            f"INSERT INTO passages VALUES ({', '.join('?' * 10)})", (_passage_row(n, numbers[p.article.id], p) for n, p in enumerate(passages))
        )
        connection.executemany(
            "INSERT INTO vectors VALUES (?, ?, ?)", ((row, passage, ROLES.index(role)) for row, (passage, role) in enumerate(rows))
        )
        connection.executemany("INSERT INTO vocabulary VALUES (?, ?, ?)", _word_rows(vocabulary))
    connection.close()


class PassageTable:
    """An open `passages.sqlite`. Raises `IndexCorrupt` when the file is not one. Safe to read from many threads."""

    def __init__(self, path: Path) -> None:
        try:
            # Immutable: a published generation never changes, so readers need neither locks nor a journal beside it.
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
            owners = self._connection.execute("SELECT article FROM passages ORDER BY number").fetchall()
            vectors = self._connection.execute("SELECT passage, role FROM vectors ORDER BY row").fetchall()
        except sqlite3.Error as error:
            raise IndexCorrupt(f"{path} cannot be read ({error}): build the index again.") from error
        self.article_of_passage: Numbers = np.array(owners, np.int64).reshape(-1)
        """The article number of each passage."""
        pairs = np.array(vectors, np.int64).reshape(-1, 2)
        self.passage_of_row: Numbers = pairs[:, 0]
        """The passage number of each vector row."""
        self.role_of_row: Numbers = pairs[:, 1]
        """The role of each vector row, as its place in `ROLES`."""
        self._row_order: Numbers = np.argsort(self.passage_of_row, kind="stable")
        self._row_start: Numbers = np.searchsorted(self.passage_of_row[self._row_order], np.arange(len(self) + 1))
        self._article = lru_cache(maxsize=1024)(self._read_article)
        self.words = lru_cache(maxsize=None)(self._read_words)
        """The vocabulary's words of a length, read when it is first asked for."""

    def __len__(self) -> int:
        return len(self.article_of_passage)

    def passages(self, numbers: Iterable[int]) -> list[Passage]:
        """The passages of the given numbers, in their order."""
        return [self._passage(self._rows("SELECT * FROM passages WHERE number = ?", int(number))[0]) for number in numbers]

    def number(self, passage: Passage) -> int:
        """The number of one of its passages."""
        return int(self._rows("SELECT number FROM passages WHERE id = ?", passage.id)[0][0])

    def faqs(self, article: str) -> list[Passage]:
        """The FAQs of the article with an id, in the order of its text; none when there is no such article."""
        owned = "SELECT passages.* FROM passages JOIN articles ON articles.number = article WHERE articles.id = ? AND kind = 'faq' ORDER BY start"
        return [self._passage(row) for row in self._rows(owned, article)]

    def articles(self) -> Iterator[Article]:
        """All articles, in the order of the corpus."""
        for (number,) in self._rows("SELECT number FROM articles ORDER BY number"):
            yield self._article(number)

    def article(self, ident: str) -> Article | None:
        """The article with an id."""
        found = self._rows("SELECT number FROM articles WHERE id = ?", ident)
        return self._article(found[0][0]) if found else None

    def categories(self) -> dict[str, int]:
        """How many articles each category has, most first."""
        return dict(
            self._rows("SELECT category, count(*) FROM articles WHERE category IS NOT NULL GROUP BY category ORDER BY count(*) DESC, category")
        )

    def rows_of(self, passage: int) -> Numbers:
        """The vector rows of a passage."""
        return self._row_order[self._row_start[passage] : self._row_start[passage + 1]]

    def rows_admitted(self, filters: Filters) -> Numbers:
        """The vector rows whose passages' articles meet the filters."""
        conditions = {
            "category_key = ?": filters.category.casefold() if filters.category is not None else None,
            "articles.id = ?": filters.article,
            "max(coalesce(published, ''), coalesce(updated, '')) >= ?": filters.since.isoformat() if filters.since else None,
        }
        kept = {condition: value for condition, value in conditions.items() if value is not None}
        found = self._rows(
            "SELECT row FROM vectors JOIN passages ON passages.number = passage JOIN articles ON articles.number = article "
            f"WHERE {' AND '.join(kept) or 'true'} ORDER BY row",
            *kept.values(),
        )
        return np.array(found, np.int64).reshape(-1)

    def _rows(self, statement: str, *values: object) -> list[Any]:
        return self._connection.execute(statement, values).fetchall()

    def _passage(self, row: Sequence[Any]) -> Passage:
        _, ident, kind, owner, section, start, end, question, alternates, sentences = row
        article = self._article(owner)
        path, others, spans = tuple(json.loads(section)), tuple(json.loads(alternates)), tuple(map(tuple, json.loads(sentences)))
        return Passage(ident, kind, article, path, article.text[start:end], start, end, question, others, spans)

    def _read_words(self, length: int) -> Words:
        found = self._rows("SELECT words, passages FROM vocabulary WHERE length = ?", length)
        joined, counts = found[0] if found else ("", b"")
        letters = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        return Words(letters.view(f"<U{length}"), np.frombuffer(counts, "<i4").astype(np.int64))

    def _read_article(self, number: int) -> Article:
        row = self._rows("SELECT * FROM articles WHERE number = ?", number)[0]
        _, ident, source, title, text, url, published, updated, category, _, tags, language, related, also_at = row
        faqs = self._rows("SELECT question, start, end, section, alternates FROM passages WHERE article = ? AND kind = 'faq' ORDER BY start", number)
        return Article(
            ident, source, title, text, url, _day(published), _day(updated), category, tuple(json.loads(tags)), language,
            tuple(Faq(question, start, end, tuple(json.loads(path)), tuple(json.loads(others))) for question, start, end, path, others in faqs),
            tuple(json.loads(related)), tuple(json.loads(also_at)),
        )  # fmt: skip


def _passage_row(number: int, owner: int, passage: Passage) -> tuple[object, ...]:
    return (
        number, passage.id, passage.kind, owner, json.dumps(passage.section), passage.start, passage.end,
        passage.question, json.dumps(passage.alternates), json.dumps(passage.sentences),
    )  # fmt: skip


def _word_rows(vocabulary: Mapping[str, int]) -> Iterator[tuple[int, str, bytes]]:
    """One row for all words of a length, one after the other: a misspelt word is compared with those of about its own length, and these are read at once."""
    for length, group in groupby(sorted(vocabulary, key=lambda word: (len(word), word)), key=len):
        words = list(group)
        yield length, "".join(words), np.array([vocabulary[word] for word in words], "<i4").tobytes()


def _article_row(number: int, article: Article) -> tuple[object, ...]:
    days = (day.isoformat() if day else None for day in (article.published, article.updated))
    return (
        number, article.id, article.source, article.title, article.text, article.url, *days,
        article.category, (article.category or "").casefold(), json.dumps(article.tags), article.language, json.dumps(article.related), json.dumps(article.also_at),
    )  # fmt: skip


def _day(words: str | None) -> date | None:
    return date.fromisoformat(words) if words else None
