"""Atomic writing of exported files."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from bot.errors import OutputUnwritable


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise `OutputUnwritable`, naming `path`, for an `OSError` of the body."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputUnwritable(f"{path} cannot be written ({reason}): check the folder and its permissions.") from error


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a path whose file replaces `path` unless the body fails. Raises `OutputUnwritable` if it cannot."""
    pending = path.with_name(f".unfinished-{uuid4().hex}")
    try:
        with writing(path):
            yield pending
            pending.replace(path)
    finally:
        with suppress(OSError):
            pending.unlink()
