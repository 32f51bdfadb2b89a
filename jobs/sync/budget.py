"""How much one slice may do, and what it came to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobs.sync.faults import ProviderFault


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one slice does: requests, seconds, and messages of one fetch."""

    requests: int = 40
    seconds: float = 20.0
    fetch_size: int = 100


DEFAULT_BUDGET: Final = Budget()


class Meter:
    """Counts what a slice has done against its budget."""

    def __init__(self, budget: Budget, monotonic_ns: Callable[[], int]) -> None:
        """Start now."""
        self._budget = budget
        self._monotonic_ns = monotonic_ns
        self._ends_at_ns = monotonic_ns() + round(budget.seconds * 1e9)
        self.requests = 0
        self.items = 0
        self.commits = 0
        self.left_out = 0

    @property
    def is_left(self) -> bool:
        """Claim that another request may be made."""
        return self.requests < self._budget.requests and self._monotonic_ns() < self._ends_at_ns

    def spend(self) -> None:
        """Count a request."""
        self.requests += 1

    def keep(self, items: int) -> None:
        """Count a transaction with so many items."""
        self.commits += 1
        self.items += items

    def leave_out(self, items: int) -> None:
        """Count items that cannot be kept for their ids."""
        self.left_out += items


@dataclass(frozen=True, slots=True)
class SliceEnd:
    """What a slice came to: whether its work is done, and what stopped it otherwise.

    `resume_at` is when what is left becomes due; None for at once. `left_out` counts what cannot
    be kept for its id.
    """

    is_done: bool
    requests: int
    items: int
    commits: int
    fault: ProviderFault | None = None
    resume_at: datetime | None = None
    left_out: int = 0
