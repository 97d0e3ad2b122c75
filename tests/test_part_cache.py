"""Files that have not changed are neither read nor split again."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.build.part_cache import PartCache
from bot.build.workers import LocalWorkers
from bot.corpus.corpus import FolderSource
from bot.corpus.formats import markdown, plaintext
from bot.encoder import HashingEncoder
from bot.passages import Passage

NOTICE = """---
title: Notice period
date: 2026-01-05
tags: [resignation]
---
## How long it runs

Contracts name thirty to ninety days. Weekends count.

## FAQs

### Can it be bought out?

Yes, when the contract allows it.
"""
CARD = "# Admit card\n\n| Item | Needed |\n| --- | --- |\n| Photo | yes |\n| Pen | no |\n"
LIMIT = 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "notice.md").write_text(NOTICE, encoding="utf-8")
    (tmp_path / "corpus" / "card.md").write_text(CARD, encoding="utf-8")
    return tmp_path / "corpus"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read, in order."""
    files: list[str] = []
    for module in (markdown, plaintext):

        def recorded(content: str, source: str, original=module.read) -> Iterator[object]:
            files.append(source)
            yield from original(content, source)

        monkeypatch.setattr(module, "read", recorded)
    return files


def passages(folder: Path, limit: int = LIMIT) -> list[Passage]:
    """Read and split a corpus as a build does."""
    source, encoder = FolderSource(folder), HashingEncoder()
    with closing(PartCache(folder.parent / "cache", str(limit))) as cache:
        found = list(LocalWorkers().passages(source, encoder, limit, cache))
        cache.keep_only_used()
    assert source.files_read == len(source.parts)
    return found


def uncached(folder: Path, limit: int = LIMIT) -> list[Passage]:
    return list(LocalWorkers().passages(FolderSource(folder), HashingEncoder(), limit))


def test_only_a_changed_file_is_read_again(folder: Path, read: list[str]):
    assert passages(folder) == uncached(folder)
    read.clear()
    assert passages(folder) == passages(folder)
    assert read == []
    (folder / "notice.md").write_text(NOTICE.replace("ninety", "sixty"), encoding="utf-8")
    assert "Contracts name thirty to sixty days. Weekends count." in [each.text for each in passages(folder)]
    assert read == ["notice.md"]
    assert passages(folder) == uncached(folder)


def test_another_limit_splits_anew(folder: Path):
    longer = NOTICE.replace("Weekends count", "Public holidays and weekends count. " * 6 + "So do Sundays")
    (folder / "notice.md").write_text(longer, encoding="utf-8")
    assert passages(folder, 20) == uncached(folder, 20) != passages(folder, 100)
    assert passages(folder, 100) == uncached(folder, 100)


def test_other_code_reads_anew(folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch):
    passages(folder)
    read.clear()
    monkeypatch.setattr("bot.build.part_cache._code", lambda: "another version")
    passages(folder)
    assert read == ["card.md", "notice.md"]


def test_a_refused_file_is_refused_in_each_build(folder: Path):
    (folder / "draft.md").write_text("---\ntitle: Draft\ndraft: true\n---\nNot yet.\n", encoding="utf-8")
    (folder / "note.rtf").write_text("{}", encoding="utf-8")
    with closing(PartCache(folder.parent / "cache", "")) as cache:
        refused = []
        for _ in range(2):
            source = FolderSource(folder)
            list(LocalWorkers().passages(source, HashingEncoder(), LIMIT, cache))
            refused.append(source.refused)
    assert refused[0] == refused[1]
    assert [(each.file, each.kind) for each in refused[1]] == [("draft.md", "refused"), ("note.rtf", "refused")]


def test_a_text_dump_is_read_again_when_another_shares_other_lines(folder: Path, read: list[str]):
    menu = "Home About Contact\n\n"
    for name in ("one", "two", "three", "four", "five"):
        body = f"{menu}Words of article {name} that no other one has.\n\nAnd a second paragraph of {name}.\n"
        (folder / f"{name}.txt").write_text(body, encoding="utf-8")
    passages(folder)
    read.clear()
    for name in ("two", "three", "four", "five"):
        (folder / f"{name}.txt").unlink()
    assert passages(folder) == uncached(folder)
    assert read[0] == "one.txt"


def test_a_damaged_entry_is_read_again(folder: Path):
    passages(folder)
    path = folder.parent / "cache" / "parts.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        ((key, items),) = connection.execute("SELECT key, items FROM parts WHERE instr(items, 'Weekends')")
        damaged = items.replace(b"Weekends", b"Workdays")
        connection.execute("UPDATE parts SET items = ? WHERE key = ?", (damaged, key))
        connection.commit()
    assert passages(folder) == uncached(folder)
    path.write_bytes(b"not a database" * 100)
    assert passages(folder) == uncached(folder)


def test_a_removed_article_leaves_no_trace(folder: Path):
    passages(folder)
    path = folder.parent / "cache" / "parts.sqlite"
    assert b"Weekends count" in path.read_bytes()
    (folder / "notice.md").unlink()
    passages(folder)
    assert b"Weekends count" not in path.read_bytes()


def test_a_file_of_many_articles_is_not_stored(folder: Path):
    (folder / "large.txt").write_bytes(b"Words. " * 143_000)
    source = FolderSource(folder)
    assert source.part_digest("large.txt") is None
    assert source.part_digest("missing.md") is None
    assert source.part_digest("card.md") != source.part_digest("notice.md")
