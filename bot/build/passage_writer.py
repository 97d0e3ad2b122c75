"""Writes `passages.sqlite`; `bot.index.passage_table` reads it."""

import json
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from bot.corpus.article import Article
from bot.corpus.source import ArticleSource
from bot.index.generation import ROLES, roles_of, sentence_spans
from bot.index.passage_table import LAYOUT, TABLES
from bot.passages import Passage


class PassageWriter:
    """Writes passages into a new file, article by article. They, and their vectors, are numbered from 0."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        # An incomplete file is thrown away, so a journal would gain nothing.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.executescript(TABLES)
        self._layout = {name: array(code) for name, code in LAYOUT.items()}
        self._layout["sentence_start"].append(0)
        self._current: str | None = None
        self._articles = 0

    def add(self, passage: Passage) -> None:
        if passage.article.id != self._current:
            self._current = passage.article.id
            self._insert("articles", _article_row(self._articles, passage.article))
            self._articles += 1
        number = len(self._layout["article_of_passage"])
        self._insert("passages", _passage_row(number, self._articles - 1, passage))
        self._layout["article_of_passage"].append(self._articles - 1)
        for role in roles_of(passage):
            self._layout["passage_of_row"].append(number)
            self._layout["role_of_row"].append(ROLES.index(role))
        self._layout["sentence_start"].append(self._layout["sentence_start"][-1] + len(sentence_spans(passage)))

    def add_alternate(self, number: int, question: str) -> int | None:
        """Add an alternate to a passage and return the number of its vector row; None if the passage has it already."""
        query = "SELECT question, alternates FROM passages WHERE number = ?"
        own, packed = self._connection.execute(query, (number,)).fetchone()
        alternates = json.loads(packed)
        if question in (own, *alternates):
            return None
        packed = json.dumps([*alternates, question])
        self._connection.execute("UPDATE passages SET alternates = ? WHERE number = ?", (packed, number))
        row = bisect_left(self._layout["passage_of_row"], number) + 1 + len(alternates)
        self._layout["passage_of_row"].insert(row, number)
        self._layout["role_of_row"].insert(row, ROLES.index("question"))
        return row

    def complete(self, source: ArticleSource) -> None:
        """Add the facts about articles that depend on the whole corpus: articles that they name, further addresses."""
        for field in ("related", "supersedes"):
            named = self._connection.execute(f"SELECT number, {field} FROM articles WHERE {field} != '[]'").fetchall()
            resolved = ((json.dumps(source.resolve_names(json.loads(names))), number) for number, names in named)
            self._connection.executemany(f"UPDATE articles SET {field} = ? WHERE number = ?", resolved)
        for ident, addresses in source.also_at.items():
            row = self._connection.execute("SELECT also_at FROM articles WHERE id = ?", (ident,)).fetchone()
            merged = json.dumps([*json.loads(row[0] if row else "[]"), *addresses])
            self._connection.execute("UPDATE articles SET also_at = ? WHERE id = ?", (merged, ident))

    def close(self) -> None:
        """Write the layout, which maps vector rows to passages and roles, and close the file."""
        layout = ((name, numbers.tobytes()) for name, numbers in self._layout.items())
        self._connection.executemany("INSERT INTO layout VALUES (?, ?)", layout)
        self._connection.commit()
        self._connection.close()

    def _insert(self, table: str, row: Sequence[object]) -> None:
        self._connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def _passage_row(number: int, owner: int, passage: Passage) -> tuple[object, ...]:
    return (
        number, passage.id, passage.kind, owner, json.dumps(passage.section), passage.start, passage.end,
        passage.question, json.dumps(passage.alternates), json.dumps(passage.sentences),
    )  # fmt: skip


def _article_row(number: int, article: Article) -> tuple[object, ...]:
    days = (day.isoformat() if day else None for day in (article.published, article.updated))
    return (
        number, article.id, article.source, article.title, article.text, article.url, *days,
        article.category, (article.category or "").casefold(), json.dumps(article.tags), article.language,
        json.dumps(article.related), json.dumps(article.also_at), json.dumps(article.supersedes),
    )  # fmt: skip
