"""Puts together what people see and steer jobs with, and lets it follow settings."""

from datetime import datetime

from config.subscriber import Prepared
from config.variables import Settings
from jobs.catalogue import FUNCTION_CRON, wanted_jobs
from jobs.jobs import Jobs, Look
from jobs.streams.lanes import LANES
from jobs.streams.ports import StreamStore
from jobs.streams.stream import Lane
from jobs.view import Outlook
from runner.triggers.cron_course import CronCourses
from sanderling.kernel.clock import Clock
from sanderling.store import (
    Database,
    SQLCronCourses,
    SQLHeartbeatStore,
    SQLJobStore,
    SQLStreamStore,
)


def build_jobs(settings: Settings, database: Database, clock: Clock) -> Jobs:
    """Return the jobs of the instance as these settings want them."""
    return Jobs(
        SQLJobStore(database),
        SQLHeartbeatStore(database, clock),
        clock,
        wanted=wanted_jobs(settings),
        looks={
            FUNCTION_CRON: _look_at(SQLCronCourses(database)),
            **{name: _look_along(SQLStreamStore(database), lane) for name, lane in LANES.items()},
        },
    )


def _look_at(courses: CronCourses) -> Look:
    async def look(now: datetime) -> Outlook:
        found = await courses.outlook(now)
        return Outlook(found.triggers, found.due, found.next_due_at)

    return look


def _look_along(streams: StreamStore, lane: Lane) -> Look:
    async def look(now: datetime) -> Outlook:
        found = await streams.outlook(lane, now)
        return Outlook(found.streams, found.due, found.next_due_at)

    return look


class SteeringSubscriber:
    """Shows the jobs that the settings in force want."""

    name = "jobs shown"

    def __init__(self, jobs: Jobs) -> None:
        """Tell `jobs` of new settings."""
        self._jobs = jobs

    def needs(self, settings: Settings) -> object:
        """Return the wanted jobs."""
        return wanted_jobs(settings)

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: it is all in memory."""
        wanted = wanted_jobs(settings)

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(lambda: self._jobs.follow(wanted), nothing)
