"""A cache of what was read from a server, valid as long as its version is the current one."""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class VersionedCache(Generic[Value]):
    """The values used most recently, by number, each with its version. Safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._values: OrderedDict[int, tuple[int, Value]] = OrderedDict()
        self._size, self._lock = size, Lock()

    def get(self, numbers: Iterable[int]) -> dict[int, Value]:
        """Return the cached values of these numbers."""
        with self._lock:
            found = {number: self._values[number][1] for number in numbers if number in self._values}
            for number in found:
                self._values.move_to_end(number)
        return found

    def put(self, number: int, version: int, value: Value) -> None:
        with self._lock:
            self._values[number] = version, value
            self._values.move_to_end(number)
            if len(self._values) > self._size:
                self._values.popitem(last=False)

    def discard_other(self, number: int, version: int) -> None:
        """Discard a value whose version is not this one."""
        with self._lock:
            if number in self._values and self._values[number][0] != version:
                del self._values[number]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
