"""Publishes a generation: an unfinished folder, which becomes the current generation in one step."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from bot.index.store import KEPT_GENERATIONS, MAX_KEPT_BYTES, MIN_KEPT, UNFINISHED, LocalStore, sync_to_disk


@contextmanager
def unfinished_generation(store: LocalStore) -> Iterator[Path]:
    """Give an empty folder for a new generation, and remove it afterwards unless it was published. Hold the lock.

    The leftovers of builds that died are removed first.
    """
    for leftover in store.generations_folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = store.generations_folder / f"{UNFINISHED}{uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish_generation(store: LocalStore, unfinished: Path, name: str) -> None:
    """Make an unfinished folder the current generation, and remove old ones. Hold the lock.

    Everything is on disk before the pointer moves: at any moment, even after a power cut, it names a whole generation.
    """
    for path in unfinished.rglob("*"):
        sync_to_disk(path)
    sync_to_disk(unfinished)
    previous = store.find_current()
    unfinished.rename(store.generations_folder / name)
    sync_to_disk(store.generations_folder)
    store.point_to(name)
    _prune(store, name, previous)


def _prune(store: LocalStore, current: str, previous: str | None) -> None:
    """Keep the current and the previous generation, which after a rollback is not the last one that was built.

    Further ones are kept if all of them are small.
    """
    stored = store.generations()
    others = [path for path in stored if path.name not in (current, previous)]
    size = sum(file.stat().st_size for path in stored for file in path.rglob("*") if file.is_file())
    kept = (KEPT_GENERATIONS if size <= MAX_KEPT_BYTES else MIN_KEPT) - (1 if previous is None else 2)
    for path in others[: max(0, len(others) - kept)]:
        hidden = path.with_name(f"{UNFINISHED}{path.name}")
        # Hidden in one step, so that no reader sees half a generation. The next build removes what stays behind.
        with suppress(OSError):
            path.rename(hidden)
        shutil.rmtree(hidden if hidden.exists() else path, ignore_errors=True)
