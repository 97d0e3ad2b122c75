"""The folder `index/`: generations written once, and the pointer to the one that is served.

Readers take no lock: the pointer is replaced in one step and what it names is never touched again.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import uuid4

from bot.encoder import QuestionEncoder
from bot.errors import IndexBusy, IndexCorrupt, IndexMissing, IndexUnwritable, MissingExtra
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest

Opened = TypeVar("Opened")

POINTER = "CURRENT"
KEPT = 2
"""Generations kept: the one that is served and the one before it."""

_UNFINISHED = ".unfinished-"
"""How the names of folders begin that nobody reads: being written, or about to be removed."""
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM)
"""What network file systems say that cannot sync a folder; they write it at once."""


class Store(Protocol):
    """The generations of an index, of which one is served."""

    def current_name(self) -> str:
        """The name of the generation that is served. Raises `IndexMissing` when there is none, `IndexCorrupt` when what should name it leads nowhere."""

    def version_token(self) -> Hashable:
        """What changes with the generation that is served, soon told; None when there is none."""

    def open_current(self, encoder: QuestionEncoder | None = None, *, whole: bool = False) -> Generation:
        """The generation that is served, open; `encoder` and `whole` as of `LocalGeneration.open`. Raises what `current_name` and opening it do."""

    def kept(self) -> Iterator[tuple[str, Manifest | IndexCorrupt]]:
        """The names and manifests of all generations, oldest first; of one that cannot be read, why."""

    def facts(self) -> Mapping[str, str]:
        """What else there is to tell of where it is kept."""

    def roll_back(self) -> str:
        """Serve the generation before the current one, once it has been opened; returns its name. Raises `IndexMissing` when there is none."""


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
        name = self._pointer()
        folder = self.generations_folder / name
        if not name or Path(name).name != name or name.startswith(".") or not folder.is_dir():
            if name != self._pointer():
                return self.current()
            raise IndexCorrupt(
                f"The pointer {self.root / POINTER} names no generation ({name!r}): run articlebot build."
            )
        return folder

    def open_current(self, open_folder: Callable[[Path], Opened]) -> Opened:
        """Open the generation that is served; where builds take it away meanwhile, the one that is served then.

        Raises what `current` and `open_folder` do.
        """
        while True:
            folder = self.current()
            try:
                return open_folder(folder)
            except IndexCorrupt:
                if self.current() == folder:
                    raise

    def served_name(self) -> str | None:
        """The name of the generation that is served; None when there is none."""
        try:
            return self.current().name
        except (IndexMissing, IndexCorrupt):
            return None

    def version_token(self) -> tuple[int, int] | None:
        """What changes with the pointer, read without opening it; None when there is none."""
        try:
            facts = (self.root / POINTER).stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_ino

    def _pointer(self) -> str:
        try:
            return (self.root / POINTER).read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            raise IndexMissing(
                f"There is no index in {self.root}: run articlebot build, or name another folder with --index."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexCorrupt(
                f"The pointer {self.root / POINTER} cannot be read ({error}): run articlebot build."
            ) from error

    def generations(self) -> list[Path]:
        """The finished generations, oldest first."""
        if not self.generations_folder.is_dir():
            return []
        return sorted(
            path
            for path in self.generations_folder.iterdir()
            if path.is_dir() and not path.name.startswith(_UNFINISHED)
        )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other builders out; the system frees the lock when its process ends, however it ends.

        Raises `IndexBusy` with who holds it and since when, `IndexUnwritable` when the folder cannot be written.
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
            raise IndexUnwritable(
                f"The index folder {self.root} cannot be written ({error.strerror}): check its permissions."
            ) from error
        except NotImplementedError:
            raise IndexUnwritable(
                f"The file system of the index folder {self.root} has no locks: put the index on a local disk."
            ) from None
        try:
            # Who builds is told to others as a courtesy: the lock does not need it.
            with suppress(OSError):
                holder.write_text(
                    json.dumps({"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}),
                    encoding="utf-8",
                )
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """An empty folder to write a generation in, gone at the end unless it was published. Call with the lock held.

        What dead builds left is swept away first.
        """
        for leftover in self.generations_folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        folder = self.generations_folder / f"{_UNFINISHED}{uuid4().hex}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, unfinished: Path, name: str) -> Path:
        """Make a finished folder the generation that is served, and prune old ones. Call with the lock held.

        Everything is on disk before the pointer moves: at any moment, also after a power cut, it names a whole generation.
        """
        for path in unfinished.rglob("*"):
            _sync(path)
        _sync(unfinished)
        before = self.served_name()
        folder = self.generations_folder / name
        unfinished.rename(folder)
        _sync(self.generations_folder)
        self._point_to(name)
        self._prune(name, before)
        return folder

    def roll_back(self, open_folder: Callable[[Path], object]) -> Path:
        """Serve the generation before the current one, once `open_folder` has opened it. Call with the lock held.

        Raises `IndexMissing` when there is none, what `open_folder` raises when it cannot be served; nothing has changed then.
        """
        served = self._pointer()
        earlier = [path for path in self.generations() if path.name < served]
        if not earlier:
            raise IndexMissing(
                f"There is no generation before the current one in {self.root}: nothing to roll back to."
            )
        open_folder(earlier[-1])
        self._point_to(earlier[-1].name)
        return earlier[-1]

    def _point_to(self, name: str) -> None:
        pending = self.root / f".{POINTER}"
        pending.write_text(f"{name}\n", encoding="utf-8")
        _sync(pending)
        pending.replace(self.root / POINTER)
        _sync(self.root)

    def _prune(self, served: str, before: str | None) -> None:
        """Remove all generations but the one that is served and the one that was: after a rollback this is not the one built last."""
        others = [path for path in self.generations() if path.name not in (served, before)]
        kept = KEPT - (1 if before is None else 2)
        for path in others[: len(others) - kept]:
            # In one step out of sight: half a generation is never seen. What cannot be removed now is swept by the next build.
            with suppress(OSError):
                path = path.rename(path.with_name(f"{_UNFINISHED}{path.name}"))  # noqa: PLW2901
            shutil.rmtree(path, ignore_errors=True)


class LocalStore:
    """The generations of an index folder."""

    def __init__(self, index: Path | str) -> None:
        self._folder = IndexStore(index)

    def current_name(self) -> str:
        """As `Store.current_name`."""
        return self._folder.current().name

    def version_token(self) -> tuple[int, int] | None:
        """As `Store.mark`."""
        return self._folder.version_token()

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

    def facts(self) -> dict[str, str]:
        """As `Store.facts`."""
        return {}

    def roll_back(self) -> str:
        """As `Store.roll_back`. Raises `IndexBusy` while a build is writing."""
        with self._folder.lock():
            return self._folder.roll_back(LocalGeneration.open).name


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
    except OSError as error:
        if not path.is_dir() or error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)
