"""A mapping that forgets what has not been used for long."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class _Entry(Generic[Value]):
    value: Value
    size_bytes: int
    is_used: bool = False


class BoundedCache(Generic[Key, Value]):
    """Hold at most so many items and so many bytes, as counted by whoever puts them in."""

    def __init__(self, *, items: int, size_bytes: int) -> None:
        """Start empty."""
        self._most_items = items
        self._most_bytes = size_bytes
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of `key` and count it as used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.is_used = True
        return entry.value

    def put(self, key: Key, value: Value, *, size_bytes: int) -> None:
        """Keep `value`, and forget others until it fits; one that never fits is not kept."""
        self.pop(key)
        if size_bytes > self._most_bytes:
            return
        self._entries[key] = _Entry(value, size_bytes)
        self.size_bytes += size_bytes
        while len(self._entries) > self._most_items or self.size_bytes > self._most_bytes:
            self._forget_one()

    def _forget_one(self) -> None:
        oldest, entry = self._entries.popitem(last=False)
        if entry.is_used:
            # It was read since it was looked at last, and gets a second chance.
            entry.is_used = False
            self._entries[oldest] = entry
        else:
            self.size_bytes -= entry.size_bytes

    def pop(self, key: Key) -> Value | None:
        """Forget `key` and return what it was."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self.size_bytes -= entry.size_bytes
        return entry.value
