"""The generations of an index folder, as `bot.index.location.Store` wants them."""

from collections.abc import Iterator
from pathlib import Path

from bot.encoder import QuestionEncoder
from bot.errors import IndexCorrupt
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest
from bot.index.store import IndexStore


class LocalStore:
    """The generations of an index folder."""

    def __init__(self, index: Path | str) -> None:
        self._folder = IndexStore(index)

    def current_name(self) -> str:
        """As `Store.current_name`."""
        return self._folder.current().name

    def mark(self) -> tuple[int, int] | None:
        """As `Store.mark`."""
        return self._folder.mark()

    def open_current(self, encoder: QuestionEncoder | None = None, *, whole: bool = False) -> LocalGeneration:
        """As `Store.open_current`."""
        return self._folder.open_current(lambda folder: LocalGeneration.open(folder, whole=whole, encoder=encoder))

    def kept(self) -> Iterator[tuple[str, Manifest | IndexCorrupt]]:
        """As `Store.kept`."""
        for folder in self._folder.generations():
            try:
                yield folder.name, Manifest.read(folder)
            except IndexCorrupt as error:
                yield folder.name, error

    def roll_back(self) -> str:
        """As `Store.roll_back`. Raises `IndexBusy` while a build is writing."""
        with self._folder.lock():
            return self._folder.roll_back(LocalGeneration.open).name
