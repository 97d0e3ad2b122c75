"""Build the index if the articles changed, then serve the chat.

The environment variables `ARTICLEBOT_CORPUS`, `ARTICLEBOT_INDEX`, `ARTICLEBOT_HOST` and `ARTICLEBOT_PORT` apply.
"""

import subprocess
import sys

from bot.cli import run


def build() -> int:
    """Build in a process of its own, which takes its memory with it; return its exit status."""
    try:
        return subprocess.run([sys.executable, "-m", "bot", "build"], check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    if status := build():
        sys.exit(status)
    run("serve")
