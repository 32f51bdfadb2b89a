"""Looks, again and again, for what the rows say should happen and does not."""

from collections.abc import Callable, Mapping

import structlog

from jobs.job import Job
from jobs.ports import JobStore
from jobs.run import RunStatus, lost
from jobs.ticker import Announce, Ticker
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError

log = structlog.get_logger()

EVERY_S = 2.0


class Reconciler:
    """Heal what crashes leave, and see to it that what waits runs.

    Any number of processes may reconcile at once: every change is guarded by a fence, so that the
    first one makes it. It also looks at the clock for every job, so that no tick depends on a
    timer of this process.
    """

    def __init__(
        self,
        store: JobStore,
        ticker: Ticker,
        announce: Announce,
        clock: Clock,
        *,
        jobs: Callable[[], Mapping[str, Job]],
        every_s: float = EVERY_S,
    ) -> None:
        """Look at nothing before `look` or `follow` is called; `jobs` are those wanted now."""
        self._store = store
        self._ticker = ticker
        self._announce = announce
        self._clock = clock
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
            await self._clock.wait_s(self._every_s)

    async def look(self) -> None:
        """Do one round.

        Raises:
            StoreUnavailableError: the database is away; the next round goes on.

        """
        now = self._clock.now()
        for run in await self._store.expired(now):
            after = lost(run, now)
            if not await self._store.settle(run, after):
                continue
            log.warning("job.lost", job=run.job, run=run.id, worker=run.worker)
            if after.status is RunStatus.PARKED:
                log.error("job.parked", job=run.job, run=run.id, attempts=run.attempts)
        await self._ticker.look(self._jobs())
        waiting = await self._store.waiting()
        if waiting:
            await self._announce(waiting)
