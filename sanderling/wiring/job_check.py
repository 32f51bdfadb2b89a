"""Looks at who does the jobs of an instance, and what is due meanwhile, for `sanderling doctor`."""

from config.configuration import LIVE_WITHIN_S
from config.variables import Settings
from jobs.catalogue import CLEAN_UP
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.errors import Failure
from sanderling.kernel.findings import Finding, Standing
from sanderling.store import (
    Database,
    SQLConfigStore,
    SQLCronCourses,
    SQLHeartbeatStore,
    SQLJobStore,
    SQLStreamStore,
    open_database,
)
from sanderling.wiring.account_jobs import lanes_of
from sanderling.wiring.attendance import NOBODY, START_ONE
from sanderling.wiring.home import DATABASE, database_limits, database_url

_NOTHING_RUNS = "nothing of this instance runs now, so nobody looks after its jobs"


async def check_jobs(settings: Settings) -> list[Finding]:
    """Say who looks after jobs; nothing where there is no database yet, or it is away.

    That nobody does is a warning where a process counts on somebody, and where something is due.
    """
    if settings.database_url is None and not (settings.home / DATABASE).is_file():
        # Opening it would make it, and a doctor makes nothing.
        return []
    try:
        async with open_database(database_url(settings), database_limits(settings)) as database:
            return [await _attendance(database, settings)]
    except Failure:
        # Whoever looks at the database itself tells of it.
        return []


async def _attendance(database: Database, settings: Settings) -> Finding:
    clock = SystemClock()
    seen = await SQLHeartbeatStore(database, clock).heartbeats()
    workers = sum(each.is_alive and CLEAN_UP in each.heartbeat.jobs for each in seen)
    if workers:
        who = "1 process looks" if workers == 1 else f"{workers} processes look"
        return Finding("jobs", "worker", Standing.OK, f"{who} after them", value=workers)
    due = await _due(database, settings)
    words = await SQLConfigStore(database, clock).list_acknowledgements()
    is_counted_on = any(word.age_s <= LIVE_WITHIN_S for word in words)
    detail = NOBODY if is_counted_on else f"{_NOTHING_RUNS}."
    if due:
        detail = f"{detail} Due now: {due}."
    standing = Standing.WARNING if due or is_counted_on else Standing.INFO
    return Finding("jobs", "worker", standing, detail, START_ONE, value=0)


async def _due(database: Database, settings: Settings) -> str:
    """Return what a worker would take up now, in words; empty when that is nothing."""
    now, lanes = SystemClock().now(), lanes_of(settings)
    backlog = await SQLStreamStore(database).backlog(now)
    streams = sum(number for lane, number in backlog.items() if lane in lanes)
    triggers = (await SQLCronCourses(database).outlook(now)).due
    runs = sum((await SQLJobStore(database).backlog()).values())
    told = (
        _counted(streams, "channel of accounts", "channels of accounts"),
        _counted(triggers, "schedule of functions", "schedules of functions"),
        _counted(runs, "run of a job", "runs of jobs"),
    )
    return ", ".join(filter(None, told))


def _counted(number: int, one: str, many: str) -> str:
    return "" if number == 0 else f"{number:,} {one if number == 1 else many}"
