"""Counts the memory that workers may take together, so that their limits never add up to more."""

from collections.abc import Callable


class MemoryBudget:
    """A sum that is never overdrawn, and that several may draw from."""

    __slots__ = ("_is_telling", "_left_bytes", "_watchers", "total_bytes", "waiting")

    def __init__(self, total_bytes: int) -> None:
        """Start with everything left; `waiting` are those who wait for a worker, or for this."""
        self.total_bytes = total_bytes
        self.waiting = 0
        self._left_bytes = total_bytes
        self._is_telling = False
        self._watchers: list[Callable[[], object]] = []

    def watch(self, watcher: Callable[[], object]) -> None:
        """Call `watcher` whenever something was given back."""
        self._watchers.append(watcher)

    @property
    def reserved_bytes(self) -> int:
        """What is given out now."""
        return self.total_bytes - self._left_bytes

    def reserve(self, size_bytes: int) -> bool:
        """Take `size_bytes` if they are there; False when they are not."""
        if size_bytes > self._left_bytes:
            return False
        self._left_bytes -= size_bytes
        return True

    def free(self, size_bytes: int) -> None:
        """Give back what was reserved, and tell those who may wait for it.

        A watcher that frees more to make room looks again by itself. Were it told of that from
        within, as many calls would be nested as there are workers to end.
        """
        self._left_bytes += size_bytes
        if self._is_telling:
            return
        self._is_telling = True
        try:
            for watcher in self._watchers:
                watcher()
        finally:
            self._is_telling = False
