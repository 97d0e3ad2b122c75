"""Files and parts of files that cannot be read, each with the reason shown to the editor."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


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
    """A file, or a part of one, that did not become an article."""

    file: str
    """Path relative to the corpus."""
    line: int | None
    """First line of the refused part, counted from 1; None for the whole file."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.reason}"


def write_refused(path: Path, refused: Iterable[Refused]) -> None:
    """Write a list of refusals as JSON."""
    path.write_text(json.dumps([asdict(each) for each in refused], ensure_ascii=False, indent=1), encoding="utf-8")


def read_refused(path: Path) -> tuple[Refused, ...]:
    """Read the list written by `write_refused`."""
    return tuple(Refused(**fields) for fields in json.loads(path.read_text(encoding="utf-8")))
