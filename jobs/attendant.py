"""Runs jobs: claims a run, keeps its lease, writes how it ended under its fence.

Guarantees: a run goes on only while its lease is kept; of two processes that believe to have one,
the row lets one write its end. A process that dies leaves a lease that runs out, and any other
heals it. A run that lost its worker is alone in its process when it is tried again, and a run is
claimed only when it may begin, so that one that kills its worker takes nobody along twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from jobs.aisle import Aisle
from jobs.ports import JobStore
from jobs.run import Run, RunClaim, RunStatus, ended, given_back
from jobs.ticker import Announce
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Failure, StoreUnavailableError
from sanderling.kernel.events import EventBus, JobEnded
from sanderling.kernel.waiting import end_task

log = structlog.get_logger()

Work = Callable[[Run], Awaitable[str]]
"""Does what a job is for and returns a sentence about it.

It may be cancelled at any moment, and the same run may come again: so it works in steps that are
each whole, and repeating one does no harm. A `Failure` that it raises is told as it is.
"""

_OFF = "The job was switched off before this run began; nothing was done."
_BROKEN = "Something broke on our side; the log of the worker tells more."


@dataclass(frozen=True, slots=True)
class Leases:
    """How long a claim holds unless it is lengthened, and how often that is done, in seconds."""

    lease_s: float = 30.0
    renew_s: float = 10.0


async def _told(work: Work, run: Run) -> str:
    return await work(run)


def _always(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Means:
    """What an attendant works with; `works` does each job by its name.

    `is_wanted` says whether the settings want a job now. A run of one that they do not want is
    ended without being done. Slices of streams in this process pass through `aisle`.
    """

    store: JobStore
    works: Mapping[str, Work]
    announce: Announce
    clock: Clock
    bus: EventBus
    is_wanted: Callable[[str], bool] = _always
    aisle: Aisle = field(default_factory=Aisle)


class Attendant:
    """Run jobs in this process, one run of each at a time; one event loop owns it."""

    def __init__(self, means: Means, *, worker: str, leases: Leases | None = None) -> None:
        """Run nothing before `handle` is called; `worker` names this process in the rows."""
        self._means = means
        self._store = means.store
        self._clock = means.clock
        self._worker = worker
        self._leases = leases or Leases()
        self._aisle = Aisle()
        self._attended: set[str] = set()

    async def handle(self, name: str) -> None:
        """Run the earliest waiting run of a job, if none is under way anywhere.

        A job that this release does not know is left for one that does.
        """
        work = self._means.works.get(name)
        if work is None or name in self._attended:
            return
        self._attended.add(name)
        try:
            is_any = await self._take_up(name, work)
        except StoreUnavailableError as fault:
            log.warning("job.not-claimed", job=name, reason=fault.facts["reason"])
            return
        finally:
            self._attended.discard(name)
        if is_any:
            await self._means.announce([name])

    async def _take_up(self, name: str, work: Work) -> bool:
        """Do the earliest waiting run, and claim that there was one.

        Nobody waits with a claim: a suspect is given back, and claimed again once it is alone.
        """
        async with self._aisle.together():
            run = await self._claim(name)
            if run is None or not run.is_suspect:
                return await self._do(run, work)
            await asyncio.shield(self._write(run, given_back(run)))
        async with self._alone():
            return await self._do(await self._claim(name), work)

    async def _do(self, run: Run | None, work: Work) -> bool:
        if run is None:
            return False
        if self._means.is_wanted(run.job):
            await self._run(run, work)
        else:
            await self._write(run, ended(run, RunStatus.SKIPPED, self._clock.now(), _OFF))
            log.info("job.skipped", job=run.job, run=run.id)
        return True

    async def _claim(self, name: str) -> Run | None:
        now = self._clock.now()
        claim = RunClaim(self._worker, now, self._until(now))
        claiming = asyncio.create_task(self._store.claim(name, claim), name=f"claim {name}")
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # It may be ours by now, and nobody else would take it up before the lease runs out.
            if (run := await claiming) is not None:
                await self._write(run, given_back(run))
            raise

    async def _run(self, run: Run, work: Work) -> None:
        task = asyncio.create_task(_told(work, run), name=f"job {run.id}")
        keeping = asyncio.create_task(self._keep(run, task))
        try:
            # Not awaited itself: when this task is cancelled the run is handed on in order.
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            await asyncio.shield(self._leave(run, task))
            raise
        finally:
            await end_task(keeping)
        if task.cancelled():
            log.warning("job.lease-lost", job=run.job, run=run.id)
            return
        await self._end(run, task)

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None]:
        """Wait until neither a slice nor a job runs here; jobs go on while slices end."""
        async with self._means.aisle.alone(), self._aisle.alone():
            yield

    async def _leave(self, run: Run, task: asyncio.Task[str]) -> None:
        """Hand a run on to others, unless its work came to its end all the same."""
        if task.cancelled() or task.exception() is not None:
            await self._write(run, given_back(run))
        else:
            await self._end(run, task)

    async def _end(self, run: Run, task: asyncio.Task[str]) -> None:
        now, error = self._clock.now(), task.exception()
        if error is None:
            after = ended(run, RunStatus.DONE, now, task.result())
        else:
            detail = str(error) if isinstance(error, Failure) else _BROKEN
            log.error("job.failed", job=run.job, run=run.id, exc_info=error)
            after = ended(run, RunStatus.FAILED, now, detail)
        if await self._write(run, after):
            duration_s = (now - (run.started_at or now)).total_seconds()
            lag_s = ((run.started_at or now) - run.scheduled_at).total_seconds()
            self._means.bus.publish(JobEnded(run.job, after.status.value, duration_s, lag_s))

    async def _keep(self, run: Run, task: asyncio.Task[str]) -> None:
        while True:
            await self._clock.wait_s(self._leases.renew_s)
            try:
                is_held = await self._store.renew(run, lease_until=self._until(self._clock.now()))
            except StoreUnavailableError:
                # It goes on: its end is written if nobody took over meanwhile.
                continue
            if not is_held:
                task.cancel()
                return

    async def _write(self, before: Run, after: Run) -> bool:
        try:
            return await self._store.settle(before, after)
        except StoreUnavailableError as fault:
            # The lease runs out, and the run is done again.
            log.warning("job.not-settled", job=before.job, reason=fault.facts["reason"])
            return False

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._leases.lease_s)
