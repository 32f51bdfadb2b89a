"""Heartbeats: what each process that runs jobs says of itself, again and again."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from config.acknowledgement import ProcessLabel
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.waiting import first_of

log = structlog.get_logger()

EVERY_S = 5.0
ALIVE_S = 20.0
"""Whoever said nothing for longer is not counted on: it misses three beats before that."""
REAP_AFTER_S = 600.0
"""How long those who said nothing stay in the rows."""
_REAP_EVERY_NS = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A process runs by the settings of `revision` and has registered `jobs`, sorted."""

    process: ProcessLabel
    revision: int
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenHeartbeat:
    """A heartbeat as it is kept: when it was written, and how long ago that is."""

    heartbeat: Heartbeat
    seen_at: datetime
    age_s: float

    @property
    def is_alive(self) -> bool:
        """Claim that the process is still counted on."""
        return self.age_s <= ALIVE_S


class HeartbeatStore(Protocol):
    """Keep the last heartbeat of each process.

    Ages are told by one clock, that of the database where it has one, so that machines whose
    clocks differ agree on who is alive. When the database is away or refuses, every method
    raises `StoreUnavailableError` and nothing was changed.
    """

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Keep a heartbeat, in the place of the one before."""
        ...

    async def heartbeats(self) -> Sequence[SeenHeartbeat]:
        """Return the last heartbeat of each process, sorted by kind, host and id."""
        ...

    async def withdraw(self, process_id: str) -> None:
        """Forget a process that ends; an unknown one is no fault."""
        ...

    async def reap(self, *, older_than_s: float) -> int:
        """Forget processes that said nothing for longer than that; return how many."""
        ...


class Pulse:
    """Say again and again what this process has registered; one event loop owns it."""

    def __init__(
        self,
        store: HeartbeatStore,
        clock: Clock,
        *,
        heartbeat: Callable[[], Heartbeat],
        every_s: float = EVERY_S,
    ) -> None:
        """Say nothing before `follow` is running; `heartbeat` tells what holds at that moment."""
        self._store = store
        self._clock = clock
        self._heartbeat = heartbeat
        self._every_s = every_s
        self._changed = asyncio.Event()
        self._reaped_at_ns = clock.monotonic_ns()

    def changed(self, _: object = None) -> None:
        """Say at once that the registrations are others; safe to call from a subscriber."""
        self._changed.set()

    async def follow(self) -> None:
        """Beat until cancelled, then withdraw: whoever leaves in order is not waited for."""
        try:
            while True:
                self._changed.clear()
                await self._beat()
                await self._rest()
        finally:
            with suppress(StoreUnavailableError):
                await self._store.withdraw(self._heartbeat().process.id)

    async def _beat(self) -> None:
        try:
            await self._store.beat(self._heartbeat())
            await self._reap()
        except StoreUnavailableError:
            # Everybody who needs the database tells of it; the next beat may find it back.
            pass
        except Exception:
            # The top of a loop that must not end.
            log.exception("jobs.heartbeat-failed")

    async def _reap(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._reaped_at_ns >= _REAP_EVERY_NS:
            self._reaped_at_ns = now_ns
            await self._store.reap(older_than_s=REAP_AFTER_S)

    async def _rest(self) -> None:
        """Return when it is time for the next beat, or when the registrations are others."""
        await first_of(self._clock.wait_s(self._every_s), self._changed.wait())
