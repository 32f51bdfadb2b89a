"""What a process does of the jobs: registers them, wakes for them, runs them and heals."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import structlog

from jobs.aisle import Aisle
from jobs.attendant import Attendant, Leases, Means, Work
from jobs.catalogue import WantedJob, ticked
from jobs.job import Job
from jobs.ports import JobStore
from jobs.reconciler import Reconciler
from jobs.ticker import Ticker
from jobs.ticks import Ticks
from jobs.wakefulness import Wakefulness
from sanderling.kernel.clock import Clock
from sanderling.kernel.engine import Engine, Ticket
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus
from sanderling.kernel.waiting import end_task

log = structlog.get_logger()

TASK: Final = "job"
PLACES: Final = 8
"""How many jobs one process runs at once; each is under way once in the whole instance."""

LEASES: Final = Leases(lease_s=4.0, renew_s=1.0)
"""Short, so that others take over within five seconds; jobs work in steps that may be repeated."""


@dataclass(frozen=True, slots=True)
class Gear:
    """What a crew works with.

    `engine` carries tickets within the process and is entered and left by the crew: the rows say
    what waits, and every process looks at them, so no ticket has to leave it. Slices of streams in
    this process pass through `aisle`.
    """

    store: JobStore
    works: Mapping[str, Work]
    engine: Engine
    clock: Clock
    bus: EventBus
    worker: str
    aisle: Aisle = field(default_factory=Aisle)


@dataclass(frozen=True, slots=True)
class Roster:
    """The jobs that the settings want: in the instance, and registered by this process."""

    wanted: tuple[WantedJob, ...]
    registered: tuple[WantedJob, ...]


class Crew:
    """Look after jobs while it is entered; one event loop owns it.

    Leaving takes up nothing new and gives runs under way the time of the engine; what is not done
    then waits for another process at once. While the database is away nothing happens, and what
    was missed is made up for by each job's rule.
    """

    def __init__(self, gear: Gear, roster: Roster) -> None:
        """Register the jobs of `roster` once it is entered."""
        self._gear = gear
        self._roster = roster
        self._jobs = ticked(roster.registered)
        self._wanted = frozenset(job.name for job in roster.wanted)
        self.wakefulness = Wakefulness(gear.clock)
        means = Means(
            gear.store,
            gear.works,
            self._announce,
            gear.clock,
            gear.bus,
            self._wanted_now,
            gear.aisle,
        )
        attendant = Attendant(means, worker=gear.worker, leases=LEASES)
        self._ticker = Ticker(gear.store, self._announce, gear.clock)
        self._ticks = Ticks(self._wake, fired=self.wakefulness.fired)
        self._reconciler = Reconciler(
            means, self._ticker, self.wakefulness, jobs=lambda: self._jobs
        )
        self._on_change: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        gear.engine.handle(TASK, attendant.handle)

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._gear.engine.__aenter__()
        self._ticks.__enter__()
        self._ticks.follow(self._jobs)
        self._gear.engine.consume(PLACES)
        self._task = asyncio.create_task(self._reconciler.follow(), name="jobs")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End as told above."""
        self.rest()
        if self._task is not None:
            await end_task(self._task)
        self._ticks.__exit__(kind, error, traceback)
        await self._gear.engine.__aexit__(kind, error, traceback)

    def follow(self, roster: Roster) -> None:
        """Register other jobs from now on; what is unchanged keeps its phase.

        What runs goes on to its end, also when its job is not wanted any more.
        """
        before, self._roster = self._roster, roster
        self._jobs = ticked(roster.registered)
        self._wanted = frozenset(job.name for job in roster.wanted)
        self._ticks.follow(self._jobs)
        if before.registered != roster.registered:
            names = [job.name for job in roster.registered]
            log.info("jobs.registered", jobs=names)
            for tell in self._on_change:
                tell()

    def when_changed(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever other jobs are registered."""
        self._on_change.append(tell)

    def now(self) -> datetime:
        """Return the time that the jobs go by."""
        return self._gear.clock.now()

    def registered(self) -> tuple[WantedJob, ...]:
        """Return the jobs that this process registers now."""
        return self._roster.registered

    def next_moments(self) -> Mapping[str, datetime | None]:
        """Return when this process wakes next for each job that has ticks."""
        return self._ticks.registrations()

    def rest(self) -> None:
        """Take up nothing new; what runs goes on."""
        self._gear.engine.consume(0)

    def hurry(self) -> None:
        """Hand what runs on to other processes."""
        self._gear.engine.hurry()

    def _wanted_now(self, name: str) -> bool:
        return name in self._wanted

    async def _announce(self, names: Sequence[str]) -> None:
        await self._gear.engine.enqueue(*(Ticket(TASK, name) for name in names))

    async def _wake(self, job: Job) -> None:
        try:
            await self._ticker.look({job.name: job})
        except StoreUnavailableError:
            # Everybody who needs the database tells of it; the next look makes up for it.
            pass
        except Exception:
            # The top of what a timer leads to: the next one may find it mended.
            log.exception("jobs.look-failed")
