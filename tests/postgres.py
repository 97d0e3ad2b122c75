"""A real PostgreSQL server for tests: a cluster in a folder of its own, on a free port of this machine."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

_OPTIONS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 -c fsync=off -c shared_buffers=32MB"


def programs() -> Path | None:
    """The folder of the server's programs, of the newest version on this machine."""
    found = shutil.which("initdb")
    known = [Path(found).resolve().parent] if found else []
    return next(iter([*known, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]), None)


class PostgresServer:
    """A server that lets one user in by password, and can be killed and started again."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # A server does not run as root, and whom it runs as must reach its folder.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="articlebot-postgresql-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self.password = secrets.token_hex(8)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        given = self._folder / "password"
        given.write_text(self.password, encoding="utf-8")
        given.chmod(0o644)
        self._run("initdb", "--username=desk", "--auth=scram-sha-256", f"--pwfile={given}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()

    def _run(self, program: str, *words: str) -> None:
        command = [self._programs / program, "-D", self._folder / "data", *words]
        # What it leaves running must not hold this process's pipes.
        subprocess.run(command, check=True, user=self._user, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        self._run("pg_ctl", "start", "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", f"{_OPTIONS} -p {self.port}")

    def kill(self) -> None:
        """As a machine that loses its power: nothing is told or tidied up."""
        self.signal(signal.SIGKILL)
        deadline = time.monotonic() + 20
        while self._children() and time.monotonic() < deadline:
            time.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to each process of it that serves a connection."""
        for process in [self._postmaster(), *self._children()]:
            os.kill(process, number)

    def _postmaster(self) -> int:
        return int((self._folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def _children(self) -> list[int]:
        """Those that live in its folder of data."""
        data, found = str((self._folder / "data").resolve()), []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if str(link.readlink()) == data:
                    found.append(int(link.parent.name))
            except OSError:
                continue
        return [process for process in found if process != self._postmaster()]

    def address(self, database: str = "postgres", *, password: bool = True) -> str:
        return f"postgresql://desk{f':{self.password}' if password else ''}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of a database that nothing is in."""
        name = f"log_{secrets.token_hex(6)}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        return self.address(name)

    def dump(self, address: str) -> bytes:
        """All that a database holds, as pg_dump tells it."""
        return subprocess.run([self._programs / "pg_dump", address], check=True, capture_output=True).stdout

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(self._folder)
