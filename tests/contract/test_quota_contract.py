"""What everything that counts a provider's units promises."""

import asyncio

import pytest

from jobs.providers.quota import LimitedQuota, MemoryQuota, Quota
from jobs.sync.faults import RateLimited
from sanderling.kernel.clock import VirtualClock
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Rule

MINUTE_US = 60_000_000


def _rules(account_id: str) -> list[Rule]:
    return [Rule("provider", account_id, 60, MINUTE_US, ahead_us=MINUTE_US)]


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that stands still."""
    return VirtualClock()


@pytest.fixture(params=["memory", "limited"])
def quota(request: pytest.FixtureRequest, clock: VirtualClock) -> Quota:
    """Return what counts, of each kind in turn."""
    if request.param == "memory":
        return MemoryQuota()
    return LimitedQuota(MemoryLimiter(clock), clock, _rules)


async def test_what_is_allowed_returns_at_once(quota: Quota) -> None:
    """Units within the quota cost no time."""
    await quota.take("acc_1", 30)
    await quota.take("acc_1", 30)


async def test_accounts_are_counted_apart(quota: Quota) -> None:
    """One account leaves the quota of another untouched."""
    await quota.take("acc_1", 60)
    await quota.take("acc_2", 60)


async def test_what_costs_nothing_is_never_refused(quota: Quota) -> None:
    """No units are always allowed."""
    await quota.take("acc_1", 60)
    await quota.take("acc_1", 0)


async def test_a_short_wait_is_waited_for(clock: VirtualClock) -> None:
    """Who comes a little early goes on as soon as there is room."""
    quota = LimitedQuota(MemoryLimiter(clock), clock, _rules)
    await quota.take("acc_1", 60)

    waiting = asyncio.create_task(quota.take("acc_1", 4))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(4)

    await waiting


async def test_a_long_wait_is_told_and_not_waited_for(clock: VirtualClock) -> None:
    """Whoever would wait too long is told for how long, and nothing is counted."""
    quota = LimitedQuota(MemoryLimiter(clock), clock, _rules)
    await quota.take("acc_1", 60)

    with pytest.raises(RateLimited) as raised:
        await quota.take("acc_1", 30)

    # Five seconds before there is room it would be waited for.
    assert raised.value.retry_after_s == pytest.approx(25)
    clock.advance(30)
    await quota.take("acc_1", 30)
