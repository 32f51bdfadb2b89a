"""What people do with jobs: see them, ask for a run, pause them and let them go on."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from jobs.catalogue import KNOWN_JOBS, JobKind, KnownJob, WantedJob
from jobs.errors import JobRunRefused, JobUnknown
from jobs.heartbeats import HeartbeatStore
from jobs.job import Course
from jobs.ports import JobStore
from jobs.run import Run
from jobs.view import JobFacts, JobsView, JobView, Outlook, view_of
from sanderling.kernel.clock import Clock

Look = Callable[[datetime], Awaitable[Outlook]]
"""Looks at the rows that a sweeper looks after."""


class Jobs:
    """See and steer the jobs of the whole instance.

    What is asked for is kept in rows, and workers find it there within a few seconds; so it holds
    for all of them, and for those that start later. Every method raises `StoreUnavailableError`
    when the database is away, and nothing was changed then.
    """

    def __init__(
        self,
        store: JobStore,
        heartbeats: HeartbeatStore,
        clock: Clock,
        *,
        wanted: Iterable[WantedJob],
        known: Iterable[KnownJob] = KNOWN_JOBS,
        looks: Mapping[str, Look] | None = None,
    ) -> None:
        """Show `wanted` until `follow` tells otherwise; `looks` are those of sweepers by name."""
        self._store = store
        self._heartbeats = heartbeats
        self._clock = clock
        self._known = {job.name: job for job in known}
        self._looks = looks or {}
        self._wanted: Mapping[str, WantedJob] = {}
        self.follow(wanted)

    def follow(self, wanted: Iterable[WantedJob]) -> None:
        """Take what the settings want from now on."""
        self._wanted = {job.name: job for job in wanted}

    async def list(self) -> JobsView:
        """Return every job by name, also those that are turned off or left from before."""
        courses, latest = await self._store.courses(), await self._store.latest()
        waiting, workers = await self._store.backlog(), await self._heartbeats.heartbeats()
        now = self._clock.now()
        views: list[JobView] = []
        for name in sorted({*self._known, *self._wanted, *courses}):
            facts = self._facts(name, courses.get(name), latest.get(name), waiting.get(name, 0))
            if name in self._looks:
                facts = replace(facts, outlook=await self._looks[name](now))
            views.append(view_of(facts, workers, now))
        return JobsView(tuple(views), tuple(workers))

    async def get(self, name: str) -> JobView:
        """Return one job.

        Raises:
            JobUnknown: nobody knows it.

        """
        found = next((job for job in (await self.list()).jobs if job.name == name), None)
        if found is None:
            raise JobUnknown(name=name)
        return found

    async def run(self, name: str) -> JobView:
        """Ask for one run out of turn, also of a paused job; asked again before it begins, one.

        Raises:
            JobUnknown: nobody knows it.
            JobRunRefused: it is turned off, or has no runs.

        """
        _check_runnable(await self.get(name))
        await self._open(name)
        await self._store.ask_run(name, self._clock.now())
        return await self.get(name)

    async def pause(self, name: str) -> JobView:
        """Let nothing of a job begin until it is resumed; what is under way finishes.

        Raises:
            JobUnknown: nobody knows it.

        """
        return await self._pause(name, is_paused=True)

    async def resume(self, name: str) -> JobView:
        """Let a paused job go on with its next moment; those that passed are not made up for.

        Raises:
            JobUnknown: nobody knows it.

        """
        return await self._pause(name, is_paused=False)

    async def _pause(self, name: str, *, is_paused: bool) -> JobView:
        await self.get(name)
        await self._open(name)
        await self._store.pause(name, is_paused=is_paused)
        return await self.get(name)

    async def _open(self, name: str) -> None:
        # No worker may have come across it yet, and what is asked for is kept in its course.
        await self._store.open_courses([name], self._clock.now())

    def _facts(
        self, name: str, course: Course | None, last_run: Run | None, backlog: int
    ) -> JobFacts:
        wanted = self._wanted.get(name)
        known = self._known.get(name) or wanted
        return JobFacts(
            name=name,
            kind=known.kind if known else JobKind.JOB,
            description=known.description if known else "",
            cron_variable=known.cron_variable if known else None,
            enabled_by=known.enabled_by if known else None,
            wanted=wanted,
            course=course,
            last_run=last_run,
            backlog=backlog,
        )


def _check_runnable(job: JobView) -> None:
    if job.kind is JobKind.SWEEPER:
        raise JobRunRefused(
            name=job.name,
            reason="it has no runs of its own and looks for what is due every second",
            what_to_do="Make what it looks after due instead",
        )
    if not job.is_wanted:
        setting = f"`{job.enabled_by}` turns it off" if job.enabled_by else "no settings want it"
        turn_on = f"Turn it on first, with `sanderling config set {job.enabled_by}=true`"
        raise JobRunRefused(
            name=job.name,
            reason=setting,
            what_to_do=turn_on if job.enabled_by else "Run it with a release that knows it",
        )
