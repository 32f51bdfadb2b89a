"""The virtual clock moves when it is told to, and only then."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.kernel.clock import VirtualClock

_DURATIONS = st.floats(min_value=0, max_value=1e6, allow_nan=False)


async def _settle() -> None:
    """Let every task run up to its next wait."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_time_stands_still_until_it_is_moved() -> None:
    """Two readings without an advance between them are equal."""
    clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))

    assert datetime(2026, 3, 1, tzinfo=UTC) == clock.now() == clock.now()
    assert clock.monotonic_ns() == 0


def test_both_readings_move_together() -> None:
    """Wall clock and monotonic reading advance by the same duration."""
    clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))

    clock.advance(90.5)

    assert datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=90.5) == clock.now()
    assert clock.monotonic_ns() == 90_500_000_000


@given(st.lists(_DURATIONS))
def test_time_never_goes_back(durations: list[float]) -> None:
    """No sequence of advances lowers a reading."""
    clock = VirtualClock()
    readings = [clock.monotonic_ns()]

    for duration_s in durations:
        clock.advance(duration_s)
        readings.append(clock.monotonic_ns())

    assert sorted(readings) == readings


async def test_a_sleeper_wakes_when_its_time_has_come() -> None:
    """One nanosecond early it still sleeps."""
    clock = VirtualClock()
    sleeper = asyncio.create_task(clock.wait_s(2.0))
    await _settle()

    clock.advance(2.0 - 1e-9)
    await _settle()
    was_done_early = sleeper.done()
    clock.advance(1e-9)
    await _settle()

    assert (was_done_early, sleeper.done()) == (False, True)


@pytest.mark.parametrize("duration_s", [0.0, -1.0])
async def test_waiting_for_nothing_returns(duration_s: float) -> None:
    """A wait that is already over does not need an advance."""
    async with asyncio.timeout(5):
        await VirtualClock().wait_s(duration_s)


async def test_sleepers_wake_by_time_and_then_by_arrival() -> None:
    """One advance over many waits keeps their order."""
    clock = VirtualClock()
    woken: list[str] = []

    async def sleep(name: str, duration_s: float) -> None:
        await clock.wait_s(duration_s)
        woken.append(name)

    names = {"third": 3.0, "first": 1.0, "second": 2.0, "second, later": 2.0}
    tasks = [asyncio.create_task(sleep(name, duration)) for name, duration in names.items()]
    await _settle()
    clock.advance(10)
    await asyncio.gather(*tasks)

    assert woken == ["first", "second", "second, later", "third"]


async def test_a_cancelled_sleeper_is_passed_over() -> None:
    """Time moves on for the others when one stopped waiting."""
    clock = VirtualClock()
    gone = asyncio.create_task(clock.wait_s(1.0))
    stays = asyncio.create_task(clock.wait_s(1.0))
    await _settle()

    gone.cancel()
    await _settle()
    clock.advance(1.0)
    await _settle()

    assert gone.cancelled()
    assert stays.done()
