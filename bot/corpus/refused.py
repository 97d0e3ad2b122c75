"""What could not be read, and why."""

from dataclasses import dataclass


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
