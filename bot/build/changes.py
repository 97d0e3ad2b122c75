"""The changes between two generations."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.index.manifest import ChangedAnswers, ChangedArticles, Changes
from bot.index.passage_table import PASSAGES

_FACTS = "title, text, url, published, updated, category, tags, language, related, also_at, supersedes"
_QUESTIONS = """(SELECT group_concat(coalesce(question, '') || alternates) FROM
    (SELECT question, alternates FROM {schema}.passages
     WHERE article = articles.number AND (question IS NOT NULL OR alternates != '[]') ORDER BY start))"""
"""All questions of an article, with their alternates and those of sections, some of which are in a separate file."""
_EDITED = f"""
SELECT id FROM (
    SELECT id, {_FACTS}, {_QUESTIONS.format(schema="main")} FROM main.articles
    EXCEPT SELECT id, {_FACTS}, {_QUESTIONS.format(schema="old")} FROM old.articles)
WHERE id IN (SELECT id FROM old.articles) ORDER BY id"""
_NEW = "SELECT id FROM main.articles EXCEPT SELECT id FROM old.articles"
_REMOVED = "SELECT id FROM old.articles EXCEPT SELECT id FROM main.articles"
_OTHER_ID = f"""
SELECT now.id, was.id FROM main.articles now JOIN old.articles was ON was.text = now.text AND was.title = now.title
WHERE now.id IN ({_NEW}) AND was.id IN ({_REMOVED})"""
_OTHER_FILE = """
SELECT now.id FROM main.articles now JOIN old.articles was USING (id) WHERE now.source != was.source ORDER BY id"""


def changes_between(before: Path, after: Path) -> Changes:
    """Compare the articles in the folders of two generations."""
    with closing(sqlite3.connect(_address(after), uri=True)) as connection:
        connection.execute("ATTACH ? AS old", (_address(before),))
        queries = (_EDITED, _NEW, _REMOVED, _OTHER_FILE)
        edited, new, removed, in_other_file = ([ident for (ident,) in connection.execute(query)] for query in queries)
        old_ids = dict(connection.execute(_OTHER_ID).fetchall())
    return Changes(
        before.name,
        new=ChangedArticles.of([one for one in new if one not in old_ids]),
        edited=ChangedArticles.of(edited),
        removed=ChangedArticles.of(sorted(set(removed) - set(old_ids.values()))),
        moved=ChangedArticles.of(sorted([*old_ids, *(one for one in in_other_file if one not in set(edited))])),
        answers=ChangedAnswers(),
    )


def _address(folder: Path) -> str:
    return f"{(folder / PASSAGES).absolute().as_uri()}?mode=ro&immutable=1"
