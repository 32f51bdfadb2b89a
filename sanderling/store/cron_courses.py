"""How far cron triggers have come, on SQL."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from runner.triggers.cron_course import CronCourse, CronOutlook, CronTurn, claimed
from runner.triggers.errors import TriggerRefused
from runner.triggers.trigger import CronSchedule, Trigger
from sanderling.kernel.ids import ExecutionId, TriggerId, WorkspaceId
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, AnySelect
from sanderling.store.schema import cron_courses, functions, triggers
from sanderling.store.trigger_rows import trigger_of

_rows = cron_courses.c
_PLACE = tuple_(_rows.workspace_id, _rows.trigger_id)


class SQLCronCourses:
    """Keep how far cron triggers have come in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def claim(
        self, now: datetime, *, lease_until: datetime, limit: int
    ) -> Sequence[CronTurn]:
        """Return courses that are due, claimed until then, in fair turns between workspaces."""
        async with self._database.write() as connection:
            rows = (await connection.execute(_due_in_turns(now).limit(limit))).all()
            if not rows:
                return ()
            places = [(row.workspace_id, row.trigger_id) for row in rows]
            await connection.execute(
                update(cron_courses)
                .where(_PLACE.in_(places))
                .values(fence=_rows.fence + 1, lease_until=lease_until)
            )
            turns: list[CronTurn] = []
            for row in rows:
                course = claimed(course_of(row), lease_until)
                schedule, trigger = await _read(connection, course, row)
                if schedule is not None and trigger is not None:
                    turns.append(CronTurn(trigger, schedule, course))
        return turns

    async def save(self, courses: Sequence[CronCourse]) -> tuple[bool, ...]:
        """Write courses that were claimed."""
        saved: dict[tuple[str, str], bool] = {}
        async with self._database.write() as connection:
            # In one order for all, so that two processes never wait for each other.
            for course in sorted(courses, key=lambda each: (each.workspace_id, each.trigger_id)):
                change = (
                    update(cron_courses)
                    .where(
                        at_course(course.workspace_id, course.trigger_id),
                        _rows.fence == course.fence,
                        _rows.lease_until.is_not(None),
                    )
                    .values(course_columns(course))
                )
                changed = await connection.execute(change)
                saved[course.workspace_id, course.trigger_id] = changed.rowcount == 1
        return tuple(saved[each.workspace_id, each.trigger_id] for each in courses)

    async def next_due_at(self, after: datetime) -> datetime | None:
        """Return the first moment later than `after` at which a course is due."""
        first = (
            select(_rows.next_due_at)
            .where(_rows.next_due_at.is_not(None), _rows.next_due_at > after)
            .order_by(_rows.next_due_at)
            .limit(1)
        )
        async with self._database.read() as connection:
            found: datetime | None = (await connection.execute(first)).scalar_one_or_none()
        return found

    async def outlook(self, now: datetime) -> CronOutlook:
        """Return what is to come in all workspaces."""
        moment = _rows.next_due_at
        query = select(
            func.count().label("triggers"),
            func.count().filter(moment <= now).label("due"),
            func.min(moment).label("first"),
        ).where(moment.is_not(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one()
        return CronOutlook(row.triggers, row.due, row.first)


def _due_in_turns(now: datetime) -> AnySelect:
    """Select due courses with their triggers: the first of each workspace, then the second."""
    is_due = and_(
        _rows.next_due_at.is_not(None),
        _rows.next_due_at <= now,
        or_(_rows.lease_until.is_(None), _rows.lease_until <= now),
    )
    turn = func.row_number().over(
        partition_by=_rows.workspace_id, order_by=(_rows.next_due_at, _rows.trigger_id)
    )
    turns = (
        select(_rows.workspace_id, _rows.trigger_id, turn.label("turn")).where(is_due).subquery()
    )
    # Said twice, for PostgreSQL looks at a row again once it has its lock.
    return (
        select(cron_courses, triggers, functions.c.name.label("function_name"))
        .join(
            turns,
            and_(
                turns.c.workspace_id == _rows.workspace_id,
                turns.c.trigger_id == _rows.trigger_id,
            ),
        )
        .join(
            triggers,
            and_(triggers.c.workspace_id == _rows.workspace_id, triggers.c.id == _rows.trigger_id),
        )
        .join(
            functions,
            and_(
                functions.c.workspace_id == triggers.c.workspace_id,
                functions.c.id == triggers.c.function_id,
            ),
        )
        .where(is_due)
        .order_by(turns.c.turn, _rows.next_due_at, _rows.workspace_id)
        .with_for_update(of=cron_courses, skip_locked=True)
    )


async def _read(
    connection: AsyncConnection, course: CronCourse, row: AnyRow
) -> tuple[CronSchedule | None, Trigger | None]:
    """Return trigger and schedule; where they cannot be read the course is set aside."""
    try:
        trigger = trigger_of(row)
    except TriggerRefused as refusal:
        await connection.execute(
            update(cron_courses)
            .where(at_course(course.workspace_id, course.trigger_id))
            .values(next_due_at=None, lease_until=None, detail=refusal.code)
        )
        return None, None
    schedule = trigger.settings
    return (schedule, trigger) if isinstance(schedule, CronSchedule) else (None, None)


def at_course(workspace_id: WorkspaceId, trigger_id: TriggerId) -> ColumnElement[bool]:
    """Return the condition that names one course."""
    return and_(_rows.workspace_id == workspace_id, _rows.trigger_id == trigger_id)


def course_columns(course: CronCourse) -> dict[str, object]:
    """Return the row of a course."""
    return {
        "workspace_id": course.workspace_id,
        "trigger_id": course.trigger_id,
        "seen_until": course.seen_until,
        "next_due_at": course.next_due_at,
        "pending": json.dumps([int(tick.timestamp()) for tick in course.pending]),
        "decided_at": course.decided_at,
        "last_tick_at": course.last_tick_at,
        "last_execution_id": course.last_execution_id,
        "missed": course.missed,
        "overlapped": course.overlapped,
        "attempts": course.attempts,
        "detail": course.detail,
        "lease_until": course.lease_until,
        "fence": course.fence,
    }


def course_of(row: AnyRow) -> CronCourse:
    """Return the course of a row."""
    return CronCourse(
        workspace_id=WorkspaceId(row.workspace_id),
        trigger_id=TriggerId(row.trigger_id),
        seen_until=row.seen_until,
        next_due_at=row.next_due_at,
        pending=tuple(datetime.fromtimestamp(tick, UTC) for tick in json.loads(row.pending)),
        decided_at=row.decided_at,
        last_tick_at=row.last_tick_at,
        last_execution_id=None
        if row.last_execution_id is None
        else ExecutionId(row.last_execution_id),
        missed=row.missed,
        overlapped=row.overlapped,
        attempts=row.attempts,
        detail=row.detail,
        lease_until=row.lease_until,
        fence=row.fence,
    )
