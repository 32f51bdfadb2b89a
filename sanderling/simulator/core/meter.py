"""What requests cost, and how much of that one person may use."""

from collections import Counter, deque
from datetime import datetime, timedelta

_WINDOW = timedelta(minutes=1)


class Meter:
    """Count requests and quota units by method, and hold people to units per minute.

    Without `units_per_min` nobody is ever refused. One event loop owns it.
    """

    def __init__(self, *, units_per_min: int | None = None) -> None:
        """Start at nothing."""
        self.units_per_min = units_per_min
        self.requests: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self.refused = 0
        self._taken: dict[str, deque[tuple[datetime, int]]] = {}
        self._in_window: Counter[str] = Counter()

    def take(self, email: str, method: str, units: int, *, now: datetime) -> bool:
        """Count one request of a method; False where the person has no units left for it."""
        if self.units_per_min is not None and not self._fits(email, units, now):
            self.refused += 1
            return False
        self.requests[method] += 1
        self.units[method] += units
        return True

    def reset(self) -> None:
        """Count from nothing again; what people used up stays used up."""
        self.requests.clear()
        self.units.clear()
        self.refused = 0

    def _fits(self, email: str, units: int, now: datetime) -> bool:
        taken = self._taken.setdefault(email, deque())
        while taken and taken[0][0] <= now - _WINDOW:
            self._in_window[email] -= taken.popleft()[1]
        if self._in_window[email] + units > (self.units_per_min or 0):
            return False
        taken.append((now, units))
        self._in_window[email] += units
        return True
