"""Counts requests against several rate limits at once: GCRA in whole numbers.

A rule of `burst` requests per `period_us` refills one request every `period_us / burst`
microseconds. All that is kept per rule is a mark: the moment at which the bucket is whole again.
A request moves the mark on by one refill and is admitted while the mark stays within one period
of now. Who is willing to wait may move it further: by how much it passes one period is how
long that one waits.

That quotient is rarely a whole number, so a mark is a pair: whole microseconds, and a part counted
in `1 / burst` microseconds. Nothing is rounded and nothing drifts: exactly `burst` requests fit
into an empty period, and after a period of rest exactly `burst` fit again. With a burst of at most
2**26 and a period of at most 2**50 microseconds every number on the way to a decision stays below
2**53, which lets a script in a store whose numbers are doubles decide the same.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sanderling.kernel.clock import Clock
from sanderling.metering.ports import Admission, LimiterStatistics, Rule, RuleState, Scope

Mark: TypeAlias = tuple[int, int]
"""When a bucket is whole again: microseconds, and a part of one in units of 1 / burst."""

MAX_BURST = 2**26
MAX_PERIOD_US = 2**50

_SWEPT_PER_NEW_KEY = 2
_REST_US = 50_000


@dataclass(frozen=True, slots=True)
class Decision:
    """What a request does to the marks of its rules; `wait_us` is 0 when it is admitted.

    A wait is infinite when the request is larger than a burst. `early_us` is how long an admitted
    one waits because it was booked ahead.
    """

    marks: tuple[Mark, ...]
    wait_us: float = 0
    slowest: int = 0
    early_us: int = 0


def begin(rule: Rule, mark: Mark, now_us: int) -> Mark:
    """Return `mark` as it counts now: never in the past, never further ahead than can be booked.

    The upper end matters after a rule was changed: a mark of the old rule must not shut out
    callers for longer than the new one would.
    """
    us, part = mark
    if us < now_us:
        return now_us, 0
    furthest_us = now_us + rule.period_us + rule.ahead_us
    if us >= furthest_us:
        return furthest_us, 0
    return mark if part < rule.burst else (us + 1, 0)


def charge(rule: Rule, mark: Mark, cost: int) -> Mark:
    """Return `mark` moved on by the time in which `cost` requests refill."""
    whole, rest = divmod(rule.period_us, rule.burst)
    if not rest:
        return mark[0] + cost * whole, mark[1]
    carried, part = divmod(mark[1] + cost * rest, rule.burst)
    return mark[0] + cost * whole + carried, part


def early_us(rule: Rule, mark: Mark, now_us: int) -> int:
    """Return how much too early at `now_us` whoever made `mark` came; 0 or less if in time."""
    return mark[0] - rule.period_us - now_us + (mark[1] > 0)


def decide(
    rules: Sequence[Rule], marks: Sequence[Mark], now_us: int, cost: int, patience_us: int = 0
) -> Decision:
    """Return the marks after `cost` requests, or the untouched marks and the longest wait."""
    begun: list[Mark] = []
    charged: list[Mark] = []
    wait_us: float = 0
    slowest = booked_us = 0
    for index, rule in enumerate(rules):
        before = begin(rule, marks[index], now_us)
        after = charge(rule, before, cost)
        begun.append(before)
        charged.append(after)
        rule_early_us = early_us(rule, after, now_us)
        rule_wait_us: float = rule_early_us
        if patience_us:
            rule_wait_us -= min(patience_us, rule.ahead_us)
        if cost > rule.burst:
            rule_wait_us = math.inf
        if rule_wait_us > wait_us:
            wait_us, slowest = rule_wait_us, index
        if rule_early_us > booked_us:  # noqa: PLR1730 - `max` takes four times as long.
            booked_us = rule_early_us
    if wait_us:
        return Decision(tuple(begun), wait_us, slowest)
    return Decision(tuple(charged), early_us=booked_us)


def state(rule: Rule, mark: Mark, now_us: int) -> RuleState:
    """Return how `rule` stands with a mark that `decide` returned for `now_us`."""
    ahead_us = mark[0] - now_us
    free = (rule.period_us - ahead_us) * rule.burst - mark[1]
    return RuleState(rule, max(0, free // rule.period_us), (ahead_us + (mark[1] > 0)) / 1e6)


def admission_of(rules: Sequence[Rule], decision: Decision, now_us: int, scope: Scope) -> Admission:
    """Return what a decision that was made at `now_us` means to the caller."""
    states = tuple(
        [state(rule, mark, now_us) for rule, mark in zip(rules, decision.marks, strict=True)]
    )
    if not decision.wait_us:
        return Admission(
            is_admitted=True, states=states, wait_s=decision.early_us / 1e6, scope=scope
        )
    return Admission(
        is_admitted=False,
        states=states,
        refused_by=rules[decision.slowest],
        retry_after_s=decision.wait_us / 1e6,
        scope=scope,
    )


class MemoryLimiter:
    """Limit the callers of this process.

    One event loop owns it; `acquire` never waits, so no lock is needed. Keys whose bucket is whole
    again are forgotten: each new key checks two old ones, so memory follows the number of keys
    that were counted within their periods, and no request pays for a sweep of all.
    """

    def __init__(self, clock: Clock) -> None:
        """Count from nothing, on the monotonic reading of `clock`."""
        self._clock = clock
        self._marks: dict[str, Mark] = {}
        self._hand: deque[str] = deque()
        self._decisions = 0

    def __len__(self) -> int:
        """Return the number of keys that are held."""
        return len(self._marks)

    def __contains__(self, key: object) -> bool:
        """Claim that `key` is held."""
        return key in self._marks

    async def acquire(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Take `cost` from every rule, or from none; the keys of the rules differ."""
        return self.acquire_nowait(rules, cost=cost, patience_us=patience_us)

    def acquire_nowait(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Do the same; there is nothing to wait for."""
        self._decisions += 1
        now_us = self._clock.monotonic_ns() // 1000
        held = self._marks
        whole = (now_us, 0)
        marks = [held.get(rule.key, whole) for rule in rules]
        decision = decide(rules, marks, now_us, cost, patience_us)
        if decision.wait_us:
            self._shorten(rules, decision.marks)
        else:
            for rule, mark in zip(rules, decision.marks, strict=True):
                if rule.key not in held:
                    self.sweep()
                    self._hand.append(rule.key)
                held[rule.key] = mark
        return admission_of(rules, decision, now_us, Scope.PROCESS)

    def statistics(self) -> LimiterStatistics:
        """Return how many decisions were made."""
        return LimiterStatistics({Scope.PROCESS: self._decisions})

    def sweep(self) -> None:
        """Forget those of the next two keys whose bucket has been whole for 50 ms.

        A key of a generous rule is whole again between any two of its requests; forgetting it
        each time would cost more than counting.
        """
        now_us = self._clock.monotonic_ns() // 1000
        for _ in range(min(_SWEPT_PER_NEW_KEY, len(self._hand))):
            key = self._hand.popleft()
            if self._marks[key][0] + _REST_US < now_us:
                del self._marks[key]
            else:
                self._hand.append(key)

    def _shorten(self, rules: Sequence[Rule], begun: Sequence[Mark]) -> None:
        # A mark further ahead than its rule allows was made by an earlier, slower rule. Left
        # alone it would begin anew, one whole period ahead, at each refused request.
        for rule, mark in zip(rules, begun, strict=True):
            held = self._marks.get(rule.key)
            if held is not None and held > mark:
                self._marks[rule.key] = mark
