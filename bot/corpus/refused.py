"""What could not be read, and why."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Refused:
    """A file, or a part of one, that did not become an article."""

    file: str
    """Path relative to the corpus."""
    line: int | None
    """The line it starts on, counted from 1; None when the whole file is meant."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.reason}"


def write_refused(path: Path, refused: Iterable[Refused]) -> None:
    """Keep a list of refusals as JSON."""
    path.write_text(json.dumps([asdict(each) for each in refused], ensure_ascii=False, indent=1), encoding="utf-8")


def read_refused(path: Path) -> tuple[Refused, ...]:
    """The list that `write_refused` kept."""
    return tuple(Refused(**fields) for fields in json.loads(path.read_text(encoding="utf-8")))
