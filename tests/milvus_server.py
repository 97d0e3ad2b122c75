"""True Milvus servers on this machine: from the package `milvus`, to be killed and started again on the same data, and Milvus Lite's, with the newer interface."""

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


class MilvusServer:
    """A server over a folder, started at once."""

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
            **os.environ, "DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(self._health), "MILVUS_RUN_DIR": str(self._folder / "run"),
            "LD_LIBRARY_PATH": str(self._folder / "bin"),
        }  # fmt: skip
        with (self._folder / "logs" / "said.log").open("ab") as said:
            self._process = subprocess.Popen(
                [self._folder / "bin" / "milvus", "run", "standalone"],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self._wait()

    def kill(self) -> None:
        """End the server as a fault of the machine would."""
        self._process.kill()
        self._process.wait()

    def megabytes(self) -> float:
        """What the server holds in memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def disk_megabytes(self) -> float:
        return sum(path.stat().st_size for path in (self._folder / "data").rglob("*") if path.is_file()) / 1e6

    def index(self, name: str, cache: Path) -> str:
        """The address of an index on it."""
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
    """The port of a server of Milvus Lite."""
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
                assert time.monotonic() < until, "Milvus Lite did not start"
                time.sleep(0.1)
            yield port
        finally:
            process.kill()
