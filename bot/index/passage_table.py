"""`passages.sqlite`: articles, passages, and the passage of each vector row."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.corpus.article import Article, Faq
from bot.errors import IndexCorrupt, raise_as_corrupt
from bot.index.filters import Filters
from bot.index.generation import EXAMPLES, NEWEST, ROLES, CorpusFacts, Numbers
from bot.passages import Passage

PASSAGES = "passages.sqlite"
_WHERE = "The table of passages in the index"

TABLES = """
CREATE TABLE articles (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, source TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    url TEXT, published TEXT, updated TEXT, category TEXT, category_key TEXT NOT NULL, tags TEXT NOT NULL,
    language TEXT NOT NULL, related TEXT NOT NULL, also_at TEXT NOT NULL, supersedes TEXT NOT NULL);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL,
    article INTEGER NOT NULL REFERENCES articles, section TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    question TEXT, alternates TEXT NOT NULL, sentences TEXT NOT NULL);
CREATE INDEX passages_of_article ON passages (article);
CREATE TABLE layout (name TEXT PRIMARY KEY, numbers BLOB NOT NULL);
"""

_READ_FAQS = """
SELECT question, start, end, section, alternates FROM passages WHERE article = ? AND kind = 'faq' ORDER BY start"""
_FAQS_OF_ARTICLE = """
SELECT passages.number FROM passages JOIN articles ON articles.number = article
WHERE articles.id = ? AND kind = 'faq' ORDER BY start"""
_CATEGORIES = """
SELECT category, count(*) FROM articles WHERE category IS NOT NULL GROUP BY category ORDER BY count(*) DESC, category"""
_NEWEST = "SELECT published, id FROM articles WHERE published IS NOT NULL ORDER BY published DESC, number LIMIT ?"
_SUPERSEDES = "SELECT id, supersedes FROM articles WHERE supersedes != '[]' ORDER BY number"
_EXAMPLES = """
WITH faqs AS (
    SELECT passages.id, question, category, published, row_number() OVER (PARTITION BY article ORDER BY start) AS place
    FROM passages JOIN articles ON articles.number = article WHERE kind = 'faq'),
sizes AS (SELECT category, count(*) AS size FROM articles GROUP BY category)
SELECT id FROM faqs LEFT JOIN sizes ON sizes.category = faqs.category
ORDER BY row_number() OVER (PARTITION BY faqs.category ORDER BY place, published DESC, question),
    size DESC, faqs.category LIMIT ?"""

LAYOUT = {"article_of_passage": "i", "passage_of_row": "i", "role_of_row": "b", "sentence_start": "i"}
"""The arrays of the table `layout`, and the type codes of their numbers."""

_CACHED_PASSAGES, _CACHED_ARTICLES = 4096, 1024  # maximum number of passages and articles that stay in memory


class PassageTable:
    """An open `passages.sqlite`: `Passages`. Thread-safe. Raises `IndexCorrupt` if the file is not one."""

    def __init__(self, path: Path) -> None:
        with raise_as_corrupt(path):
            # Immutable: a published generation never changes, so readers need neither locks nor a journal.
            address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            layout = dict(self._connection.execute("SELECT name, numbers FROM layout").fetchall())
            numbers = {name: np.frombuffer(layout[name], code) for name, code in LAYOUT.items()}
        _check_layout(path, numbers)
        self.article_of_passage: Numbers = numbers["article_of_passage"]
        """The article number of each passage."""
        self.passage_of_row: Numbers = numbers["passage_of_row"]
        """The passage number of each vector row, in ascending order."""
        self.role_of_row: Numbers = numbers["role_of_row"]
        """The role of each vector row, as a position in `ROLES`."""
        self.row_start: Numbers = np.searchsorted(self.passage_of_row, np.arange(len(self) + 1))
        """The first vector row of each passage, and the number of rows."""
        self._passage_start: Numbers = np.searchsorted(self.article_of_passage, np.arange(self.count_articles() + 1))
        self.sentence_start: Numbers = numbers["sentence_start"]
        """The first sentence of each passage, and the number of sentences."""
        # The cached functions do not refer to this table, so that reference counting frees an old generation at once.
        self._rows = partial(_rows, self._connection)
        self._article = lru_cache(maxsize=_CACHED_ARTICLES)(partial(_read_article, self._connection))
        self.number = lru_cache(maxsize=_CACHED_PASSAGES)(partial(_read_number, self._connection))
        self.passage = lru_cache(maxsize=_CACHED_PASSAGES)(partial(_read_passage, self._connection, self._article))
        """Returns the passage with a number."""

    def __len__(self) -> int:
        return len(self.article_of_passage)

    def count_articles(self) -> int:
        return int(self.article_of_passage.max(initial=-1)) + 1

    def passages(self, numbers: Iterable[int]) -> list[Passage]:
        return [self.passage(int(number)) for number in numbers]

    def all_passages(self, *, faqs: bool = False) -> Iterator[Passage]:
        for number in self._faq_numbers() if faqs else range(len(self)):
            yield _read_passage(self._connection, self._article, number)

    def _faq_numbers(self) -> list[int]:
        return [number for (number,) in self._rows("SELECT number FROM passages WHERE kind = 'faq' ORDER BY number")]

    def sample(self, most: int, *, faqs: bool = False) -> list[Passage]:
        numbers = np.array(self._faq_numbers(), np.int64) if faqs else np.arange(len(self))
        places = np.linspace(0, len(numbers) - 1, min(most, len(numbers)))
        return self.passages(numbers[np.unique(places.astype(int))].tolist())

    def faqs(self, article: str) -> list[Passage]:
        return self.passages(number for (number,) in self._rows(_FAQS_OF_ARTICLE, article))

    def listed(self, category: str | None, offset: int, limit: int) -> list[Article]:
        key = category.casefold() if category is not None else None
        query = "SELECT number FROM articles WHERE ?1 IS NULL OR category_key = ?1 ORDER BY number LIMIT ?2 OFFSET ?3"
        return [self._article(number) for (number,) in self._rows(query, key, limit, offset)]

    def article(self, ident: str) -> Article | None:
        found = self._rows("SELECT number FROM articles WHERE id = ?", ident)
        return self._article(found[0][0]) if found else None

    @cached_property
    def facts(self) -> CorpusFacts:
        counted = self._rows(_CATEGORIES)
        ((faqs,),) = self._rows("SELECT count(*) FROM passages WHERE kind = 'faq'")
        examples = [ident for (ident,) in self._rows(_EXAMPLES, EXAMPLES)]
        newest = self._rows(_NEWEST, NEWEST)
        supersedes = {ident: _strings(older) for ident, older in self._rows(_SUPERSEDES)}
        articles = self.count_articles()
        return CorpusFacts(articles, len(self), faqs, dict(counted), newest, examples, supersedes=supersedes)

    def rows_admitted(self, filters: Filters) -> Numbers:
        """Return the vector rows of the articles that pass the filters."""
        conditions = {
            "category_key = ?": filters.category.casefold() if filters.category is not None else None,
            "id = ?": filters.article,
            "max(coalesce(published, ''), coalesce(updated, '')) >= ?": filters.since and filters.since.isoformat(),
        }
        used = {condition: value for condition, value in conditions.items() if value is not None}
        found = self._rows(f"SELECT number FROM articles WHERE {' AND '.join(used) or 'true'}", *used.values())
        passages, _ = ranges(self._passage_start, np.sort(np.array(found, np.int64).reshape(-1)))
        return ranges(self.row_start, passages)[0]


def _check_layout(path: Path, numbers: Mapping[str, Numbers]) -> None:
    """Raise `IndexCorrupt` if the arrays do not fit together."""
    articles, passages, roles, sentences = (numbers[name] for name in LAYOUT)
    is_valid = (
        len(articles) > 0 and articles[0] == 0 and _rises_by_one(articles)
        and len(passages) == len(roles) and passages[:1] == 0 and passages[-1:] == len(articles) - 1
        and _rises_by_one(passages) and np.all((roles >= 0) & (roles < len(ROLES)))
        and len(sentences) == len(articles) + 1 and sentences[0] == 0 and np.all(np.diff(sentences) >= 0)
    )  # fmt: skip
    if not is_valid:
        raise IndexCorrupt(f"The passages in {path} are not numbered consistently: run articlebot build.")


def ranges(start: Numbers, owners: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of all things that some owners have, owner by owner, and where each owner's begin and end.

    `start` holds the number of each owner's first thing, and of all things at its end.
    """
    counts = start[owners + 1] - start[owners]
    starts = np.append(0, np.cumsum(counts))
    numbers = np.repeat(start[owners] - starts[:-1], counts) + np.arange(starts[-1])
    return np.asarray(numbers, np.int64), np.asarray(starts, np.int64)


def _rises_by_one(numbers: Numbers) -> bool:
    """Whether each number equals the one before it or is one more."""
    steps = np.diff(numbers)
    return bool(np.all((steps == 0) | (steps == 1)))


@raise_as_corrupt(_WHERE)
def _rows(connection: sqlite3.Connection, statement: str, *values: object) -> list[Any]:
    return connection.execute(statement, values).fetchall()


@raise_as_corrupt(_WHERE)
def _read_passage(connection: sqlite3.Connection, article_of: Callable[[int], Article], number: int) -> Passage:
    (row,) = _rows(connection, "SELECT * FROM passages WHERE number = ?", number)
    _, ident, kind, owner, section, start, end, question, alternates, sentences = row
    article = article_of(owner)
    path, others = _strings(section), _strings(alternates)
    spans = tuple((int(first), int(last)) for first, last in json.loads(sentences))
    return Passage(ident, kind, article, path, article.text[start:end], start, end, question, others, spans)


def _read_number(connection: sqlite3.Connection, ident: str) -> int | None:
    found = _rows(connection, "SELECT number FROM passages WHERE id = ?", ident)
    return int(found[0][0]) if found else None


@raise_as_corrupt(_WHERE)
def _read_article(connection: sqlite3.Connection, number: int) -> Article:
    row = _rows(connection, "SELECT * FROM articles WHERE number = ?", number)[0]
    _, ident, source, title, text, url, published, updated, category, _, tags, language, *names = row
    rows = _rows(connection, _READ_FAQS, number)
    faqs = tuple(Faq(asked, start, end, _strings(path), _strings(others)) for asked, start, end, path, others in rows)
    return Article(
        ident, source, title, text, url, _date(published), _date(updated), category, _strings(tags), language,
        faqs, *map(_strings, names),
    )  # fmt: skip


def _strings(packed: str) -> tuple[str, ...]:
    return tuple(map(str, json.loads(packed)))


def _date(day: str | None) -> date | None:
    return date.fromisoformat(day) if day else None
