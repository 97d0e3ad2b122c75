"""Caches that forget what was not used for longest."""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """The values used most recently. Safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._size, self._lock = size, Lock()

    def get(self, key: Key) -> Value | None:
        """Return a value; None if it is not cached, or no longer."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._size:
                self._values.popitem(last=False)


class VersionedCache(LruCache[int, tuple[int, Value]]):
    """What was read from a server, by number, each with its version, which a newer one makes outdated."""

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
