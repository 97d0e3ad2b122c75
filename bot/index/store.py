"""The `Store` protocol, and the store in an index folder: generations written once, and a pointer to the current one.

Readers take no lock: the pointer is replaced atomically, and a published generation never changes.
`bot.build.publish` writes generations.
"""

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.encoder import QuestionEncoder
from bot.errors import IndexBusy, IndexCorrupt, IndexMissing, IndexUnwritable, requires
from bot.index.generation import Generation
from bot.index.local_generation import LocalGeneration
from bot.index.manifest import Manifest

if TYPE_CHECKING:
    from filelock import BaseFileLock

Opened = TypeVar("Opened")

POINTER = "CURRENT"
KEPT_GENERATIONS, MIN_KEPT = 5, 2
"""Number of generations that stay, the current one included, and their number if they are large."""
MAX_KEPT_BYTES = 1_000_000_000
"""Size of all generations together above which only `MIN_KEPT` of them stay."""
UNFINISHED = ".unfinished-"
"""Prefix of the folders in `generations/` that no reader opens: being written, or about to be removed."""

_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM)
"""Errors of network file systems that cannot sync a folder; they write it at once."""


class Store(Protocol):
    """The generations of an index, one of which is current: it is served."""

    def current_name(self) -> str:
        """Name the current generation. Raises `IndexMissing` without one, `IndexCorrupt` if the pointer is wrong."""

    def open_current(self, encoder: QuestionEncoder | None = None, *, whole: bool = False) -> Generation:
        """Open the current generation. `encoder`, `whole` and what it raises are as of `LocalGeneration.open`."""

    def manifests(self) -> Iterator[tuple[str, Manifest | IndexCorrupt]]:
        """Yield the name and the manifest of each generation, oldest first; the error if it cannot be read."""

    def facts(self) -> Mapping[str, str]:
        """Return further facts about the place of the index, for its status."""

    def roll_back(self) -> str:
        """Open the previous generation, make it current and return its name. Raises `IndexMissing` without one."""


class LocalStore:
    """The generations in an index folder, which need not exist yet: `Store`."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()  # the process may change its working directory
        self.name = root
        """The folder as the caller named it, for messages."""
        self.generations_folder = self.root / "generations"
        self.cache_folder = self.root / "cache"
        self.encoder_folder = self.cache_folder / "encoder"

    def current_folder(self) -> Path:
        """Return the folder of the current generation. Raises as `Store.current_name`."""
        name = self._read_pointer()
        folder = self.generations_folder / name
        if not name or Path(name).name != name or name.startswith(".") or not folder.is_dir():
            if name != self._read_pointer():
                return self.current_folder()
            pointer = self.root / POINTER
            raise IndexCorrupt(f"The pointer {pointer} names no generation ({name!r}): run articlebot build.")
        return folder

    def current_name(self) -> str:
        return self.current_folder().name

    def find_current(self) -> str | None:
        """Return the name of the current generation, or None if there is none."""
        with suppress(IndexMissing, IndexCorrupt):
            return self.current_name()
        return None

    def open_current(self, encoder: QuestionEncoder | None = None, *, whole: bool = False) -> LocalGeneration:
        return self.read_current(lambda folder: LocalGeneration.open(folder, whole=whole, encoder=encoder))

    def read_current(self, read: Callable[[Path], Opened]) -> Opened:
        """Call `read` with the folder of the current generation; again if a build removes that folder meanwhile.

        Raises whatever `current_folder` and `read` raise.
        """
        while True:
            folder = self.current_folder()
            try:
                return read(folder)
            except IndexCorrupt:
                if self.current_folder() == folder:
                    raise

    def generations(self) -> list[Path]:
        """Return the folders of the finished generations, oldest first."""
        if not self.generations_folder.is_dir():
            return []
        paths = (path for path in self.generations_folder.iterdir() if path.is_dir())
        return sorted(path for path in paths if not path.name.startswith(UNFINISHED))

    def manifests(self) -> Iterator[tuple[str, Manifest | IndexCorrupt]]:
        for folder in self.generations():
            try:
                yield folder.name, Manifest.read(folder)
            except IndexCorrupt as error:
                yield folder.name, error

    def facts(self) -> dict[str, str]:
        return {}

    def roll_back(self) -> str:
        """See `Store.roll_back`. Raises `IndexBusy` while a build is writing."""
        with self.lock():
            current = self._read_pointer()
            earlier = [path for path in self.generations() if path.name < current]
            if not earlier:
                raise IndexMissing(f"There is no earlier generation in {self.name}: nothing to roll back to.")
            return self._switch_to(earlier[-1])

    def switch_to(self, name: str) -> str:
        """Make a stored generation current, be it earlier or later, and return its name.

        Raises `IndexMissing` if it is not stored, `IndexBusy` while a build is writing.
        """
        with self.lock():
            found = next((path for path in self.generations() if path.name == name), None)
            if found is None:
                raise IndexMissing(f"The generation {name} is no longer in {self.name}: choose another one.")
            return self._switch_to(found)

    def _switch_to(self, folder: Path) -> str:
        LocalGeneration.open(folder)
        self.point_to(folder.name)
        return folder.name

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers out while the body runs; the system frees the lock when the process ends, however it ends.

        Raises `IndexBusy`, naming the holder, if another build is writing; `IndexUnwritable` if the folder cannot be
        written.
        """
        lock, holder = self._acquire_lock(), self.root / "lock.json"
        try:
            # Only for the message to other builders: the lock itself does not depend on this file.
            with suppress(OSError):
                facts = {"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
                holder.write_text(json.dumps(facts), encoding="utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def point_to(self, name: str) -> None:
        """Make a generation the current one. Hold the lock."""
        pending = self.root / f".{POINTER}"
        pending.write_text(f"{name}\n", encoding="utf-8")
        sync_to_disk(pending)
        pending.replace(self.root / POINTER)
        sync_to_disk(self.root)

    def _read_pointer(self) -> str:
        pointer = self.root / POINTER
        try:
            return pointer.read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            advice = "run articlebot build, or name another folder with --index"
            raise IndexMissing(f"There is no index in {self.name}: {advice}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexCorrupt(f"The pointer {pointer} cannot be read ({error}): run articlebot build.") from error

    def _acquire_lock(self) -> "BaseFileLock":
        with requires("filelock", "build"):
            from filelock import FileLock, Timeout
        try:
            self.generations_folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / "lock", timeout=0)
            lock.acquire()
        except Timeout:
            holder = ""
            with suppress(OSError, ValueError, KeyError, TypeError):
                facts = json.loads((self.root / "lock.json").read_text(encoding="utf-8"))
                holder = f" (process {facts['process']}, since {facts['since']})"
            raise IndexBusy(f"Another build is writing {self.name}{holder}: wait for it to end.") from None
        except OSError as error:
            problem = f"The index folder {self.name} cannot be written ({error.strerror})"
            raise IndexUnwritable(f"{problem}: check its permissions.") from error
        except NotImplementedError:
            problem = f"The file system of the index folder {self.name} has no locks"
            raise IndexUnwritable(f"{problem}: put the index on a local disk.") from None
        return lock


def sync_to_disk(path: Path) -> None:
    """Write a file or a folder through to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not path.is_dir() or error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)
