"""An engine inside one process: a queue and the tasks of the event loop, nothing else."""

import asyncio
from collections import deque
from functools import partial
from types import TracebackType
from typing import Final, Self

from sanderling.docket.handling import Handling
from sanderling.kernel.clock import Clock
from sanderling.kernel.engine import EngineHealth, Handler, Ticket

MOST: Final = 10_000
"""Tickets that are kept at once; more are forgotten, and their rows are found again."""


class MemoryEngine:
    """Carry tickets from this process to itself."""

    name = "memory"

    def __init__(
        self, clock: Clock, *, drain_s: float, handling: Handling | None = None, most: int = MOST
    ) -> None:
        """Give handlers `drain_s` seconds to finish on leaving; keep at most `most` tickets.

        With a `handling` places are shared with whoever has it as well.
        """
        self._clock = clock
        self._drain_s = drain_s
        self._most = most
        self._handling = handling or Handling()
        self._handling.when_ended(self._fill)
        self._places = 0
        self._known: set[tuple[str, str]] = set()
        self._waiting: deque[Ticket] = deque()
        self._later: set[asyncio.Task[None]] = set()
        self._is_open = False

    def handle(self, task: str, handler: Handler) -> None:
        """Give tickets of `task` to `handler`."""
        self._handling.add(task, handler)

    def consume(self, places: int) -> None:
        """Handle up to `places` tickets at once."""
        self._places = places
        self._fill()

    def hurry(self) -> None:
        """Cancel handlers under way."""
        self._handling.cancel()

    async def __aenter__(self) -> Self:
        """Begin to carry."""
        self._is_open = True
        self._fill()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let handlers finish and forget the rest."""
        self._is_open = False
        for later in self._later:
            later.cancel()
        if self._later:
            await asyncio.wait(self._later)
        await self._handling.end(self._drain_s)
        self._waiting.clear()
        self._known.clear()

    async def enqueue(self, *tickets: Ticket) -> None:
        """Keep those that are not known yet, and start what there are places for."""
        for ticket in tickets:
            label = (ticket.task, ticket.key)
            if label in self._known or len(self._known) >= self._most:
                continue
            self._known.add(label)
            if ticket.not_before is None or ticket.not_before <= self._clock.now():
                self._waiting.append(ticket)
            else:
                later = asyncio.create_task(self._wait(ticket), name=f"later {ticket.task}")
                self._later.add(later)
                later.add_done_callback(self._later.discard)
        self._fill()

    def health(self) -> EngineHealth:
        """Count; nothing here can be away."""
        waiting = len(self._waiting) + len(self._later)
        return EngineHealth((), waiting, self._handling.running, self._places)

    async def _wait(self, ticket: Ticket) -> None:
        assert ticket.not_before is not None  # noqa: S101 - only such tickets come here.
        while (left_s := (ticket.not_before - self._clock.now()).total_seconds()) > 0:
            await self._clock.wait_s(left_s)
        self._waiting.append(ticket)
        self._fill()

    def _fill(self) -> None:
        while self._is_open and self._waiting and self._handling.running < self._places:
            ticket = self._waiting.popleft()
            label = (ticket.task, ticket.key)
            running = self._handling.start(ticket.task, ticket.key)
            running.add_done_callback(partial(self._forget, label))

    def _forget(self, label: tuple[str, str], _: asyncio.Task[None]) -> None:
        self._known.discard(label)
