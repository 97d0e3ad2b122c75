"""A real PostgreSQL server for tests: a cluster in its own folder, on a free port of this machine."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "off",
    "shared_buffers": "32MB",
}


def programs() -> Path | None:
    """Return the folder with the programs of the newest version on this machine."""
    found = shutil.which("initdb")
    known = [Path(found).resolve().parent] if found else []
    return next(iter([*known, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]), None)


class PostgresServer:
    """A server with one user and a password, which can be killed and restarted."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        # PostgreSQL refuses to run as root, and its user needs access to the folder.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="articlebot-postgresql-"))
        self._data = self._folder / "data"
        if self._user:
            shutil.chown(self._folder, self._user)
        self.password = secrets.token_hex(8)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        given = self._folder / "password"
        given.write_text(self.password, encoding="utf-8")
        given.chmod(0o644)
        words = [
            "--username=articlebot",
            "--auth=scram-sha-256",
            f"--pwfile={given}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        subprocess.run(
            [programs / "initdb", "-D", self._data, *words],
            check=True,
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        self.start()

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        settings = [
            word for name, value in {**_SETTINGS, "port": self.port}.items() for word in ("-c", f"{name}={value}")
        ]
        with (self._folder / "log").open("ab") as log:
            # Started as a child of this process and not of pg_ctl, so that a kill leaves no process behind.
            self._server = subprocess.Popen(
                [self.programs / "postgres", "-D", self._data, *settings],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.address()).close()
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._folder / "log").read_text(encoding="utf-8")) from None
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill all processes of the server, as a power cut would."""
        self.signal(signal.SIGKILL)
        self._server.wait()
        while self._children():
            time.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to each of its connection processes."""
        for process in [self._server.pid, *self._children()]:
            os.kill(process, number)

    def _children(self) -> list[int]:
        """Return the child processes that work in the data folder."""
        found = []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with suppress(OSError):
                found += [int(link.parent.name)] if link.readlink() == self._data.resolve() else []
        return [process for process in found if process != self._server.pid]

    def address(self, database: str = "postgres", *, password: bool = True) -> str:
        return f"postgresql://articlebot{f':{self.password}' if password else ''}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Create an empty database and return its address."""
        name = f"log_{secrets.token_hex(6)}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        return self.address(name)

    def dump(self, address: str) -> bytes:
        """Return the contents of a database as pg_dump writes them."""
        return subprocess.run([self.programs / "pg_dump", address], check=True, capture_output=True).stdout

    def stop(self) -> None:
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait()
        shutil.rmtree(self._folder)
