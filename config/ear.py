"""Keeps one ear on a carrier of hints: connects again when it breaks, and says so once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog

from sanderling.kernel.clock import Clock
from sanderling.kernel.waiting import end_task

log = structlog.get_logger()

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


class Ear:
    """Run `hear` for as long as it is entered, and remember what was heard until somebody waits.

    `hear` connects, says `begin`, rings for each hint, and raises one of `faults` once it cannot
    hear any more; after a pause that grows up to five seconds it is run again. Pauses are
    stretched by up to a half, by `jitter` between 0 and 1, so that many processes do not come
    back to a carrier in one moment. One event loop owns it.
    """

    def __init__(
        self,
        carrier: str,
        hear: Callable[["Ear"], Awaitable[None]],
        *,
        faults: tuple[type[Exception], ...],
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        """Listen to nothing yet; `carrier` is what the log calls it."""
        self._carrier = carrier
        self._hear = hear
        self._faults = faults
        self._clock = clock
        self._jitter = jitter
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_lost = False
        self._pause_s = FIRST_PAUSE_S
        self.is_connected = False

    async def __aenter__(self) -> Self:
        """Begin to listen, and give the first attempt a moment to succeed."""
        first = asyncio.Event()
        self._begun = first
        self._task = asyncio.create_task(self._listen())
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_PAUSE_S * 10):
                await first.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        if self._task is not None:
            await end_task(self._task)
        self.is_connected = False

    def begin(self) -> None:
        """Take note that hints are heard from now on.

        Whatever was said before that was missed, so this counts as a hint as well, but for the
        first time.
        """
        self.is_connected = True
        self._pause_s = FIRST_PAUSE_S
        if self._is_lost:
            self._is_lost = False
            log.info("hints.restored", carrier=self._carrier)
            self.ring()
        self._begun.set()

    def ring(self) -> None:
        """Take note of a hint."""
        self._rung.set()

    async def wait_hint(self, *, timeout_s: float) -> bool:
        """Return True once something was heard since the last return, False after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear(self)
            except self._faults as fault:
                self._note_loss(type(fault).__name__)
            except Exception:
                log.exception("hints.failed", carrier=self._carrier)
                self._note_loss("defect")
            self.is_connected = False
            self._begun.set()
            await self._clock.wait_s(self._pause_s * (1 + self._jitter() / 2))
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def _note_loss(self, reason: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            log.warning("hints.lost", carrier=self._carrier, reason=reason)
