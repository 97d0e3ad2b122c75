"""`RateLimiter`: how many questions one address may ask."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimiter:
    """A limit of questions in any minute for each address; held in memory. Safe to call from many threads."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def acquire(self, address: str) -> int:
        """Count one question of an address: return 0, or the seconds to wait if it has asked too many."""
        if self._limiter.hit(self._item, address):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(self._item, address).reset_time - time.time()))
