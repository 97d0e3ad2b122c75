"""Synonyms: visitors' words for a term of the articles, as a build stores them in a generation."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

STORED_SYNONYMS = "synonyms.json"  # a file of a generation with synonyms


class Synonym(NamedTuple):
    """A word or phrase that stands for a term of the articles."""

    also: str
    term: str


def write_synonyms(folder: Path, synonyms: Iterable[Synonym]) -> None:
    """Store synonyms in the folder of a generation."""
    if terms := {also.lower(): term for also, term in synonyms}:
        (folder / STORED_SYNONYMS).write_text(json.dumps(terms, ensure_ascii=False, indent=1), encoding="utf-8")


def stored_synonyms(folder: Path) -> dict[str, str]:
    """Return the term of each synonym, in lower case, of a generation."""
    path = folder / STORED_SYNONYMS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
