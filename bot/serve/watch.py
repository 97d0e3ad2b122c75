"""Rebuilds the index, in another process, when the corpus folder changes."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import bot.version
from bot.errors import requires

_QUIET_MS, _MAX_DELAY_MS = 500, 60_000
"""Milliseconds without a change before a build starts, and the longest delay while files keep changing."""
_POLL_MS = 500  # milliseconds between checks whether the server has ended
_RETRY_SECONDS = 15.0
"""Seconds until a failed build is repeated: another build may hold the lock, or the folder may be incomplete."""
_NICENESS = 10  # niceness of a build, so that the server's answers come first


@contextmanager
def rebuild_on_change(corpus: Path, command: Sequence[str]) -> Iterator[None]:
    """While the body runs, run a build: once at the start, and after each change of the corpus.

    The build writes its messages to stderr. Raises `MissingExtra` if watchfiles is not installed.
    """
    with requires("watchfiles", "chat"):
        import watchfiles  # noqa: F401
    stop = Event()
    thread = Thread(target=_watch, args=(corpus.resolve(), command, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def build_command(corpus: Path, index: Path, settings: Path | None = None) -> list[str]:
    """Return the command that brings an index up to date in another process, with the choices of a settings file."""
    options = {"--corpus": corpus, "--index": index, **({"--settings": settings} if settings else {})}
    words = (word for option, path in options.items() for word in (option, str(path.absolute())))
    # Run in this folder, where paths of models start, with this package, which need not be installed.
    package = str(Path(bot.version.__file__).parents[1])
    start = f"import sys; sys.path[0] = {package!r}; from bot.cli import main; main()"
    return [sys.executable, "-c", start, "build", *words]


def run_build(command: Sequence[str], stop: Event) -> bool:
    """Run a build and return whether it succeeded; terminate it when `stop` is set."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr) as process:  # noqa: S603
        if hasattr(os, "setpriority"):
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        while process.poll() is None:
            if stop.wait(_POLL_MS / 1000):
                process.terminate()
        return process.returncode == 0


def _watch(corpus: Path, command: Sequence[str], stop: Event) -> None:
    """Build after each change; after a failed build, or without the folder, start again after a while."""
    while not stop.is_set():
        with suppress(FileNotFoundError):
            _build_on_changes(corpus, command, stop)
        stop.wait(_RETRY_SECONDS)


def _build_on_changes(corpus: Path, command: Sequence[str], stop: Event) -> None:
    """Build now and after each change, until a build fails; changes during a build are part of the next one."""
    from watchfiles import Change, watch

    def is_visible(_change: Change, path: str) -> bool:
        return not any(part.startswith(".") for part in Path(path).relative_to(corpus).parts)

    is_built = False
    delays: dict[str, Any] = {"debounce": _MAX_DELAY_MS, "step": _QUIET_MS, "rust_timeout": _POLL_MS}
    for changes in watch(
        corpus, watch_filter=is_visible, stop_event=stop, yield_on_timeout=True, raise_interrupt=False, **delays
    ):
        if (changes or not is_built) and not (is_built := run_build(command, stop)):
            return
