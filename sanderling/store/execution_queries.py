"""What the store of executions asks the database.

A condition on the status is written as the indexes write it: a database uses an index that leaves
rows out only for a query that visibly leaves them out as well.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from runner.executions.execution import LEAST_PRIORITY, Claim, Execution
from runner.executions.ports import ExecutionFilter
from sanderling.kernel.ids import WorkspaceId
from sanderling.store.execution_rows import BARE, WHOLE
from sanderling.store.rows import AnySelect
from sanderling.store.schema import executions, workspaces

WAITING = text("executions.status = 'waiting'")
RUNNING = text("executions.status = 'running'")

_rows = executions.c
_PRIORITIES = union_all(
    *(
        select(literal(priority, literal_execute=True).label("priority"))
        for priority in range(LEAST_PRIORITY + 1)
    )
).subquery("priorities")


def of_workspace(workspace_id: WorkspaceId) -> ColumnElement[bool]:
    """Return the condition that a row is of this workspace."""
    return _rows.workspace_id == workspace_id


def same_row(execution: Execution) -> ColumnElement[bool]:
    """Return the condition that a row keeps `execution`, still under its fence."""
    return and_(
        of_workspace(execution.workspace_id),
        _rows.id == execution.id,
        _rows.fence == execution.fence,
    )


def _claimable(workspace_id: WorkspaceId, now: datetime) -> ColumnElement[bool]:
    running = executions.alias("running")
    is_lane_busy = exists(
        select(literal(1)).where(
            running.c.workspace_id == _rows.workspace_id,
            running.c.lane == _rows.lane,
            text("running.status = 'running'"),
            text("running.lane IS NOT NULL"),
        )
    )
    return and_(
        of_workspace(workspace_id),
        WAITING,
        _rows.due_at <= now,
        or_(_rows.deadline_at.is_(None), _rows.deadline_at > now),
        or_(_rows.lane.is_(None), ~is_lane_busy),
    )


def due_priorities(workspace_id: WorkspaceId, now: datetime) -> AnySelect:
    """Return the query for the priorities at which something can be claimed, first things first.

    One look into the index for each: those that are not due yet are never walked through.
    """
    priority = _PRIORITIES.c.priority
    found = select(literal(1)).where(_claimable(workspace_id, now), _rows.priority == priority)
    return select(priority).where(exists(found)).order_by(priority)


def claiming(
    workspace_id: WorkspaceId, claim: Claim, priority: int
) -> ReturningUpdate[*tuple[Any, ...]]:
    """Return the statement that claims the first due execution of a priority."""
    first = (
        select(_rows.id)
        .where(_claimable(workspace_id, claim.now), _rows.priority == priority)
        .order_by(_rows.due_at, _rows.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=executions)
        .scalar_subquery()
    )
    return (
        update(executions)
        .where(of_workspace(workspace_id), _rows.id == first, WAITING)
        .values(
            status="running",
            attempts=_rows.attempts + 1,
            fence=_rows.fence + 1,
            started_at=func.coalesce(_rows.started_at, literal(claim.now, _rows.started_at.type)),
            lease_until=claim.lease_until,
            worker=claim.worker,
            call_id=claim.call_id,
        )
        .returning(*WHOLE)
    )


def listing(
    workspace_id: WorkspaceId, matching: ExecutionFilter, place: tuple[datetime, str] | None
) -> AnySelect:
    """Return the query for a list, newest first."""
    query = select(*BARE).where(of_workspace(workspace_id))
    if matching.function is not None:
        query = query.where(_rows.function_name == matching.function)
    if matching.status is not None:
        # The words are an enumeration of ours; as text it lets the index of the dead be used.
        query = query.where(text(f"executions.status = '{matching.status.value}'"))
    if matching.key_id is not None:
        query = query.where(_rows.key_id == matching.key_id)
    if matching.lane is not None:
        query = query.where(_rows.lane == matching.lane)
    if matching.since is not None:
        query = query.where(_rows.created_at >= matching.since)
    if matching.until is not None:
        query = query.where(_rows.created_at < matching.until)
    if place is not None:
        query = query.where(tuple_(_rows.created_at, _rows.id) < place)
    return query.order_by(_rows.created_at.desc(), _rows.id.desc())


def due_workspaces(now: datetime) -> AnySelect:
    """Return the query for workspaces that have an execution due, by their ids."""
    due = select(literal(1)).where(
        _rows.workspace_id == workspaces.c.id,
        WAITING,
        _rows.due_at <= now,
        or_(_rows.deadline_at.is_(None), _rows.deadline_at > now),
    )
    return select(workspaces.c.id).where(exists(due)).order_by(workspaces.c.id)


def expired(now: datetime) -> AnySelect:
    """Return the query for running executions whose lease ran out."""
    query = select(*WHOLE).where(RUNNING, _rows.lease_until <= now)
    return query.order_by(_rows.lease_until, _rows.id)


def overdue(now: datetime) -> AnySelect:
    """Return the query for waiting executions whose deadline passed."""
    query = select(*BARE).where(
        WAITING, text("executions.deadline_at IS NOT NULL"), _rows.deadline_at <= now
    )
    return query.order_by(_rows.deadline_at, _rows.id)
