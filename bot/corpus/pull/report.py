"""What a pull did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullReport:
    """How many articles of a site are new, changed and unchanged, and which addresses were refused."""

    new: int
    changed: int
    unchanged: int
    refused: tuple[tuple[str, str], ...]
    """Address and reason of each."""
    more: bool
    """Whether the limit of articles was reached before the end of the site: the next pull goes on from there."""
    folder: str
    """Where the articles lie, relative to the corpus."""
