"""What every clock promises."""

import asyncio
from collections.abc import Callable
from datetime import UTC

import pytest

from sanderling.kernel.clock import Clock, SystemClock, VirtualClock

_WAIT_S = 0.01


def _leave_alone(_: Clock) -> None:
    """Let the machine's clock run by itself."""


def _advance(clock: Clock) -> None:
    assert isinstance(clock, VirtualClock)
    clock.advance(_WAIT_S)


Move = Callable[[Clock], None]


@pytest.fixture(params=["system", "virtual"])
def clock_and_move(request: pytest.FixtureRequest) -> tuple[Clock, Move]:
    """Return each clock with what makes `_WAIT_S` seconds pass on it."""
    clocks: dict[str, tuple[Clock, Move]] = {
        "system": (SystemClock(), _leave_alone),
        "virtual": (VirtualClock(), _advance),
    }
    return clocks[request.param]


def test_now_is_aware_and_utc(clock_and_move: tuple[Clock, Move]) -> None:
    """Nobody has to guess a time zone."""
    clock, _ = clock_and_move

    assert clock.now().tzinfo is UTC


def test_monotonic_never_goes_back(clock_and_move: tuple[Clock, Move]) -> None:
    """A later reading is at least an earlier one."""
    clock, _ = clock_and_move

    readings = [clock.monotonic_ns() for _ in range(100)]

    assert sorted(readings) == readings


async def test_a_wait_takes_at_least_its_duration(clock_and_move: tuple[Clock, Move]) -> None:
    """Whoever waited finds that much more on the same clock."""
    clock, move = clock_and_move
    before_ns = clock.monotonic_ns()
    waiting = asyncio.create_task(clock.wait_s(_WAIT_S))
    await asyncio.sleep(0)

    move(clock)
    await asyncio.wait_for(waiting, timeout=10)

    assert clock.monotonic_ns() - before_ns >= _WAIT_S * 1e9 * 0.99


async def test_waiting_no_time_returns(clock_and_move: tuple[Clock, Move]) -> None:
    """A duration of zero or less is already over."""
    clock, _ = clock_and_move

    async with asyncio.timeout(10):
        await clock.wait_s(0)
        await clock.wait_s(-1)


async def test_a_wait_can_be_cancelled(clock_and_move: tuple[Clock, Move]) -> None:
    """Cancelling the waiting task ends the wait."""
    clock, _ = clock_and_move
    waiting = asyncio.create_task(clock.wait_s(3600))
    await asyncio.sleep(0)

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
