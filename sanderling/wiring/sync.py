"""Opens the part of a process that syncs accounts, and lets it follow settings."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from config.subscriber import Prepared
from config.variables import Settings
from jobs.aisle import Aisle
from jobs.catalogue import registered_jobs, swept
from jobs.ports import JobStore
from jobs.streams.holding import SweepBounds
from jobs.streams.stream import Channel
from jobs.streams.sweeper import Sweeper, SweepMeans
from sanderling.fairness.memory import MemorySlots
from sanderling.fairness.ports import Slots
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus
from sanderling.schedule.cron import Cron
from sanderling.store import SQLJobStore, SQLStreamStore
from sanderling.wiring.channels import Reach, open_works
from sanderling.wiring.concurrency import new_token, shared_slots
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.limits import Counting

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
    )


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
) -> AsyncGenerator[Sweeper]:
    """Yield a sweeper that is at work; on the way out slices end, or are given back."""
    database, clock = foundation.database, foundation.clock
    jobs = SQLJobStore(database)

    async def paused() -> Collection[str]:
        return await paused_jobs(jobs)

    async with AsyncExitStack() as stack:
        works = await stack.enter_async_context(open_works(settings, foundation, reach))
        slots = await stack.enter_async_context(_slots(settings, clock, counting))
        means = SweepMeans(
            store=SQLStreamStore(database),
            works=works,
            slots=slots,
            paused=paused,
            clock=clock,
            bus=company.bus,
            jitter=secrets.SystemRandom().random,
            aisle=company.aisle,
        )
        sweeper = Sweeper(means, worker=company.worker, bounds=bounds_of(settings))
        sweeper.follow(sweeps_of(settings))
        task = asyncio.create_task(sweeper.run(), name="sync")
        try:
            yield sweeper
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


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
    """Sweeps for the accounts of the providers that are turned on, as often as settings say."""

    name = "sync"

    def __init__(self, sweeper: Sweeper) -> None:
        """Tell `sweeper`."""
        self._sweeper = sweeper

    def needs(self, settings: Settings) -> Mapping[str, Cron]:
        """Return the sweepers with their crons."""
        return sweeps_of(settings)

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: it is all in memory."""
        sweeps = sweeps_of(settings)

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(lambda: self._sweeper.follow(sweeps), nothing)
