"""Counts the memory that workers may take together, so that their limits never add up to more."""


class MemoryBudget:
    """A sum that is never overdrawn."""

    __slots__ = ("_left_bytes", "total_bytes")

    def __init__(self, total_bytes: int) -> None:
        """Start with everything left."""
        self.total_bytes = total_bytes
        self._left_bytes = total_bytes

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
        """Give back what was reserved."""
        self._left_bytes += size_bytes
