"""The folder `index/`: generations written once, and the pointer to the one that is served.

Readers take no lock: the pointer is replaced in one step and what it names is never touched again.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import IndexBusy, IndexCorrupt, IndexMissing, MissingExtra

POINTER = "CURRENT"
KEPT = 2
"""Generations kept: the one that is served and the one before it."""

_UNFINISHED = ".unfinished-"


class IndexStore:
    """An index folder, which need not exist yet."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.generations_folder = self.root / "generations"
        self.cache_folder = self.root / "cache"
        self.encoder_folder = self.cache_folder / "encoder"

    def current(self) -> Path:
        """The folder of the generation that is served.

        Raises `IndexMissing` when nothing was built here, `IndexCorrupt` when the pointer leads nowhere.
        """
        try:
            name = (self.root / POINTER).read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            raise IndexMissing(f"There is no index in {self.root}: run articlebot build, or name another folder with --index.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexCorrupt(f"The pointer {self.root / POINTER} cannot be read ({error}): build the index again.") from error
        folder = self.generations_folder / name
        if not name or Path(name).name != name or not folder.is_dir():
            raise IndexCorrupt(f"The pointer {self.root / POINTER} names no generation ({name!r}): build the index again.")
        return folder

    def generations(self) -> list[Path]:
        """The finished generations, oldest first."""
        if not self.generations_folder.is_dir():
            return []
        return sorted(path for path in self.generations_folder.iterdir() if path.is_dir() and not path.name.startswith(_UNFINISHED))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other builders out; the system frees the lock when its process ends, however it ends.

        Raises `IndexBusy` with who holds it and since when, `IndexMissing` when the folder cannot be written.
        """
        try:
            from filelock import FileLock, Timeout
        except ModuleNotFoundError:
            raise MissingExtra("filelock", "build") from None
        holder = self.root / "lock.json"
        try:
            self.generations_folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / "lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise IndexBusy(f"Another build is writing {self.root}{_held_by(holder)}: wait for it to end.") from None
        except OSError as error:
            raise IndexMissing(f"The index folder {self.root} cannot be written ({error.strerror}): check its permissions.") from error
        try:
            holder.write_text(json.dumps({"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}), encoding="utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def start(self) -> Path:
        """An empty folder to write a generation in, with what dead builds left swept away. Call with the lock held."""
        for leftover in self.generations_folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover)
        folder = self.generations_folder / f"{_UNFINISHED}{os.getpid()}"
        folder.mkdir()
        return folder

    def publish(self, unfinished: Path, name: str) -> Path:
        """Make a finished folder the generation that is served, and prune old ones. Call with the lock held.

        Everything is on disk before the pointer moves: at any moment, also after a power cut, it names a whole generation.
        """
        for path in unfinished.rglob("*"):
            _sync(path)
        _sync(unfinished)
        folder = self.generations_folder / name
        unfinished.rename(folder)
        _sync(self.generations_folder)
        self._point_to(name)
        self._prune(name)
        return folder

    def roll_back(self) -> Path:
        """Serve the generation before the current one. Call with the lock held. Raises `IndexMissing` when there is none."""
        earlier = [path for path in self.generations() if path.name < self.current().name]
        if not earlier:
            raise IndexMissing(f"There is no generation before the current one in {self.root}: nothing to roll back to.")
        self._point_to(earlier[-1].name)
        return earlier[-1]

    def _point_to(self, name: str) -> None:
        pending = self.root / f".{POINTER}"
        pending.write_text(f"{name}\n", encoding="utf-8")
        _sync(pending)
        pending.replace(self.root / POINTER)
        _sync(self.root)

    def _prune(self, served: str) -> None:
        others = [path for path in self.generations() if path.name != served]
        for path in others[: len(others) - (KEPT - 1)]:
            shutil.rmtree(path)


def _held_by(holder: Path) -> str:
    try:
        record = json.loads(holder.read_text(encoding="utf-8"))
        return f" (process {record['process']}, since {record['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
