"""What one process admits while it cannot count together with the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.kernel.clock import VirtualClock
from sanderling.metering.gcra import MAX_BURST, MAX_PERIOD_US
from sanderling.metering.local_share import LocalShare, share_of
from sanderling.metering.ports import Rule, Scope, WhenAway

MINUTE_US = 60_000_000


def a_rule(
    burst: int = 10, *, key: str = "key", when_away: WhenAway = WhenAway.SHARE_THEN_OPEN
) -> Rule:
    """Return a rule of this size for each minute."""
    return Rule("rule", key, burst, MINUTE_US, when_away=when_away)


@given(
    burst=st.integers(1, MAX_BURST),
    period_us=st.integers(1, MAX_PERIOD_US),
    processes=st.integers(1, 500),
)
def test_all_shares_together_refill_at_most_the_limit(
    burst: int, period_us: int, processes: int
) -> None:
    """What all processes admit in the long run is at most what the rule admits."""
    rule = Rule("rule", "key", burst, period_us)

    share = share_of(rule, processes)

    # A share of less than one is a slower period, whose length is rounded down to a microsecond.
    assert share.burst >= 1
    assert share.burst * processes * rule.period_us <= rule.burst * (share.period_us + 1)


def test_a_share_is_the_limit_by_the_number_of_processes() -> None:
    """One process has all of it; of four each has a quarter, rounded down."""
    assert [share_of(a_rule(10), processes).burst for processes in (1, 4, 10)] == [10, 2, 1]


def test_a_heavy_request_fits_into_a_share() -> None:
    """A weight that the whole limit would admit is not refused for good."""
    assert share_of(a_rule(10), 4, cost=7).burst == 7
    assert share_of(a_rule(10), 4, cost=70).burst == 10


@pytest.mark.parametrize("when_away", WhenAway)
def test_a_share_is_admitted_and_one_more_is_not(when_away: WhenAway) -> None:
    """Whatever a rule says of being away, it is counted as long as that is possible."""
    local = LocalShare(VirtualClock(), lambda: 4)
    rule = a_rule(12, when_away=when_away)

    seen = [local.acquire_nowait([rule]) for _ in range(4)]

    assert [each.is_admitted for each in seen] == [True, True, True, False]
    assert {each.scope for each in seen} == {Scope.SHARE}
    assert seen[-1].retry_after_s == 20


def test_the_share_follows_the_number_of_processes() -> None:
    """When others have gone, this process refills as fast as they did together."""
    clock, processes = VirtualClock(), 4
    local = LocalShare(clock, lambda: processes)
    rule = a_rule(4)
    assert [local.acquire_nowait([rule]).is_admitted for _ in range(2)] == [True, False]

    processes = 1
    clock.advance(15)

    assert local.acquire_nowait([rule]).is_admitted


def test_no_number_of_processes_is_one() -> None:
    """A process that counts nobody, not even itself, admits the limit and no more."""
    local = LocalShare(VirtualClock(), lambda: 0)

    assert [local.acquire_nowait([a_rule(2)]).is_admitted for _ in range(3)] == [True, True, False]


def test_with_no_room_left_tenants_are_let_in_uncounted() -> None:
    """A process that can hold no more keys opens for new ones, and still counts those it holds."""
    local = LocalShare(VirtualClock(), lambda: 1, max_keys=2)
    known = a_rule(1, key="known")
    local.acquire_nowait([known])
    local.acquire_nowait([a_rule(1, key="other")])

    new = [local.acquire_nowait([a_rule(1, key="new")]) for _ in range(3)]

    assert [(each.is_admitted, each.scope) for each in new] == [(True, Scope.OPEN)] * 3
    assert not local.acquire_nowait([known]).is_admitted


def test_with_no_room_left_strict_rules_refuse() -> None:
    """A rule against guessing never opens: who cannot be counted is turned away."""
    local = LocalShare(VirtualClock(), lambda: 1, max_keys=1)
    local.acquire_nowait([a_rule(1, key="known")])
    strict = a_rule(6, key="new", when_away=WhenAway.STRICT)

    refused = local.acquire_nowait([a_rule(1, key="tenant"), strict])

    assert not refused.is_admitted
    assert refused.refused_by == strict
    assert refused.retry_after_s == 10


def test_room_comes_back_when_buckets_are_whole() -> None:
    """Keys that need not be held any more make room without any new key being let in."""
    clock = VirtualClock()
    local = LocalShare(clock, lambda: 1, max_keys=2)
    for key in ("a", "b"):
        local.acquire_nowait([a_rule(1, key=key)])
    assert local.acquire_nowait([a_rule(1, key="c")]).scope is Scope.OPEN

    clock.advance(61)

    assert local.acquire_nowait([a_rule(1, key="c")]).scope is Scope.SHARE


def test_strict_rules_remember_what_was_admitted_before() -> None:
    """The loss of the shared place gives nobody a fresh burst of a strict rule."""
    local = LocalShare(VirtualClock(), lambda: 2)
    strict, tenant = a_rule(4, key="s", when_away=WhenAway.STRICT), a_rule(4, key="t")
    for _ in range(3):
        local.remember([strict, tenant])

    assert not local.acquire_nowait([strict]).is_admitted
    assert [local.acquire_nowait([tenant]).is_admitted for _ in range(3)] == [True, True, False]
