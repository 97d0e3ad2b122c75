"""What a generation holds that the one before it did not, and what is answered otherwise."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.index.manifest import ChangedAnswers, ChangedArticles, Changes
from bot.index.passage_table import PASSAGES

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
_OTHER_FILE = (
    "SELECT now.id FROM main.articles now JOIN old.articles was USING (id) WHERE now.source != was.source ORDER BY id"
)


def changes_between(before: Path, after: Path) -> Changes:
    """Compare the articles of two generations' folders."""
    with closing(sqlite3.connect(_address(after), uri=True)) as connection:
        connection.execute("ATTACH ? AS old", (_address(before),))
        edited, new, gone, in_other_file = (
            [row[0] for row in connection.execute(query)] for query in (_EDITED, _NEW, _GONE, _OTHER_FILE)
        )
        moved = dict(connection.execute(_OTHER_ID).fetchall())
    removed, known = set(gone) - set(moved.values()), set(edited)
    return Changes(
        before.name, ChangedArticles.of([one for one in new if one not in moved]), ChangedArticles.of(edited), ChangedArticles.of(sorted(removed)),
        ChangedArticles.of(sorted([*moved, *(one for one in in_other_file if one not in known)])), ChangedAnswers(),
    )  # fmt: skip


def _address(folder: Path) -> str:
    return f"{(folder / PASSAGES).absolute().as_uri()}?mode=ro&immutable=1"
