"""The port that keeps us within what a provider allows, and its adapters."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from jobs.sync.faults import QuotaSpent
from sanderling.kernel.clock import Clock
from sanderling.metering.ports import Limiter, Rule

QuotaRules: TypeAlias = Callable[[str], Sequence[Rule]]
"""Returns the rules that a request for an account is counted by."""

_MICROSECONDS = 1_000_000
PATIENCE_S = 5.0
_AHEAD_US = round(PATIENCE_S * _MICROSECONDS)


def within(name: str, key: str, *, limit: int, window_s: float, burst: int) -> Rule:
    """Return the rule that admits at most `limit` units in any window, `burst` of them at once.

    What is not left for bursts is refilled over the window, so that no window sees more than it
    may, wherever it begins.
    """
    period_us = math.ceil(window_s * _MICROSECONDS * burst / (limit - burst))
    return Rule(name, key, burst, period_us, tag="providers", ahead_us=_AHEAD_US)


class Quota(Protocol):
    """Count the units of what is about to be asked of a provider.

    Where the place that counts is away, what its rules say for that case is done.
    """

    async def take(self, account_id: str, units: int) -> None:
        """Return once `units` may be spent for this account, perhaps after a short wait.

        Raises:
            QuotaSpent: it would take too long, and how long; nothing was counted.

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


class Spending:
    """Count units by account until somebody asks; it belongs to one event loop."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._units = Counter[str]()

    def add(self, account_id: str, units: int) -> None:
        """Count `units`."""
        self._units[account_id] += units

    def taken(self, account_id: str) -> int:
        """Return what was spent for an account since this was last asked."""
        return self._units.pop(account_id, 0)


class CountedQuota:
    """Count what another quota lets through."""

    def __init__(self, quota: Quota, spending: Spending) -> None:
        """Ask `quota`, and tell `spending`."""
        self._quota = quota
        self._spending = spending

    async def take(self, account_id: str, units: int) -> None:
        """Return once `units` may be spent."""
        await self._quota.take(account_id, units)
        self._spending.add(account_id, units)


class LimitedQuota:
    """Count by rules that all processes share, and wait where the wait is short."""

    def __init__(
        self,
        limiter: Limiter,
        clock: Clock,
        rules: QuotaRules,
        *,
        patience_s: float = PATIENCE_S,
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
            raise QuotaSpent(retry_after_s=admission.retry_after_s)
        if admission.wait_s > 0:
            await self._clock.wait_s(admission.wait_s)
