"""The time at a provider, which may be ahead of the machine's."""

from datetime import datetime, timedelta

from sanderling.kernel.clock import Clock


class Timepiece:
    """Tell another clock's time plus what was added to it."""

    def __init__(self, clock: Clock) -> None:
        """Go as `clock` goes."""
        self._clock = clock
        self._ahead_s = 0.0

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return self._clock.now() + timedelta(seconds=self._ahead_s)

    def monotonic_ns(self) -> int:
        """Return nanoseconds since an arbitrary start."""
        return self._clock.monotonic_ns() + round(self._ahead_s * 1e9)

    async def wait_s(self, duration_s: float) -> None:
        """Return once `duration_s` seconds have passed on the clock below."""
        await self._clock.wait_s(duration_s)

    def advance(self, duration_s: float) -> None:
        """Be `duration_s` seconds further ahead; waiters do not notice."""
        self._ahead_s += duration_s
