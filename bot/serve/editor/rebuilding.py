"""`Rebuilding`: a build in a process of its own that an editor watches."""

import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, Thread

import bot.version

_LINES = 200
"""The last ones that a build said."""


class Rebuilding:
    """Runs one build at a time, and keeps what it says. Safe to call from many threads."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._running = False
        self._lock = Lock()

    @property
    def is_running(self) -> bool:
        """Whether a build is under way."""
        return self._running

    @property
    def said(self) -> str:
        """What the build under way, or the last one, said so far."""
        return "\n".join(self._lines.copy())

    def start(self) -> None:
        """Begin a build, unless one is under way."""
        with self._lock:
            if self._running:
                return
            self._running = True
            self._lines.clear()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            with subprocess.Popen(  # noqa: S603
                self._command, cwd=Path(bot.version.__file__).parents[1], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, encoding="utf-8", errors="replace",
            ) as process:  # fmt: skip
                for line in process.stdout or ():
                    self._lines.append(line.rstrip())
                    sys.stderr.write(line)
            self._lines.append(
                "Done: visitors are answered from it."
                if process.returncode == 0
                else "This did not work; what was served still is."
            )
        finally:
            self._running = False
