"""Opens what looks after jobs in this process, and lets it follow settings."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from config.acknowledgement import ProcessLabel
from config.live import LiveConfiguration
from config.subscriber import Prepared
from config.variables import Settings
from drivers.port import Health, HealthState
from jobs.accounts.ahead import TokensAhead
from jobs.accounts.renewal import RenewedTokens
from jobs.aisle import Aisle
from jobs.catalogue import registered_jobs, wanted_jobs
from jobs.crew import Crew, Gear, Roster
from jobs.heartbeats import Heartbeat, Pulse
from jobs.streams.recovery import Recovery
from sanderling.api.services import Services
from sanderling.docket import MemoryEngine
from sanderling.store import (
    SQLAccountStore,
    SQLConfigStore,
    SQLExecutionStore,
    SQLHeartbeatStore,
    SQLJobStore,
    SQLRecordOutbox,
    SQLSliceHistory,
    SQLStreamStore,
)
from sanderling.wiring.account_jobs import account_works, lanes_of
from sanderling.wiring.clean_up import Kept, works_of
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.in_force import InForce
from sanderling.wiring.meanwhile import meanwhile
from sanderling.wiring.push import Push
from sanderling.wiring.sealer import sealer_of


@dataclass(frozen=True, slots=True)
class Duty:
    """The crew of this process, what its jobs work by, and how it is."""

    crew: Crew
    store: SQLJobStore
    in_force: InForce
    is_vital: bool
    label: ProcessLabel = field(kw_only=True)

    async def health(self) -> Health:
        """Say whether timers fire, rows are read and written, and what waits is taken up.

        Raises:
            StoreUnavailableError: the rows cannot be written.

        """
        registered = [job.name for job in self.crew.registered()]
        # Courses that there are stay as they are, yet the database has to let us write.
        await self.store.open_courses(registered, self.crew.now())
        reasons = self.crew.wakefulness.ailments()
        bad = HealthState.DOWN if self.is_vital else HealthState.DEGRADED
        return Health(bad if reasons else HealthState.OK, reasons, {"jobs": len(registered)})


def roster_of(settings: Settings) -> Roster:
    """Return the jobs that `settings` want, and those that this process registers."""
    return Roster(wanted_jobs(settings), registered_jobs(settings))


@asynccontextmanager
async def open_duty(
    settings: Settings,
    foundation: Foundation,
    services: Services,
    push: Push,
    *,
    label: ProcessLabel,
    aisle: Aisle,
) -> AsyncGenerator[Duty]:
    """Yield a crew that looks after jobs until the way out; slices here pass through `aisle`."""
    database, clock = foundation.database, foundation.clock
    store, in_force = SQLJobStore(database), InForce(settings)
    kept = Kept(
        executions=SQLExecutionStore(database),
        outbox=SQLRecordOutbox(database),
        runs=store,
        slices=SQLSliceHistory(database),
        configuration=SQLConfigStore(database, clock),
        retention=services.retention,
        settings=lambda: in_force.settings,
        clock=clock,
    )
    recovery = Recovery(
        SQLStreamStore(database), clock, services.bus, lambda: lanes_of(in_force.settings)
    )
    accounts = SQLAccountStore(database, sealer_of(settings))
    tokens = RenewedTokens(accounts, push.sign_ins, clock)
    ahead = TokensAhead(accounts, push.sign_ins, tokens, clock)
    works = {**works_of(kept), **account_works(recovery, ahead, push.renewal)}
    gear = Gear(
        store=store,
        # Who leaves jobs to others does no run of them either.
        works={} if settings.is_cron_registration_disabled else works,
        engine=MemoryEngine(clock, drain_s=settings.jobs_drain_ms / 1000),
        clock=clock,
        bus=services.bus,
        worker=label.id,
        aisle=aisle,
    )
    async with Crew(gear, roster_of(settings)) as crew:
        yield Duty(crew, store, in_force, label.kind == "worker", label=label)


@asynccontextmanager
async def beating(
    duty: Duty, foundation: Foundation, live: LiveConfiguration
) -> AsyncGenerator[None]:
    """Say meanwhile, again and again, which jobs this process has registered."""

    def heartbeat() -> Heartbeat:
        names = sorted(job.name for job in duty.crew.registered())
        return Heartbeat(duty.label, live.snapshot.revision, tuple(names))

    pulse = Pulse(
        SQLHeartbeatStore(foundation.database, foundation.clock),
        foundation.clock,
        heartbeat=heartbeat,
    )
    duty.crew.when_changed(pulse.changed)
    async with meanwhile(pulse.follow(), name="heartbeat"):
        yield


class JobsSubscriber:
    """Registers the jobs that the settings want; those that are unchanged keep their phase."""

    name = "jobs"

    def __init__(self, crew: Crew, in_force: InForce) -> None:
        """Tell both."""
        self._crew = crew
        self._in_force = in_force

    def needs(self, settings: Settings) -> object:
        """Return the jobs, and what they read while they run."""
        return (roster_of(settings), settings.executions_retention_days)

    async def prepare(self, settings: Settings) -> Prepared:
        """Make the new list of jobs."""
        roster = roster_of(settings)

        def swap() -> None:
            self._in_force.settings = settings
            self._crew.follow(roster)

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(swap, nothing)
