"""`BackgroundBuild`: a build in another process, whose output an editor can watch."""

import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from threading import Lock, Thread

_MAX_LINES = 200  # number of lines of output kept
_DONE = "Done: visitors are answered from this index."
_FAILED = "The build failed; visitors are still answered from the previous index."


class BackgroundBuild:
    """Runs one build at a time. Safe to call from many threads."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._lines: deque[str] = deque(maxlen=_MAX_LINES)
        self._lock = Lock()
        self.is_running = False

    @property
    def output(self) -> str:
        """The last lines of the running build, or of the latest one."""
        return "\n".join(self._lines.copy())

    def start(self) -> None:
        """Start a build, unless one is running."""
        with self._lock:
            if self.is_running:
                return
            self.is_running = True
            self._lines.clear()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            with subprocess.Popen(  # noqa: S603
                self._command, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
            ) as process:  # fmt: skip
                for line in process.stdout or ():
                    self._lines.append(line.rstrip())
                    sys.stderr.write(line)
            self._lines.append(_DONE if process.returncode == 0 else _FAILED)
        finally:
            self.is_running = False
