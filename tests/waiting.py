"""Waiting for what follows from an action of a test."""

import time
from collections.abc import Callable

import pytest

WAITED = 240
"""Seconds to wait on a busy machine for something that takes less than one."""


def wait_for(holds: Callable[[], bool], seconds: float = WAITED) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail("the condition did not become true in time")
        time.sleep(0.02)
