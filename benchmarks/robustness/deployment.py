"""Does the image install and serve the chat, and how large, quick and heavy is it?

usage: python -m benchmarks.robustness.deployment [CORPUS]

Runs the installing steps of docs/deploy/Dockerfile in a temporary folder, with this Python in place of the image's:
the files that the Dockerfile copies, an empty environment, packages from the registry or pip's cache. Then starts the
command of the image over a copy of the corpus, without rights if root runs this with a Python that others may run,
waits until its health check succeeds, and asks one question. Prints seconds, megabytes on disk, and the memory of the
server.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared.timing import Row, machine, seconds, table

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docs" / "deploy" / "Dockerfile"
WITHOUT_RIGHTS = 10001
"""The user of the image."""
WAIT = 900  # seconds until the chat has to be healthy
QUESTION = "how long does probation last"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=ROOT / "corpus")
    with TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        print(f"{machine()}\n\n{table([*install(place), *serve(place, parser.parse_args().corpus)])}")


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", "")
    return [(kind, value.strip()) for kind, _, value in (line.partition(" ") for line in text.splitlines()) if value]


def install(place: Path) -> list[Row]:
    """Run COPY and RUN of the first stage; `/source` and `/opt/articlebot` become folders of `place`."""
    rows: list[Row] = []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    first_stage = instructions()[2 : [kind for kind, _ in instructions()].index("FROM", 2)]
    for kind, value in first_stage:
        inside = value.replace("/source", f"{place}/source").replace("/opt/articlebot", f"{place}/articlebot")
        if kind == "COPY":
            copy(*inside.split())
            continue
        inside = re.sub(r"^(python|pip)\b", lambda word: f"{sys.executable} -m {word[1]}", inside)
        inside = inside.replace("-m python ", "")
        options = {"shell": True, "check": True, "stdout": sys.stderr, "env": environment}
        took = seconds(partial(subprocess.run, inside, **options))
        rows.append({"step": re.sub(r"(--no-\S+|-x \S+) ", "", value), "figure": f"{took:.1f} s"})
    size = sum(path.lstat().st_size for path in (place / "articlebot").rglob("*") if path.is_file())
    return [*rows, {"step": "packages and model on disk, without the base image", "figure": f"{size / 1e6:.0f} MB"}]


def copy(*words: str) -> None:
    *sources, target = words
    Path(target).mkdir(parents=True, exist_ok=True)
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, target)


def serve(place: Path, corpus: Path) -> list[Row]:
    """Run CMD until HEALTHCHECK succeeds, and ask."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    work, rows = place / "work", list[Row]()
    shutil.copytree(corpus, work / "corpus")
    user = without_rights()
    if user:
        os.chown(work, WITHOUT_RIGHTS, WITHOUT_RIGHTS)
    path = f"{place}/articlebot/bin:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(work), "ARTICLEBOT_HOST": "127.0.0.1", "ARTICLEBOT_PORT": str(port)}
    command = json.loads(dict(instructions())["CMD"])
    start = time.monotonic()
    with subprocess.Popen(command, cwd=work, env=environment, **user) as process:  # type: ignore[call-overload]
        try:
            wait_until_healthy(port, environment, process)
            rows.append({"step": "started, first index built, healthy", "figure": f"{time.monotonic() - start:.1f} s"})
            rows.append({"step": f"answer to {QUESTION!r}", "figure": ask(port)})
            rows.append({"step": "memory of the server", "figure": f"{resident(process.pid):.0f} MB"})
        finally:
            process.terminate()
    return [*rows, {"step": "exit status on SIGTERM", "figure": str(process.returncode)}]


def without_rights() -> dict[str, object]:
    """Return the options of a process that runs as the user of the image, if that is possible."""
    may_run = all(folder.stat().st_mode & 1 for folder in Path(sys.executable).resolve().parents)
    can_switch = os.geteuid() == 0 and may_run
    return {"user": WITHOUT_RIGHTS, "group": WITHOUT_RIGHTS, "extra_groups": []} if can_switch else {}


def wait_until_healthy(port: int, environment: dict[str, str], process: "subprocess.Popen[bytes]") -> None:
    check = json.loads(dict(instructions())["HEALTHCHECK"].partition(" CMD ")[2])
    words = [word.replace("7860", str(port)) for word in check]
    end = time.monotonic() + WAIT
    while subprocess.run(words, env=environment, check=False, capture_output=True).returncode:
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit("The chat did not become healthy.")
        time.sleep(0.5)


def ask(port: int) -> str:
    body = json.dumps({"question": QUESTION}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/ask", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
        answer = json.load(response)
    return f"{answer['status']}, {answer['probability']:.2f}"


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
