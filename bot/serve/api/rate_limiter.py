"""`RateLimiter`: how much one address may ask."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimiter:
    """So many questions within any minute for each address; kept in memory. Safe to call from many threads."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait(self, address: str) -> int:
        """Take one question for an address: 0, or the whole seconds until it may ask again."""
        if self._limiter.hit(self._item, address):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(self._item, address).reset_time - time.time()))
