"""A cache of what was read from a server, valid as long as its version is the current one."""

from collections.abc import Iterable

from bot.lru_cache import LruCache, Value


class VersionedCache(LruCache[int, tuple[int, Value]]):
    """What was read from a server, by number, each with its version: valid as long as that is the current one."""

    def values_of(self, numbers: Iterable[int]) -> dict[int, Value]:
        """Return the cached values of these numbers."""
        found = {number: self.get(number) for number in numbers}
        return {number: entry[1] for number, entry in found.items() if entry is not None}

    def discard_other(self, number: int, version: int) -> None:
        """Discard a value whose version is not this one."""
        with self._lock:
            if number in self._values and self._values[number][0] != version:
                del self._values[number]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
