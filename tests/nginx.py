"""A real nginx with the site file of the documentation, in front of a server."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "docs" / "deploy" / "nginx.conf"
UPSTREAM, LISTEN = "127.0.0.1:7860", "listen 80;"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    access_log off;
    {temporary}
    include {folder}/site.conf;
}}
"""


def nginx() -> str | None:
    """Return the path of nginx, which is often on the path of root only."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def proxied(address: str, folder: Path) -> Iterator[str]:
    """Serve what is at `address` by the site file while the caller iterates; yield nginx's address."""
    folder.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = SITE.read_text(encoding="utf-8")
    for documented, own in {UPSTREAM: address.removeprefix("http://"), LISTEN: f"listen 127.0.0.1:{port};"}.items():
        assert site.count(documented) == 1
        site = site.replace(documented, own)
    (folder / "site.conf").write_text(site)
    temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in _TEMPORARY)
    # The workers of root are another user, who may not read the folders of the tests.
    user = "user root;" if folder.owner() == "root" else ""
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, temporary=temporary, user=user))
    command = [str(nginx()), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port, process, folder / "error.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end, "nginx does not listen"
            time.sleep(0.02)
