"""A mapping that forgets what was used least recently."""

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class BoundedCache(Generic[Key, Value]):
    """Hold at most so many items and so many bytes, as counted by whoever puts them in."""

    def __init__(self, *, items: int, size_bytes: int) -> None:
        """Start empty."""
        self._most_items = items
        self._most_bytes = size_bytes
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of `key` and count it as used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Key, value: Value, *, size_bytes: int) -> None:
        """Keep `value`, and forget others until it fits; one that never fits is not kept."""
        self.pop(key)
        if size_bytes > self._most_bytes:
            return
        self._entries[key] = (value, size_bytes)
        self.size_bytes += size_bytes
        while len(self._entries) > self._most_items or self.size_bytes > self._most_bytes:
            _, (_, freed) = self._entries.popitem(last=False)
            self.size_bytes -= freed

    def pop(self, key: Key) -> Value | None:
        """Forget `key` and return what it was."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        self.size_bytes -= entry[1]
        return entry[0]
