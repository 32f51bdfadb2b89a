"""Opens the part of a process that syncs accounts, and lets it follow settings."""

import secrets
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from config.subscriber import Prepared
from config.variables import Settings
from jobs.accounts.renewal import LOOKING_S, RIGHT
from jobs.aisle import Aisle
from jobs.catalogue import registered_jobs, swept
from jobs.ports import JobStore
from jobs.providers.http import TOTAL_TIMEOUT_S
from jobs.providers.quota import PATIENCE_S
from jobs.streams.holding import SweepBounds
from jobs.streams.holds import Holds
from jobs.streams.stream import Channel
from jobs.streams.sweeper import Sweeper, SweepMeans
from jobs.sync.budget import Budget
from sanderling.fairness.memory import MemorySlots
from sanderling.fairness.ports import Slots
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus
from sanderling.schedule.cron import Cron
from sanderling.store import SQLJobStore, SQLStreamStore
from sanderling.wiring.channels import Reach, budget_of, open_works, read_by_works
from sanderling.wiring.concurrency import new_token, shared_slots
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.in_force import InForce
from sanderling.wiring.limits import Counting
from sanderling.wiring.meanwhile import meanwhile

_SPARE_S = 15.0
"""For what a slice reads and writes beside its requests."""

_RENEWALS = 4
"""How often a lease is lengthened before it would run out."""


def sweeps_of(settings: Settings) -> Mapping[str, Cron]:
    """Return the sweepers that this process registers, with their crons."""
    return swept(registered_jobs(settings))


def bounds_of(settings: Settings) -> SweepBounds:
    """Return how much this process sweeps."""
    cap = settings.sync_channel_concurrency
    lease_s = settings.sync_lease_ms / 1000
    return SweepBounds(
        concurrency=settings.sync_concurrency,
        per_channel={} if cap is None else dict.fromkeys(Channel, cap),
        drain_s=settings.jobs_drain_ms / 1000,
        lease_s=lease_s,
        renew_s=lease_s / _RENEWALS,
        slice_s=longest_slice_s(budget_of(settings)),
    )


def longest_slice_s(budget: Budget) -> float:
    """Return how long a slice may take that does all it may, and is answered as late as may be.

    A try of it begins within the budget and lasts as long again, and its last request may begin
    just before the end: after waiting for quota it goes out twice, each time with a new token,
    which another process may have been renewing in vain before this one does.
    Its lease is lengthened meanwhile. Whoever stopped it earlier would take a slow provider for a
    defect of ours.
    """
    token_s = LOOKING_S + RIGHT.total_seconds()
    request_s = PATIENCE_S + 2 * (TOTAL_TIMEOUT_S + token_s)
    return 2 * budget.seconds + request_s + _SPARE_S


@dataclass(frozen=True, slots=True)
class Syncing:
    """What sweeps in this process, and the settings that its works read."""

    sweeper: Sweeper
    in_force: InForce


@dataclass(frozen=True, slots=True)
class Company:
    """Who sweeps, and what that one shares with the rest of its process."""

    worker: str
    bus: EventBus
    aisle: Aisle


@asynccontextmanager
async def open_sync(
    settings: Settings,
    foundation: Foundation,
    counting: Counting,
    reach: Reach,
    company: Company,
) -> AsyncGenerator[Syncing]:
    """Yield a sweeper that is at work; on the way out slices end, or are given back."""
    database, clock = foundation.database, foundation.clock
    jobs, in_force, holds = SQLJobStore(database), InForce(settings), Holds(clock)

    async def paused() -> Collection[str]:
        return await paused_jobs(jobs)

    async with AsyncExitStack() as stack:
        works = await stack.enter_async_context(open_works(in_force, foundation, reach, holds))
        slots = await stack.enter_async_context(_slots(settings, clock, counting))
        means = SweepMeans(
            store=SQLStreamStore(database),
            works=works,
            slots=slots,
            paused=paused,
            clock=clock,
            bus=company.bus,
            jitter=secrets.SystemRandom().random,
            holds=holds,
            aisle=company.aisle,
        )
        sweeper = Sweeper(means, worker=company.worker, bounds=bounds_of(settings))
        sweeper.follow(sweeps_of(settings))
        async with meanwhile(sweeper.run(), name="sync"):
            yield Syncing(sweeper, in_force)


async def paused_jobs(jobs: JobStore) -> Collection[str]:
    """Return the names of the jobs that somebody paused."""
    return frozenset(name for name, course in (await jobs.courses()).items() if course.is_paused)


@asynccontextmanager
async def _slots(settings: Settings, clock: Clock, counting: Counting) -> AsyncGenerator[Slots]:
    """Yield what counts slices of a channel: with a Redis, over all processes."""
    if settings.redis_url is None:
        yield MemorySlots(clock, token=new_token)
        return
    url = settings.redis_url.get_secret_value()
    shared = shared_slots(url, clock, processes=counting.processes)
    try:
        yield shared
    finally:
        await shared.close()


class SyncSubscriber:
    """Sweeps for the accounts of the providers that are turned on, as settings say."""

    name = "sync"

    def __init__(self, syncing: Syncing) -> None:
        """Tell the sweeper, and what its works read."""
        self._syncing = syncing

    def needs(self, settings: Settings) -> object:
        """Return the sweepers with their crons, their bounds, and what works read."""
        return (sweeps_of(settings), bounds_of(settings), read_by_works(settings))

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: it is all in memory."""
        sweeps, bounds = sweeps_of(settings), bounds_of(settings)

        def swap() -> None:
            self._syncing.in_force.settings = settings
            self._syncing.sweeper.adapt(bounds)
            self._syncing.sweeper.follow(sweeps)

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(swap, nothing)
