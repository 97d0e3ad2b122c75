"""`PullReport`: the outcome of a pull."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str], None]
"""Called with lines about the progress of a pull."""


@dataclass(frozen=True, slots=True)
class PullReport:
    """The number of new, changed and unchanged articles, and the addresses that were refused."""

    new: int
    changed: int
    unchanged: int
    refused: tuple[tuple[str, str], ...]
    """Address and reason of each."""
    more: bool
    """Whether the limit of articles was reached before the end of the site; the next pull continues from there."""
    folder: str
    """The folder of the articles, relative to the corpus."""
    removed: int = 0
    """The number of articles that the site has no longer, and whose files were deleted."""
