"""`BackgroundBuild`: a build in another process, whose output an editor can watch."""

import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from threading import Lock, Thread

from bot.errors import ArticlebotError, IndexBusy
from bot.index.store import LocalStore

_MAX_LINES = 200  # number of lines of output kept
_WAIT, _MAX_WAITS = 1.0, 600  # seconds between two looks whether another build has ended, and the number of looks
_DONE = "Done: visitors are answered from this index."
_FAILED = "The build failed; visitors are still answered from the previous index."


class BackgroundBuild:
    """Runs one build of an index at a time. Safe to call from many threads."""

    def __init__(self, command: Sequence[str], store: LocalStore) -> None:
        self._command, self._store = command, store
        self._lines: deque[str] = deque(maxlen=_MAX_LINES)
        self._lock = Lock()
        self.is_running = False
        self.has_failed = False

    @property
    def output(self) -> str:
        """The last lines of the running build, or of the latest one."""
        return "\n".join(self._lines.copy())

    def start(self) -> None:
        """Start a build, unless one is running."""
        with self._lock:
            if self.is_running:
                return
            self.is_running, self.has_failed = True, False
            self._lines.clear()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._wait_for_others()
            with subprocess.Popen(  # noqa: S603
                self._command, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
            ) as process:  # fmt: skip
                for line in process.stdout or ():
                    self._lines.append(line.rstrip())
                    sys.stderr.write(line)
            self.has_failed = process.returncode != 0
            self._lines.append(_FAILED if self.has_failed else _DONE)
        except (ArticlebotError, OSError) as error:
            self.has_failed = True
            self._lines.append(f"{error}\n{_FAILED}")
        finally:
            self.is_running = False

    def _wait_for_others(self) -> None:
        """Wait until no other build writes the index: that of `serve --watch` has seen the changed file, too."""
        for _ in range(_MAX_WAITS):
            try:
                with self._store.lock():
                    return
            except IndexBusy:
                time.sleep(_WAIT)
