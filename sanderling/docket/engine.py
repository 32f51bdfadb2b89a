"""Tickets on docket: within a process, or between many over Redis.

Guarantees: enqueueing never fails and never waits for long; a ticket whose process was killed goes
to another one; what docket stands on may be away, or not be there yet, and is found again.

While docket carries nothing - it is still loading, or Redis is away - tickets go to an engine
inside this process, so that work runs where it arrived. When the process is lost as well, the rows
are still there.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import structlog

from sanderling.docket.errors import CarrierAwayError
from sanderling.docket.handling import Handling
from sanderling.docket.memory_engine import MemoryEngine
from sanderling.kernel.clock import Clock
from sanderling.kernel.engine import EngineHealth, Handler, Ticket
from sanderling.kernel.waiting import end_task

if TYPE_CHECKING:
    from sanderling.docket.carrier import Carrier

log = structlog.get_logger()

LEASE_S: Final = 30.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
_PULSE_S: Final = 1.0
_CLOSE_WITHIN_S: Final = 1.0
_CLOSE_ATTEMPTS: Final = 5


class DocketEngine:
    """Carry tickets over `url`: `memory://NAME` within the process, or that of a Redis."""

    def __init__(
        self,
        url: str,
        *,
        worker: str,
        clock: Clock,
        jitter: Callable[[], float],
        drain_s: float,
        lease_s: float = LEASE_S,
    ) -> None:
        """Lead to `url`; `worker` is a name that no other process has.

        Leaving gives handlers `drain_s` seconds. A ticket whose process is silent for `lease_s`
        seconds goes to another one. `jitter` draws from 0 to 1.
        """
        self.name = "memory" if url.startswith("memory:") else "redis"
        self._url = url
        self._worker = worker
        self._clock = clock
        self._jitter = jitter
        self._drain_s = drain_s
        self._lease_s = lease_s
        self._handling = Handling()
        self._stand_in = MemoryEngine(clock, drain_s=drain_s, handling=self._handling)
        self._carrier: Carrier | None = None
        self._task: asyncio.Task[None] | None = None
        self._places = 0
        self._waiting: int | None = None
        self._is_lost = False
        self._is_well = False
        self._is_leaving = False

    @property
    def is_carried(self) -> bool:
        """Claim that docket carries tickets now, not the stand-in."""
        return self._carrier is not None and self._is_well

    def handle(self, task: str, handler: Handler) -> None:
        """Give tickets of `task` to `handler`."""
        self._handling.add(task, handler)

    def consume(self, places: int) -> None:
        """Handle up to `places` tickets at once."""
        self._places = places
        self._stand_in.consume(places)
        if self._carrier is not None:
            self._carrier.consume(places)

    def hurry(self) -> None:
        """Cancel handlers under way."""
        self._handling.cancel()

    async def __aenter__(self) -> Self:
        """Begin to load docket and to look for what it stands on; carry in process until then."""
        await self._stand_in.__aenter__()
        self._task = asyncio.create_task(self._carry(), name="engine")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let handlers finish, then let go of docket."""
        self._is_leaving = True
        self.consume(0)
        # While they finish the tickets stay ours: the worker goes on renewing them.
        await self._stand_in.__aexit__(kind, error, traceback)
        if self._task is None:
            return
        for _ in range(_CLOSE_ATTEMPTS):
            # The first time it says goodbye to Redis, which need not answer.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_CLOSE_WITHIN_S)
            if self._task.done():
                break

    async def enqueue(self, *tickets: Ticket) -> None:
        """Carry `tickets` over docket, or in this process where it cannot."""
        carrier = self._carrier
        if carrier is not None and self._is_well and tickets:
            try:
                await carrier.add(*tickets)
            except Exception as error:  # noqa: BLE001 - told there.
                # Whatever is wrong there, the work is here, and the row is in the database.
                self._note_loss(error)
            else:
                return
        if self._places:
            await self._stand_in.enqueue(*tickets)

    def health(self) -> EngineHealth:
        """Say whether docket carries, as it was seen within the last second or two."""
        reasons: tuple[str, ...] = ()
        if self._is_lost:
            reasons = ("Redis is away: executions run where they are submitted.",)
        return EngineHealth(reasons, self._waiting, self._handling.running, self._places)

    async def _carry(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                # A thread, because loading takes longer than a request may have to wait.
                module: Any = await asyncio.to_thread(import_module, "sanderling.docket.carrier")
                carrier: Carrier = module.Carrier(
                    self._url, self._handling, worker=self._worker, lease_s=self._lease_s
                )
                async with carrier:
                    await self._run(carrier)
            except Exception as error:  # noqa: BLE001 - told there; the top of the loop.
                self._note_loss(error)
            if self._is_leaving:
                # A worker of docket that is cancelled just returns.
                return
            pause_s = FIRST_PAUSE_S if self._is_well else min(pause_s * 2, LONGEST_PAUSE_S)
            self._is_well = False
            await self._clock.wait_s(pause_s * (1 + self._jitter() / 2))

    async def _run(self, carrier: "Carrier") -> None:
        self._carrier = carrier
        carrier.consume(self._places)
        watching = asyncio.create_task(self._watch(carrier), name="engine pulse")
        try:
            await carrier.run()
        finally:
            self._carrier = None
            await end_task(watching)

    async def _watch(self, carrier: "Carrier") -> None:
        while True:
            try:
                self._waiting = await carrier.waiting()
            except Exception as error:  # noqa: BLE001 - as above.
                self._note_loss(error)
            else:
                self._note_health()
            await self._clock.wait_s(_PULSE_S)

    def _note_health(self) -> None:
        self._is_well = True
        if self._is_lost:
            self._is_lost = False
            log.info("engine.restored", carrier=self.name)

    def _note_loss(self, error: Exception) -> None:
        self._is_well = False
        self._waiting = None
        if isinstance(error, CarrierAwayError):
            self._tell_loss(str(error.facts["reason"]))
        else:
            # Ours or the library's; what it costs is the same.
            log.error("engine.failed", carrier=self.name, exc_info=error)
            self._tell_loss("defect")

    def _tell_loss(self, reason: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            log.warning("engine.lost", carrier=self.name, reason=reason)
