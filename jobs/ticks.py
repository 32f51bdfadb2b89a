"""Wakes this process when a job's moment comes, by APScheduler.

The scheduler keeps its registrations in memory and decides nothing: what has come, and who emits
it, is read off the rows. So a wake-up that is late, doubled or lost costs time and nothing else.
The library has no types; what we use of it is spelled out here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self, cast

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs] - see the top.
from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs] - see the top.

from jobs.job import Job
from sanderling.schedule.cron import Cron, parse_cron

Wake = Callable[[Job], Awaitable[None]]
"""Looks at the clock for one job; never raises."""

_PULSE = "-pulse"
"""No job has this name: names of jobs begin with a letter."""


class _Registered(Protocol):
    next_run_time: datetime | None


class _Scheduler(Protocol):
    def start(self) -> None: ...
    def shutdown(self, *, wait: bool) -> None: ...
    def add_job(
        self, func: Callable[..., object], trigger: object, **options: object
    ) -> object: ...
    def get_job(self, _: str, /) -> _Registered | None: ...
    def remove_job(self, _: str, /) -> None: ...


class _CronTrigger(BaseTrigger):  # type: ignore[misc] # see the top.
    """Fires when our own reading of the expression says so."""

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        """Return the next moment; those that passed while we slept are read off the rows."""
        return self._cron.after(max(previous_fire_time or now, now))


class Ticks:
    """Wake for each registered job; one event loop owns it."""

    def __init__(self, wake: Wake, *, fired: Callable[[], None]) -> None:
        """Register nothing yet; `fired` is called each second while timers fire at all."""
        self._wake = wake
        self._fired = fired
        self._jobs: dict[str, Job] = {}
        self._scheduler = cast(
            "_Scheduler",
            AsyncIOScheduler(
                timezone=UTC,
                job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            ),
        )

    def __enter__(self) -> Self:
        """Begin to wake."""
        self._scheduler.start()
        second = _CronTrigger(parse_cron("* * * * * *"))
        self._scheduler.add_job(self._fire, second, id=_PULSE, name=_PULSE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wake no more."""
        self._scheduler.shutdown(wait=False)

    def follow(self, wanted: Mapping[str, Job]) -> None:
        """Register what is wanted and nothing else; what is unchanged keeps its phase."""
        for name in self._jobs.keys() - wanted.keys():
            self._scheduler.remove_job(name)
            del self._jobs[name]
        for name, job in wanted.items():
            if self._jobs.get(name) != job:
                self._register(job)

    def registrations(self) -> Mapping[str, datetime | None]:
        """Return when each registered job wakes us next."""
        found = {name: self._scheduler.get_job(name) for name in self._jobs}
        return {name: job.next_run_time if job else None for name, job in found.items()}

    async def _fire(self) -> None:
        # Async, because the library gives what is not to a thread.
        self._fired()

    async def _rouse(self, job: Job) -> None:
        # Cancelled by the scheduler alone, when it ends; it would tell that as an error.
        with suppress(asyncio.CancelledError):
            await self._wake(job)

    def _register(self, job: Job) -> None:
        self._scheduler.add_job(
            self._rouse,
            _CronTrigger(job.cron),
            args=(job,),
            id=job.name,
            name=job.name,
            replace_existing=True,
        )
        self._jobs[job.name] = job
