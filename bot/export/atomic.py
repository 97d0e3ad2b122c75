"""Files that are made for people and other tools: there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from bot.errors import OutputUnwritable


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Where to write what takes its place at `path` once it is whole; what was there before stays until then, and when the body fails.

    Raises `OutputUnwritable` when it cannot be written.
    """
    pending = path.with_name(f".unfinished-{uuid4().hex}")
    try:
        yield pending
        pending.replace(path)
    except OSError as error:
        raise OutputUnwritable(
            f"{path} cannot be written ({error.strerror or error}): check the folder and its permissions."
        ) from error
    finally:
        with suppress(OSError):
            pending.unlink()
