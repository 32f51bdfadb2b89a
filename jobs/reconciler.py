"""Looks, again and again, for what the rows say should happen and does not."""

from collections.abc import Callable, Mapping

import structlog

from jobs.attendant import Means
from jobs.job import Job
from jobs.run import RunStatus, lost
from jobs.ticker import Ticker
from jobs.wakefulness import Wakefulness
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import JobLost, JobsWaiting

log = structlog.get_logger()

EVERY_S = 1.0


class Reconciler:
    """Heal what crashes leave, and see to it that what waits runs.

    Any number of processes may reconcile at once: every change is guarded by a fence, so that the
    first one makes it. It also looks at the clock for every job, so that no tick depends on a
    timer of this process.
    """

    def __init__(
        self,
        means: Means,
        ticker: Ticker,
        wakefulness: Wakefulness,
        *,
        jobs: Callable[[], Mapping[str, Job]],
        every_s: float = EVERY_S,
    ) -> None:
        """Look at nothing before `look` or `follow` is called; `jobs` are those wanted now."""
        self._means = means
        self._ticker = ticker
        self._wakefulness = wakefulness
        self._jobs = jobs
        self._every_s = every_s

    async def follow(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError:
                # Everybody who needs the database tells of it; here it only takes longer.
                pass
            except Exception:
                # The top of a loop that must not end: the next look may find it mended.
                log.exception("jobs.look-failed")
            await self._means.clock.wait_s(self._every_s)

    async def look(self) -> None:
        """Do one round.

        Raises:
            StoreUnavailableError: the database is away; the next round goes on.

        """
        await self._heal()
        await self._ticker.look(self._jobs())
        waiting = await self._means.store.waiting()
        known = [name for name in waiting if name in self._means.works]
        self._wakefulness.read(known)
        self._means.bus.publish(JobsWaiting(len(waiting)))
        if known:
            await self._means.announce(known)

    async def _heal(self) -> None:
        store, now = self._means.store, self._means.clock.now()
        for run in await store.expired(now):
            after = lost(run, now)
            if not await store.settle(run, after):
                continue
            is_parked = after.status is RunStatus.PARKED
            self._means.bus.publish(JobLost(run.job, is_parked))
            log.warning("job.lost", job=run.job, run=run.id, worker=run.worker)
            if is_parked:
                log.error("job.parked", job=run.job, run=run.id, attempts=run.attempts)
