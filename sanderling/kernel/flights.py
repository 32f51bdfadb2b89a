"""One piece of work for many who ask for its result at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class _Flight(Generic[Result]):
    """Landed once `result` holds one, or there is an `error`; `waiting` counts who shares it."""

    __slots__ = ("error", "lock", "result", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.result: list[Result] = []
        self.error: Exception | None = None


class Flights(Generic[Key, Result]):
    """Let those who need the same thing at the same time share one making of it.

    The first to ask does the work in its own task, so nothing outlives its callers: when that task
    is cancelled the next one in line starts over. What the work raises reaches everyone who
    waited. Whoever asks after the work is done starts anew; keeping results is not done here.
    A wait is as long as the work, which bounds its own waits. One event loop owns it.
    """

    def __init__(self) -> None:
        """Start with nothing under way."""
        self._flights: dict[Key, _Flight[Result]] = {}

    def __len__(self) -> int:
        """Return the number of pieces of work under way."""
        return len(self._flights)

    async def share(self, key: Key, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of `work`, or of the same work that is under way for `key`."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight[Result]()
        flight.waiting += 1
        try:
            async with flight.lock:
                if not flight.result and flight.error is None:
                    await self._fly(key, flight, work)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._close(key, flight)
        if flight.error is not None:
            raise flight.error
        return flight.result[0]

    async def _fly(
        self, key: Key, flight: _Flight[Result], work: Callable[[], Awaitable[Result]]
    ) -> None:
        # A cancelled flight stays open: those in line stay together and try again.
        try:
            flight.result.append(await work())
        except Exception as error:  # noqa: BLE001 - everyone who waits raises it, also this task.
            flight.error = error
        self._close(key, flight)

    def _close(self, key: Key, flight: _Flight[Result]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
