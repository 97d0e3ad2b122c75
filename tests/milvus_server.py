"""Real Milvus servers on this machine.

One comes from the package `milvus` and can be killed and restarted on the same data; Milvus Lite has the newer API.
"""

import os
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_WAIT = 180
_INTERVALS = {
    "PROXY_TIMETICKINTERVAL": "50",
    "QUERYCOORD_CHECKINTERVAL": "100",
    "QUERYCOORD_CHECKSEGMENTINTERVAL": "100",
    "QUERYCOORD_CHECKCHANNELINTERVAL": "100",
    "QUERYCOORD_DISTPULLINTERVAL": "50",
    "INDEXCOORD_SCHEDULER_INTERVAL": "50",
    "DATACOORD_SEGMENT_ASSIGNMENTEXPIRATION": "200",
    "COMMON_SESSION_TTL": "10",
}
"""How often the server looks for work, in milliseconds, and how many seconds it takes a killed one to be dead.

With its own values, tests wait for it most of the time.
"""


class MilvusServer:
    """A server on the data of a folder."""

    def __init__(self, folder: Path) -> None:
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            pytest.skip("the package milvus has no build for this platform")
        import milvus

        config = milvus.MilvusServerConfig(data_dir=str(folder))
        config.resolve()
        milvus._initialize_data_files(config.base_data_dir)
        self.port = config.get("proxy_port")
        self._health, listener = config.resolve_port(9091)
        listener.close()
        self._folder = folder
        self.start()

    def start(self) -> None:
        environment = {
            **os.environ,
            **_INTERVALS,
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self._health),
            "MILVUS_RUN_DIR": str(self._folder / "run"),
            "LD_LIBRARY_PATH": str(self._folder / "bin"),
        }
        with (self._folder / "logs" / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._folder / "bin" / "milvus", "run", "standalone"],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def kill(self) -> None:
        """Kill the server without a chance to clean up."""
        self._process.kill()
        self._process.wait()

    def megabytes(self) -> float:
        """Return the resident memory of the server."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def disk_megabytes(self) -> float:
        return sum(path.stat().st_size for path in (self._folder / "data").rglob("*") if path.is_file()) / 1e6

    def index(self, name: str, cache: Path) -> str:
        """Return the address of an index on the server."""
        return f"milvus://127.0.0.1:{self.port}/{name}?cache={cache}"

    def _wait(self) -> None:
        until = time.monotonic() + _WAIT
        while time.monotonic() < until and self._process.poll() is None:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self._health}/healthz", timeout=5) as answer,
            ):
                if b"OK" in answer.read():
                    return
            time.sleep(0.1)
        raise AssertionError(f"Milvus did not start: see {self._folder / 'logs'}")


@contextmanager
def lite_server(folder: Path) -> Iterator[int]:
    """Yield the port of a Milvus Lite server."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "milvus_lite",
        "server",
        "--data-dir",
        str(folder),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            until = time.monotonic() + _WAIT
            while socket.socket().connect_ex(("127.0.0.1", port)):
                if time.monotonic() > until:
                    pytest.fail("Milvus Lite did not start")
                time.sleep(0.1)
            yield port
        finally:
            process.kill()
