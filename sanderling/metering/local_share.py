"""Counts for this process alone while the place where all processes count together is away."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from sanderling.kernel.clock import Clock
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Admission, Rule, Scope, WhenAway

MAX_KEYS: Final = 100_000
"""How many keys are held at once, at about 300 bytes each."""


def share_of(rule: Rule, processes: int, cost: int = 1) -> Rule:
    """Return what one of so many processes may admit of `rule`; together they admit the limit.

    A burst that is smaller than the number of processes is one request for each, refilled the
    more slowly. A weighted request that `rule` would admit fits into the share as well.
    """
    if processes == 1:
        return rule
    if rule.burst < processes:
        return replace(rule, burst=1, period_us=rule.period_us * processes // rule.burst)
    return replace(rule, burst=max(rule.burst // processes, min(rule.burst, cost)))


class LocalShare:
    """Decide by the share of this process, and do what each rule says when that is impossible.

    It begins with nothing counted, so an outage may admit one burst more, over all processes,
    of rules that open; `remember` keeps strict rules from that. One event loop owns it.
    """

    def __init__(
        self, clock: Clock, processes: Callable[[], int], *, max_keys: int = MAX_KEYS
    ) -> None:
        """Count on `clock`; `processes` tells how many share the limits, at least 1."""
        self._limiter = MemoryLimiter(clock)
        self._processes = processes
        self._max_keys = max_keys

    def acquire_nowait(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Take `cost` from this process's share of every rule, or from none."""
        if not self._has_room(rules):
            return _uncounted(rules)
        processes = max(1, self._processes())
        shares = [share_of(rule, processes, cost) for rule in rules]
        admission = self._limiter.acquire_nowait(shares, cost=cost, patience_us=patience_us)
        return replace(admission, scope=Scope.SHARE)

    def remember(self, rules: Sequence[Rule], *, cost: int = 1) -> None:
        """Count what was admitted elsewhere against the shares of those rules that are strict."""
        strict = [rule for rule in rules if rule.when_away is WhenAway.STRICT]
        if strict and self._has_room(strict):
            processes = max(1, self._processes())
            for rule in strict:
                self._limiter.acquire_nowait([share_of(rule, processes, cost)], cost=cost)

    def _has_room(self, rules: Sequence[Rule]) -> bool:
        if len(self._limiter) + len(rules) <= self._max_keys:
            return True
        self._limiter.sweep()
        new = sum(rule.key not in self._limiter for rule in rules)
        return not new or len(self._limiter) + new <= self._max_keys


def _uncounted(rules: Sequence[Rule]) -> Admission:
    strict = next((rule for rule in rules if rule.when_away is WhenAway.STRICT), None)
    if strict is None:
        return Admission(is_admitted=True, states=(), scope=Scope.OPEN)
    return Admission(
        is_admitted=False,
        states=(),
        refused_by=strict,
        retry_after_s=strict.period_us / strict.burst / 1e6,
        scope=Scope.SHARE,
    )
