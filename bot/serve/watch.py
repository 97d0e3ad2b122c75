"""Builds the index again, in another process, when the corpus folder changes."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import bot.version
from bot.errors import MissingExtra
from bot.settings import BuildSettings

_QUIET, _LONGEST = 1_000, 60_000
"""Milliseconds without a change after which a build begins, and those after which it does although files still change."""
_LOOK = 500
"""Milliseconds after which it is seen that the server ends."""
_AGAIN = 15.0
"""Seconds after which a build that failed is tried again: another one may have been under way, or the folder not yet whole."""
_PRIORITY = 10
"""How much a build stands back behind the answers of the server."""


@contextmanager
def rebuilt_on_change(corpus: Path, index: Path, settings: BuildSettings) -> Iterator[None]:
    """While the body runs, bring the index up to date in another process: at once, and whenever files of the corpus folder have changed.

    What the build says goes to stderr. Raises `MissingExtra` when watchfiles is not installed.
    """
    try:
        import watchfiles  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtra("watchfiles", "chat") from None
    ended = Event()
    thread = Thread(target=_watch, args=(corpus.resolve(), build_command(corpus, index, settings), ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def build_command(corpus: Path, index: Path, settings: BuildSettings) -> list[str]:
    """What builds an index in a process of its own."""
    folders = ["--corpus", str(corpus.absolute()), "--index", str(index.absolute())]
    languages = ["--languages", ",".join(settings.languages), "--multilingual-model", settings.multilingual_model]
    return [
        sys.executable,
        "-m",
        "bot",
        "build",
        *folders,
        "--model",
        settings.model,
        "--exact-rows",
        str(settings.exact_rows),
        *languages,
    ]


def run_build(command: Sequence[str], ended: Event) -> bool:
    """Whether a build went well; it is stopped when the server ends."""
    with subprocess.Popen(  # noqa: S603
        command, cwd=Path(bot.version.__file__).parents[1], stdin=subprocess.DEVNULL, stdout=sys.stderr
    ) as process:
        if hasattr(os, "setpriority"):
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _PRIORITY)
        while process.poll() is None:
            if ended.wait(_LOOK / 1000):
                process.terminate()
        return process.returncode == 0


def _watch(corpus: Path, command: Sequence[str], ended: Event) -> None:
    """Build, and build again when something has changed; where that fails, or the folder is gone, begin anew after a while."""
    while not ended.is_set():
        with suppress(FileNotFoundError):
            _build_at_changes(corpus, command, ended)
        ended.wait(_AGAIN)


def _build_at_changes(corpus: Path, command: Sequence[str], ended: Event) -> None:
    """Until a build fails. What changes while one runs is built by the next."""
    from watchfiles import Change, watch

    def counts(_change: Change, path: str) -> bool:
        return not any(part.startswith(".") for part in Path(path).relative_to(corpus).parts)

    built = False
    for changes in watch(
        corpus, watch_filter=counts, debounce=_LONGEST, step=_QUIET, stop_event=ended, rust_timeout=_LOOK, yield_on_timeout=True, raise_interrupt=False,
    ):  # fmt: skip
        if (changes or not built) and not (built := run_build(command, ended)):
            return
