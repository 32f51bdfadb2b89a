"""One piece of work for many who ask for its result at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class _Flight(Generic[Result]):
    """Alive for as long as someone waits for it; landed once `result` or `error` is there."""

    __slots__ = ("__weakref__", "error", "lock", "result")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
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
        self._flights: WeakValueDictionary[Key, _Flight[Result]] = WeakValueDictionary()

    async def share(self, key: Key, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of `work`, or of the same work that is under way for `key`."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight[Result]()
        async with flight.lock:
            if flight.error is not None:
                raise flight.error
            if not flight.result:
                try:
                    flight.result.append(await work())
                except Exception as error:
                    flight.error = error
                    raise
                finally:
                    self._land(key, flight)
            return flight.result[0]

    def _land(self, key: Key, flight: _Flight[Result]) -> None:
        # A flight without result was cancelled: those in line stay together and try again.
        landed = bool(flight.result) or flight.error is not None
        if landed and self._flights.get(key) is flight:
            del self._flights[key]
