"""Jobs of the worker as they look over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from jobs.heartbeats import SeenHeartbeat
from jobs.run import Run
from jobs.view import JobsView, JobView
from sanderling.api.function_models import Shown

JOB_NAME_PATTERN = "^[a-z][a-z0-9-]{0,62}$"

KindWord = Literal["job", "sweeper"]
StateWord = Literal["on", "paused", "off"]
RunWord = Literal["waiting", "running", "done", "failed", "parked", "skipped"]
Count = Annotated[int, Field(ge=0)]


class JobRunShown(Shown):
    """One run of a job; `duration_s` is null until it has ended, `detail` says how it ended."""

    id: str
    status: RunWord
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None
    attempts: Count
    worker: str | None
    detail: str

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return what is shown of a run."""
        duration = run.finished_at - run.started_at if run.finished_at and run.started_at else None
        return cls(
            id=run.id,
            status=run.status.value,
            scheduled_at=run.scheduled_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            duration_s=None if duration is None else duration.total_seconds(),
            attempts=run.attempts,
            worker=run.worker,
            detail=run.detail,
        )


class JobShown(Shown):
    """One job: what the settings want, which living workers have it, and how it went.

    `state` is `off` when the settings do not want it, then `enabled_by` names the one that does.
    """

    name: str
    kind: KindWord
    description: str
    state: StateWord
    is_wanted: bool
    is_paused: bool
    is_run_asked: Annotated[bool, Field(description="A run out of turn waits to be begun.")]
    cron: str | None
    time_zone: str | None
    cron_variable: str | None
    enabled_by: str | None
    registered_on: Annotated[list[str], Field(description="The living workers that have it.")]
    missing_on: Annotated[list[str], Field(description="The living workers that do not.")]
    next_run_at: datetime | None
    last_run: JobRunShown | None
    missed: Annotated[Count, Field(description="Ticks that came while nobody could start them.")]
    overlapped: Annotated[
        Count, Field(description="Ticks that were left out because a run was not done.")
    ]
    backlog: Annotated[Count, Field(description="Runs that wait, or due rows of a sweeper.")]
    rows: Annotated[
        Count | None, Field(description="How many rows a sweeper looks after, where it says so.")
    ]

    @classmethod
    def of(cls, job: JobView) -> Self:
        """Return what is shown of a job."""
        return cls(
            name=job.name,
            kind=job.kind.value,
            description=job.description,
            state=_state(job),
            is_wanted=job.is_wanted,
            is_paused=job.is_paused,
            is_run_asked=job.is_run_asked,
            cron=job.cron.expression if job.cron else None,
            time_zone=job.cron.zone if job.cron else None,
            cron_variable=job.cron_variable,
            enabled_by=job.enabled_by,
            registered_on=list(job.registered_on),
            missing_on=list(job.missing_on),
            next_run_at=job.next_run_at,
            last_run=JobRunShown.of(job.last_run) if job.last_run else None,
            missed=job.missed,
            overlapped=job.overlapped,
            backlog=job.backlog,
            rows=job.rows,
        )


class JobWorkerShown(Shown):
    """A process that runs jobs, and what it said last; `revision` is that of its settings."""

    id: str
    kind: str
    host: str
    revision: Count
    seen_at: datetime
    age_s: float
    is_alive: bool
    jobs: list[str]

    @classmethod
    def of(cls, seen: SeenHeartbeat) -> Self:
        """Return what is shown of a heartbeat."""
        process = seen.heartbeat.process
        return cls(
            id=process.id,
            kind=process.kind,
            host=process.host,
            revision=seen.heartbeat.revision,
            seen_at=seen.seen_at,
            age_s=seen.age_s,
            is_alive=seen.is_alive,
            jobs=list(seen.heartbeat.jobs),
        )


class JobList(Shown):
    """Every job by name, and the processes that run them."""

    items: list[JobShown]
    workers: list[JobWorkerShown]

    @classmethod
    def of(cls, view: JobsView) -> Self:
        """Return what is shown of all jobs."""
        return cls(
            items=[JobShown.of(job) for job in view.jobs],
            workers=[JobWorkerShown.of(worker) for worker in view.workers],
        )


def _state(job: JobView) -> StateWord:
    if not job.is_wanted:
        return "off"
    return "paused" if job.is_paused else "on"
