"""What a generation holds that the one before it did not, and what is answered otherwise."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.index.passage_table import PASSAGES

_NAMED = 100
"""Articles of which a generation remembers that they have changed; of more it knows the number."""

_FACTS = "title, text, url, published, updated, category, tags, language, related, also_at"
_ASKED = "(SELECT group_concat(question || alternates) FROM (SELECT question, alternates FROM {of}.passages WHERE article = articles.number ORDER BY start))"
"""All that is asked of an article, its alternates included, of which some stand in a file of their own."""
_EDITED = f"""
SELECT id FROM (SELECT id, {_FACTS}, {_ASKED.format(of="main")} FROM main.articles EXCEPT SELECT id, {_FACTS}, {_ASKED.format(of="old")} FROM old.articles)
WHERE id IN (SELECT id FROM old.articles) ORDER BY id"""
_NEW = "SELECT id FROM main.articles EXCEPT SELECT id FROM old.articles"
_GONE = "SELECT id FROM old.articles EXCEPT SELECT id FROM main.articles"
_OTHER_ID = f"""
SELECT now.id, was.id FROM main.articles now JOIN old.articles was ON was.text = now.text AND was.title = now.title
WHERE now.id IN ({_NEW}) AND was.id IN ({_GONE})"""
_OTHER_FILE = "SELECT now.id FROM main.articles now JOIN old.articles was USING (id) WHERE now.source != was.source ORDER BY id"


@dataclass(frozen=True, slots=True)
class ChangedArticles:
    """Articles that share a fate."""

    count: int
    ids: tuple[str, ...]
    """Of the first hundred."""

    @classmethod
    def of(cls, ids: Sequence[str]) -> "ChangedArticles":
        return cls(len(ids), tuple(ids[:_NAMED]))


@dataclass(frozen=True, slots=True)
class ChangedAnswer:
    """A saved question that another passage answers than before, or the same one in other words."""

    question: str
    before: str
    """The id of the passage that answered it; "" where none did."""
    now: str


@dataclass(frozen=True, slots=True)
class ChangedAnswers:
    """What saved questions are answered with now."""

    questions: int = 0
    """Those that were asked of both."""
    changed: tuple[ChangedAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different since the generation that was served before."""

    since: str
    """Its name."""
    new: ChangedArticles
    edited: ChangedArticles
    """Those whose words, facts or ways to ask are others."""
    removed: ChangedArticles
    moved: ChangedArticles
    """Those that are word for word what they were, under another id or in another file; they are neither new nor removed."""
    answers: ChangedAnswers


def changes_between(before: Path, after: Path) -> Changes:
    """Compare the articles of two generations' folders."""
    with closing(sqlite3.connect(_address(after), uri=True)) as connection:
        connection.execute("ATTACH ? AS old", (_address(before),))
        edited, new, gone, in_other_file = ([row[0] for row in connection.execute(query)] for query in (_EDITED, _NEW, _GONE, _OTHER_FILE))
        moved = dict(connection.execute(_OTHER_ID).fetchall())
    removed, known = set(gone) - set(moved.values()), set(edited)
    return Changes(
        before.name, ChangedArticles.of([one for one in new if one not in moved]), ChangedArticles.of(edited), ChangedArticles.of(sorted(removed)),
        ChangedArticles.of(sorted([*moved, *(one for one in in_other_file if one not in known)])), ChangedAnswers(),
    )  # fmt: skip


def _address(folder: Path) -> str:
    return f"{(folder / PASSAGES).absolute().as_uri()}?mode=ro&immutable=1"
