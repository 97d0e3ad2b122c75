"""A cache that forgets what was not used for longest."""

from collections import OrderedDict
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
