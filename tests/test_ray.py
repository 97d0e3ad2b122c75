"""Builds on a Ray cluster, and what is said when there is none."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.build.ray import ray_workers
from bot.errors import ClusterError, MissingExtra

pytestmark = pytest.mark.server

pytest.importorskip("ray", reason="there is no Ray for this platform: pip install 'articlebot[ray]'")


def test_builds_on_a_cluster():
    """The tests of `ray_cluster.py`.

    Ray 2.60 replies to other processes in a thread that its shutdown does not wait for: about one process in a hundred
    ends with a segmentation fault after the work. That may happen once here; a failed test may not.
    """
    tests = Path(__file__).with_name("ray_cluster.py")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", str(tests)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == -signal.SIGSEGV:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (
            "ray://127.0.0.1:1",
            (
                r"The Ray cluster at ray://127.0.0.1:1 does not answer \(.*refused\): "
                r"is it running\? Start it there with ray start --head\."
            ),
        ),
        (
            "ray://nowhere.invalid:6379",
            r"The Ray cluster at ray://nowhere.invalid:6379 does not answer \(.*\): is it running",
        ),
        ("127.0.0.1:99999", r"The Ray cluster at 127.0.0.1:99999 does not answer"),
        (
            "spark",
            r"'spark' names no cluster: write ray for the processors of this machine, or ray://HOST:PORT, such as ray://10.0.0.5:6379\.",
        ),
    ],
)
def test_an_unreachable_cluster_is_reported_in_one_sentence(named: str, sentence: str):
    with pytest.raises(ClusterError, match=sentence), ray_workers(named):
        pass


def test_a_server_that_is_not_a_cluster_is_reported_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.build.ray._CONNECT_TIMEOUT", 1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        named = f"127.0.0.1:{other.getsockname()[1]}"
        with (
            pytest.raises(ClusterError, match=f"What answers at {named} is no head of a Ray cluster: give the port"),
            ray_workers(named),
        ):
            pass


def test_a_missing_ray_package_is_reported_with_its_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with (
        pytest.raises(MissingExtra, match=r"The package ray is not installed: run pip install 'articlebot\[ray\]'"),
        ray_workers("ray"),
    ):
        pass
