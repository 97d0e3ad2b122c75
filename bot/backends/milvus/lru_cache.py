"""What was read from a server and is kept, as long as it is known to be current."""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class VersionedCache(Generic[Value]):
    """The values read last, by number, each with the version that it is of. Safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._values: OrderedDict[int, tuple[int, Value]] = OrderedDict()
        self._most, self._lock = most, Lock()

    def among(self, numbers: Iterable[int]) -> dict[int, Value]:
        """Those of the values that are kept."""
        with self._lock:
            found = {number: self._values[number][1] for number in numbers if number in self._values}
            for number in found:
                self._values.move_to_end(number)
        return found

    def put(self, number: int, version: int, value: Value) -> None:
        with self._lock:
            self._values[number] = version, value
            self._values.move_to_end(number)
            if len(self._values) > self._most:
                self._values.popitem(last=False)

    def expect(self, number: int, version: int) -> None:
        """Forget a value that is of another version than this one."""
        with self._lock:
            if number in self._values and self._values[number][0] != version:
                del self._values[number]

    def forget(self) -> None:
        """Forget all."""
        with self._lock:
            self._values.clear()
