"""The clock port, its system adapter and its virtual twin."""

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tell the time and wait for it.

    `now` is aware and UTC. `monotonic_ns` never goes back and is comparable only with itself.
    `wait_s` returns after at least that many seconds, or raises `asyncio.CancelledError`.
    """

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds since an arbitrary start."""
        ...

    async def wait_s(self, duration_s: float) -> None:
        """Return once `duration_s` seconds have passed on this clock."""
        ...


class SystemClock:
    """Tell the machine's time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """Return nanoseconds since an arbitrary start."""
        return time.monotonic_ns()

    async def wait_s(self, duration_s: float) -> None:
        """Sleep for `duration_s` seconds."""
        await asyncio.sleep(duration_s)


class VirtualClock:
    """Stand still until a test moves it.

    One event loop owns it: `advance` and `wait_s` are called from that loop's thread.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Start at `start`, with the monotonic reading at zero."""
        self._start = start
        self._elapsed_ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    def now(self) -> datetime:
        """Return the start plus what `advance` added."""
        return self._start + timedelta(microseconds=self._elapsed_ns / 1000)

    def monotonic_ns(self) -> int:
        """Return the nanoseconds that `advance` added."""
        return self._elapsed_ns

    async def wait_s(self, duration_s: float) -> None:
        """Return once `advance` has moved time on by `duration_s` seconds."""
        due_ns = self._elapsed_ns + round(duration_s * 1e9)
        if due_ns <= self._elapsed_ns:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (due_ns, next(self._arrivals), woken))
        await woken

    def advance(self, duration_s: float) -> None:
        """Move time on and wake everyone whose time has come, the earliest first."""
        self._elapsed_ns += round(duration_s * 1e9)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed_ns:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
