"""Runs the handlers of one process, however their tickets came."""

import asyncio
from collections.abc import Callable

import structlog

from sanderling.kernel.engine import Handler

log = structlog.get_logger()


class Handling:
    """Know the handlers, and which of them are under way. One event loop owns it."""

    def __init__(self) -> None:
        """Start without handlers."""
        self._handlers: dict[str, Handler] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._cancelled: set[asyncio.Task[None]] = set()
        self._ended: list[Callable[[], None]] = []

    @property
    def tasks(self) -> tuple[str, ...]:
        """What there are handlers for."""
        return tuple(self._handlers)

    @property
    def running(self) -> int:
        """How many handlers are under way."""
        return len(self._running)

    def add(self, task: str, handler: Handler) -> None:
        """Give tickets of `task` to `handler` from now on."""
        assert task not in self._handlers, f"{task} has a handler"  # noqa: S101 - our own wiring.
        self._handlers[task] = handler

    def when_ended(self, look: Callable[[], None]) -> None:
        """Call `look` each time a handler has ended: there is a place."""
        self._ended.append(look)

    def start(self, task: str, key: str) -> asyncio.Task[None]:
        """Start the handler in a task of its own, which ends without an error."""
        running = asyncio.create_task(self._run(task, key), name=f"ticket {task}")
        self._running.add(running)
        running.add_done_callback(self._end)
        return running

    async def end(self, within_s: float) -> None:
        """Wait for handlers under way, and cancel those that take longer than `within_s`."""
        if self._running:
            await asyncio.wait(self._running, timeout=within_s)
        while self._running:
            self.cancel()
            await asyncio.wait(self._running)

    def cancel(self) -> None:
        """Cancel handlers under way, each once: how it ends in order is not cut off."""
        for running in self._running - self._cancelled:
            running.cancel()
            self._cancelled.add(running)

    async def _run(self, task: str, key: str) -> None:
        handler = self._handlers.get(task)
        if handler is None:
            # From a later release, which knows more; its own processes find the row.
            log.warning("ticket.unknown", task=task)
            return
        try:
            await handler(key)
        except Exception:
            # The top of what a ticket leads to: the next one must not suffer.
            log.exception("ticket.failed", task=task, ticket=key)

    def _end(self, running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        self._cancelled.discard(running)
        for look in self._ended:
            look()
