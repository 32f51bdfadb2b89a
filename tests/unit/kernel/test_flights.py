"""Many who ask at once share one piece of work."""

import asyncio

import pytest

from sanderling.kernel.flights import Flights


class Work:
    """Counts how often it was begun, and ends when it is told to."""

    def __init__(self) -> None:
        """Wait for `go`."""
        self.begun = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        """Return how often it was begun."""
        self.begun += 1
        begun = self.begun
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return begun


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_ask_at_once_share_one_result() -> None:
    """Ten callers cost one piece of work and get the same result."""
    flights: Flights[str, int] = Flights()
    work = Work()
    callers = [asyncio.create_task(flights.share("key", work)) for _ in range(10)]
    await _settle()

    work.go.set()

    assert await asyncio.gather(*callers) == [1] * 10


async def test_who_asks_after_the_end_starts_anew() -> None:
    """A result is for those who waited for it; nothing is kept."""
    flights: Flights[str, int] = Flights()
    work = Work()
    work.go.set()

    assert await flights.share("key", work) == 1
    assert await flights.share("key", work) == 2


async def test_keys_do_not_wait_for_each_other() -> None:
    """Work for one key does not hold up another."""
    flights: Flights[str, int] = Flights()
    slow, fast = Work(), Work()
    fast.go.set()
    waiting = asyncio.create_task(flights.share("slow", slow))
    await _settle()

    assert await flights.share("fast", fast) == 1

    slow.go.set()
    assert await waiting == 1


async def test_a_fault_reaches_everyone_who_waited() -> None:
    """When the work raises, nobody in line tries the same thing again."""
    flights: Flights[str, int] = Flights()
    work = Work()
    work.error = OSError("away")
    callers = [asyncio.create_task(flights.share("key", work)) for _ in range(3)]
    await _settle()

    work.go.set()
    ended = await asyncio.gather(*callers, return_exceptions=True)

    assert ended == [work.error] * 3
    assert work.begun == 1


async def test_when_the_first_is_cancelled_the_next_takes_over() -> None:
    """A caller that goes away takes nobody else's result with it."""
    flights: Flights[str, int] = Flights()
    work = Work()
    first, *others = [asyncio.create_task(flights.share("key", work)) for _ in range(3)]
    await _settle()

    first.cancel()
    await _settle()
    work.go.set()

    assert await asyncio.gather(*others) == [2, 2]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_nothing_is_held_when_all_went_away() -> None:
    """Cancelled work leaves no trace."""
    flights: Flights[str, int] = Flights()
    caller = asyncio.create_task(flights.share("key", Work()))
    await _settle()

    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)

    assert len(flights) == 0
