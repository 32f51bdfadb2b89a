"""Courses and runs of jobs on SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.exc import IntegrityError

from jobs.job import Course, RunId
from jobs.run import Run, RunClaim, RunStatus
from sanderling.store.database import Database
from sanderling.store.job_schema import job_courses, job_runs
from sanderling.store.rows import AnyRow, AnySelect, read_all

_course = job_courses.c
_run = job_runs.c
_WAITING = text("job_runs.status = 'waiting'")
_RUNNING = text("job_runs.status = 'running'")


class SQLJobStore:
    """Keep courses and runs in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def open_courses(self, names: Collection[str], now: datetime) -> None:
        """Make courses for those that have none."""
        rows = [_course_row(Course(name, now)) for name in sorted(names)]
        if not rows:
            return
        async with self._database.write() as connection:
            await connection.execute(self._database.insert_missing(job_courses), rows)

    async def courses(self) -> Mapping[str, Course]:
        """Return every course by name."""
        found = await read_all(self._database, select(job_courses), _course_of)
        return {course.name: course for course in found}

    async def is_busy(self, name: str) -> bool:
        """Claim that a run of this job waits or is under way."""
        query = select(_run.id).where(
            _run.job == name, text("job_runs.status IN ('waiting', 'running')")
        )
        return bool(await read_all(self._database, query.limit(1), lambda row: str(row.id)))

    async def emit(self, before: Course, after: Course, runs: Sequence[Run]) -> bool:
        """Move a course on and keep its new runs."""
        is_asked = (
            _course.asked_at.is_(None)
            if before.asked_at is None
            else _course.asked_at == before.asked_at
        )
        change = (
            update(job_courses)
            .where(
                _course.name == before.name,
                _course.seen_until == before.seen_until,
                _course.is_paused.is_(before.is_paused),
                is_asked,
            )
            .values({key: value for key, value in _course_row(after).items() if key != "name"})
        )
        async with self._database.write() as connection:
            if (await connection.execute(change)).rowcount != 1:
                return False
            if runs:
                insert = self._database.insert_missing(job_runs)
                await connection.execute(insert, list(map(_run_row, runs)))
        return True

    async def pause(self, name: str, *, is_paused: bool) -> bool:
        """Pause a job or let it go on."""
        return await self._change(name, is_paused=is_paused)

    async def ask_run(self, name: str, now: datetime) -> bool:
        """Note that a run out of turn is wanted."""
        return await self._change(name, asked_at=now)

    async def _change(self, name: str, **values: object) -> bool:
        change = update(job_courses).where(_course.name == name).values(values)
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def claim(self, name: str, claim: RunClaim) -> Run | None:
        """Return the earliest waiting run of a job, under way from now on."""
        earliest = (
            select(_run.id)
            .where(_run.job == name, _WAITING)
            .order_by(_run.scheduled_at, _run.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        change = (
            update(job_runs)
            .where(_run.id == earliest, _WAITING)
            .values(
                status=RunStatus.RUNNING.value,
                attempts=_run.attempts + 1,
                fence=_run.fence + 1,
                worker=claim.worker,
                lease_until=claim.lease_until,
                started_at=claim.now,
            )
            .returning(job_runs)
        )
        async with self._database.write() as connection:
            try:
                async with connection.begin_nested():
                    row = (await connection.execute(change)).one_or_none()
            except IntegrityError:
                # Another run of the job is under way: the index lets there be one.
                return None
        return None if row is None else _run_of(row)

    async def renew(self, run: Run, *, lease_until: datetime) -> bool:
        """Lengthen a lease."""
        return await self._write_held(run, {"lease_until": lease_until})

    async def settle(self, before: Run, after: Run) -> bool:
        """Write what became of a run."""
        return await self._write_held(before, _run_row(after))

    async def _write_held(self, run: Run, values: Mapping[str, object]) -> bool:
        change = (
            update(job_runs)
            .where(_run.id == run.id, _run.fence == run.fence, _RUNNING)
            .values(values)
        )
        async with self._database.urgent() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def waiting(self) -> Sequence[str]:
        """Return the names of jobs that have a run waiting and none under way."""
        running = job_runs.alias("running")
        is_running = exists(
            select(running.c.id).where(
                running.c.job == _run.job, text("running.status = 'running'")
            )
        )
        query = select(_run.job).where(_WAITING, ~is_running).distinct().order_by(_run.job)
        return await read_all(self._database, query, lambda row: str(row.job))

    async def backlog(self) -> Mapping[str, int]:
        """Return how many runs wait of each job that has any."""
        query = select(_run.job, func.count().label("waiting")).where(_WAITING).group_by(_run.job)
        found = await read_all(self._database, query, lambda row: (str(row.job), int(row.waiting)))
        return dict(found)

    async def expired(self, now: datetime) -> Sequence[Run]:
        """Return runs under way whose lease ran out."""
        query = select(job_runs).where(_RUNNING, _run.lease_until <= now).order_by(_run.id)
        return await read_all(self._database, query, _run_of)

    async def latest(self) -> Mapping[str, Run]:
        """Return the latest begun run of each job."""
        found = await read_all(self._database, _latest(), _run_of)
        return {run.job: run for run in found}

    async def forget(self, *, finished_before: datetime, limit: int) -> int:
        """Remove ended runs, the oldest first."""
        old = (
            select(_run.id)
            .where(_run.finished_at < finished_before)
            .order_by(_run.finished_at, _run.id)
            .limit(limit)
        )
        async with self._database.write() as connection:
            return (await connection.execute(delete(job_runs).where(_run.id.in_(old)))).rowcount


def _latest() -> AnySelect:
    ranked = select(
        _run.id,
        func.row_number()
        .over(partition_by=_run.job, order_by=(_run.scheduled_at.desc(), _run.id.desc()))
        .label("place"),
    ).where(_run.started_at.is_not(None))
    first = ranked.subquery("ranked")
    return (
        select(job_runs)
        .join(first, first.c.id == _run.id)
        .where(first.c.place == 1)
        .order_by(_run.job)
    )


def _course_row(course: Course) -> dict[str, object]:
    return {
        "name": course.name,
        "seen_until": course.seen_until,
        "is_paused": course.is_paused,
        "asked_at": course.asked_at,
        "missed": course.missed,
        "overlapped": course.overlapped,
    }


def _course_of(row: AnyRow) -> Course:
    return Course(
        name=row.name,
        seen_until=row.seen_until,
        is_paused=row.is_paused,
        asked_at=row.asked_at,
        missed=row.missed,
        overlapped=row.overlapped,
    )


def _run_row(run: Run) -> dict[str, object]:
    return {
        "id": run.id,
        "job": run.job,
        "scheduled_at": run.scheduled_at,
        "status": run.status.value,
        "attempts": run.attempts,
        "fence": run.fence,
        "worker": run.worker,
        "lease_until": run.lease_until,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "detail": run.detail,
    }


def _run_of(row: AnyRow) -> Run:
    return Run(
        id=RunId(row.id),
        job=row.job,
        scheduled_at=row.scheduled_at,
        status=RunStatus(row.status),
        attempts=row.attempts,
        fence=row.fence,
        worker=row.worker,
        lease_until=row.lease_until,
        started_at=row.started_at,
        finished_at=row.finished_at,
        detail=row.detail,
    )
