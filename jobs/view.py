"""What people see of a job: what the settings want, what workers have, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.catalogue import JobKind, WantedJob
from jobs.heartbeats import SeenHeartbeat
from jobs.job import Course
from jobs.run import Run
from sanderling.schedule.cron import Cron


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a sweeper looks after: how many rows, how many are due, and the first moment of any."""

    rows: int
    due: int
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known of one job before it is put together.

    `wanted` is None for one that the settings turn off. `description` and the variables are empty
    or None for one that this release does not know, and has rows of all the same.
    """

    name: str
    kind: JobKind
    description: str
    cron_variable: str | None
    enabled_by: str | None
    wanted: WantedJob | None
    course: Course | None
    last_run: Run | None
    backlog: int
    outlook: Outlook | None = None


@dataclass(frozen=True, slots=True)
class JobView:
    """One job, as all processes together have it.

    `registered_on` and `missing_on` are the living workers that have it, and that do not.
    `is_run_asked` says that a run out of turn waits to be begun; `backlog` is how much waits: runs
    of a job, due rows of a sweeper. `rows` is how many rows a sweeper looks after, None for a job
    or where nobody counts them. `missed` and `overlapped` count ticks, as in a course.
    """

    name: str
    kind: JobKind
    description: str
    cron: Cron | None
    cron_variable: str | None
    enabled_by: str | None
    is_wanted: bool
    is_paused: bool
    is_run_asked: bool
    registered_on: tuple[str, ...]
    missing_on: tuple[str, ...]
    next_run_at: datetime | None
    last_run: Run | None
    missed: int
    overlapped: int
    backlog: int
    rows: int | None


@dataclass(frozen=True, slots=True)
class JobsView:
    """Every job by name, and the workers that said something of late."""

    jobs: tuple[JobView, ...]
    workers: tuple[SeenHeartbeat, ...]


def view_of(facts: JobFacts, workers: Sequence[SeenHeartbeat], now: datetime) -> JobView:
    """Return a job as people see it at `now`; who is not alive counts for nothing."""
    living = [each.heartbeat for each in workers if each.is_alive]
    having = tuple(each.process.id for each in living if facts.name in each.jobs)
    course, wanted = facts.course, facts.wanted
    is_paused = course is not None and course.is_paused
    return JobView(
        name=facts.name,
        kind=facts.kind,
        description=facts.description,
        cron=wanted.cron if wanted else None,
        cron_variable=facts.cron_variable,
        enabled_by=facts.enabled_by,
        is_wanted=wanted is not None,
        is_paused=is_paused,
        is_run_asked=course is not None and course.asked_at is not None,
        registered_on=having,
        missing_on=tuple(each.process.id for each in living if each.process.id not in having),
        next_run_at=None if is_paused else _next_run_at(facts, now),
        last_run=facts.last_run,
        missed=course.missed if course else 0,
        overlapped=course.overlapped if course else 0,
        backlog=facts.outlook.due if facts.outlook else facts.backlog,
        rows=facts.outlook.rows if facts.outlook else None,
    )


def _next_run_at(facts: JobFacts, now: datetime) -> datetime | None:
    if facts.wanted is None:
        return None
    if facts.outlook is not None:
        return facts.outlook.next_due_at
    cron = facts.wanted.cron
    return cron.after(now) if cron is not None and facts.wanted.kind is JobKind.JOB else None
