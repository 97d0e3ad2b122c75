"""The command line, run in this process: a new process takes longer to start than most commands to run."""

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from bot.cli import main


@dataclass(frozen=True)
class Completed:
    """The exit status and output of a command; named like the fields of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def articlebot(*words: str, cwd: Path | None = None, stdin: str = "", **environment: str) -> Completed:
    """Run `articlebot WORDS` in a folder, by default the working directory."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with (
        chdir(cwd or Path.cwd()),
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", ["articlebot", *words]),
        patch.object(sys, "stdin", io.StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return Completed(status, out.getvalue(), err.getvalue())
