"""`RateLimiter`: how many questions one address may ask."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimiter:
    """Limits of questions in any minute, such as for each address; held in memory. Safe to call from many threads."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def acquire(self, per_minute: int, *names: str) -> int:
        """Count one question under these names: return 0, or the seconds to wait if there were too many."""
        item = RateLimitItemPerMinute(per_minute)
        if self._limiter.hit(item, *names):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(item, *names).reset_time - time.time()))
