"""A true Milvus server on this machine, from the package `milvus`, that tests may kill and start again on the same data."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

_START = """
from milvus import MilvusServer, MilvusServerConfig
import sys
server = MilvusServer(MilvusServerConfig(data_dir=sys.argv[1], proxy_port=int(sys.argv[2])), wait_for_started=True)
server.start()
print(server.listen_port, server.server_proc.pid, flush=True)
sys.stdin.read()
server.stop()
"""


class MilvusServer:
    """A server over a folder, started at once."""

    def __init__(self, folder: Path) -> None:
        if importlib.util.find_spec("milvus") is None:
            pytest.skip("the package milvus has no build for this platform")
        self._folder, self.port = folder, _free_port()
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(self._folder), str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        port, pid = self._process.stdout.readline().split()
        assert int(port) == self.port
        self._server = int(pid)

    def kill(self) -> None:
        """End the server as a fault of the machine would."""
        os.kill(self._server, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def index(self, name: str, cache: Path) -> str:
        """The address of an index on it."""
        return f"milvus://127.0.0.1:{self.port}/{name}?cache={cache}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
