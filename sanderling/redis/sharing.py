"""What a process tells of itself where it counts together with others."""

from collections.abc import Callable
from dataclasses import dataclass


def _alone() -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Sharing:
    """How one process shares with others.

    `token` makes texts that never come twice, in any process. `processes` tells how many share,
    at least 1. Leases run on the time of Redis, unless `now_us` tells another in microseconds.
    """

    token: Callable[[], str]
    processes: Callable[[], int] = _alone
    now_us: Callable[[], int] | None = None

    def now(self) -> int | str:
        """Return the time for a script, empty for that of its server."""
        return "" if self.now_us is None else self.now_us()

    def part(self, cap: int) -> int:
        """Return this process's part of a cap, at least 1; of no cap it is none."""
        return max(1, cap // max(1, self.processes())) if cap else 0
