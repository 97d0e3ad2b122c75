"""What did not become an article of its own, each with the reason shown to the editor."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

Kind = Literal["refused", "left out", "merged", "cleaned", "followed"]
"""Refused: cannot be read. Left out: not meant for visitors, such as drafts. Merged: the text of another article, which
has both addresses. Cleaned: read, apart from damaged characters. Followed: a decision about a passage with a new id."""


class Unreadable(ValueError):
    """Raised when a file, or a part of one, cannot be read; the message is the reason shown to the editor."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def check_size(path: Path, *, megabytes: int, remedy: str = "split it") -> None:
    """Raise `Unreadable` if a file is larger than this."""
    if path.stat().st_size > megabytes * 1_000_000:
        raise Unreadable(f"larger than {megabytes} MB: {remedy}")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file, or a part of one, that did not become an article as it is."""

    file: str
    """Path relative to the corpus."""
    line: int | None
    """First line of the refused part, counted from 1; None for the whole file."""
    reason: str
    kind: Kind = "refused"

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.reason}"


def by_kind(refused: Iterable[Refused]) -> dict[Kind, list[Refused]]:
    """Group a list by kind, the refused ones first; kinds without any are left out."""
    found = list(refused)
    groups = {kind: [each for each in found if each.kind == kind] for kind in get_args(Kind)}
    return {kind: group for kind, group in groups.items() if group}


def write_refused(path: Path, refused: Iterable[Refused]) -> None:
    """Write a list of refusals as JSON."""
    path.write_text(json.dumps([asdict(each) for each in refused], ensure_ascii=False, indent=1), encoding="utf-8")


def read_refused(path: Path) -> tuple[Refused, ...]:
    """Read the list written by `write_refused`."""
    return tuple(Refused(**fields) for fields in json.loads(path.read_text(encoding="utf-8")))
