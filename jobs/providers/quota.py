"""The port that keeps us within what a provider allows, and its adapters."""

from collections.abc import Callable, Sequence
from typing import Protocol

from jobs.sync.faults import RateLimited
from sanderling.kernel.clock import Clock
from sanderling.metering.ports import Limiter, Rule

_MICROSECONDS = 1_000_000


class Quota(Protocol):
    """Count the units of what is about to be asked of a provider.

    Where the place that counts is away, what its rules say for that case is done.
    """

    async def take(self, account_id: str, units: int) -> None:
        """Return once `units` may be spent for this account, perhaps after a short wait.

        Raises:
            RateLimited: it would take too long, and how long; nothing was counted.

        """
        ...


class MemoryQuota:
    """Allow everything, and count it by account."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.units: dict[str, int] = {}

    async def take(self, account_id: str, units: int) -> None:
        """Count `units`."""
        self.units[account_id] = self.units.get(account_id, 0) + units


class LimitedQuota:
    """Count by rules that all processes share, and wait where the wait is short."""

    def __init__(
        self,
        limiter: Limiter,
        clock: Clock,
        rules: Callable[[str], Sequence[Rule]],
        *,
        patience_s: float = 5.0,
    ) -> None:
        """Count against `rules(account_id)`, and wait at most `patience_s` for them.

        No rule's burst is below the largest number of units that is taken at once.
        """
        self._limiter = limiter
        self._clock = clock
        self._rules = rules
        self._patience_us = round(patience_s * _MICROSECONDS)

    async def take(self, account_id: str, units: int) -> None:
        """Return once `units` may be spent."""
        if not units:
            return
        admission = await self._limiter.acquire(
            self._rules(account_id), cost=units, patience_us=self._patience_us
        )
        if not admission.is_admitted:
            raise RateLimited(retry_after_s=admission.retry_after_s)
        if admission.wait_s > 0:
            await self._clock.wait_s(admission.wait_s)
