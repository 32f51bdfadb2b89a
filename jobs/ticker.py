"""Looks at the clock for jobs and emits the ticks that have come.

Guarantees: however many processes look, each tick is emitted once, because the one that moves the
course on keeps its runs in the same transaction. What nobody looked at in time is made up for by
the job's rule when somebody looks again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from jobs.job import Course, Job, Step, asked_run_id, next_step, run_id
from jobs.ports import JobStore
from jobs.run import Run
from sanderling.kernel.clock import Clock
from sanderling.schedule.overlap import Overlap

log = structlog.get_logger()

Announce = Callable[[Sequence[str]], Awaitable[None]]
"""Tells whoever runs them that jobs of these names have runs waiting; never raises."""


class Ticker:
    """Emit ticks; any number may do so at once, in any number of processes."""

    def __init__(self, store: JobStore, announce: Announce, clock: Clock) -> None:
        """Look at nothing before `look` is called."""
        self._store = store
        self._announce = announce
        self._clock = clock

    async def look(self, jobs: Mapping[str, Job]) -> None:
        """Emit what has come of `jobs`, and announce it.

        Raises:
            StoreUnavailableError: the database is away; the next look makes up for it.

        """
        courses = await self._store.courses()
        if not jobs.keys() <= courses.keys():
            await self._store.open_courses(jobs.keys(), self._clock.now())
            courses = await self._store.courses()
        begun = [job.name for job in jobs.values() if await self._step(job, courses[job.name])]
        if begun:
            await self._announce(begun)

    async def _step(self, job: Job, course: Course) -> bool:
        """Emit the ticks of one job; False when there are none, or another process did."""
        now = self._clock.now()
        step = next_step(job, course, now, is_busy=False)
        if not step.has_news:
            return False
        if step.ticks and job.overlap is Overlap.SKIP and await self._store.is_busy(job.name):
            step = next_step(job, course, now, is_busy=True)
        runs = _runs(job, course, step)
        if not await self._store.emit(course, step.after, runs):
            return False
        if step.after.seen_until < course.seen_until:
            ahead_s = (course.seen_until - step.after.seen_until).total_seconds()
            log.warning("job.set-back", job=job.name, ahead_s=ahead_s)
        if step.after.missed > course.missed:
            log.warning("job.missed", job=job.name, missed=step.after.missed - course.missed)
        return bool(runs)


def _runs(job: Job, course: Course, step: Step) -> list[Run]:
    runs = [Run(run_id(job.name, tick), job.name, tick) for tick in step.ticks]
    if step.is_asked and course.asked_at is not None:
        runs.append(Run(asked_run_id(job.name, course.asked_at), job.name, course.asked_at))
    return runs
