"""A small index that tests rebuild."""

from pathlib import Path

from articles import GRATUITY, NOTICE
from quick_build import build, copy_folder, made_once

from bot.index.store import LocalStore

QUESTION = "Who pays gratuity?"


def small_place(folder: Path) -> Path:
    """Copy a folder with a corpus and its index with the packaged model, which is made once per test run."""

    def make(first: Path) -> None:
        (first / "corpus").mkdir(parents=True)
        (first / "corpus" / "notice.md").write_text(NOTICE, encoding="utf-8")
        (first / "corpus" / "gratuity.md").write_text(GRATUITY, encoding="utf-8")
        build(first / "corpus", first / "index")

    return copy_folder(made_once("two-articles", make), folder)


def rewrite(place: Path, words: str) -> str:
    """Change a sentence of the article and build; return the new generation."""
    (place / "corpus" / "gratuity.md").write_text(GRATUITY.replace("The employer pays it", words), encoding="utf-8")
    return build(place / "corpus", place / "index").generation


def point_to(store: LocalStore, name: str) -> None:
    (store.root / "next").write_text(name)
    (store.root / "next").replace(store.root / "CURRENT")
