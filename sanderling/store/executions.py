"""Executions on SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from runner.executions.execution import Claim, Execution, ExecutionStatus, cancelled
from runner.executions.place import execution_cursor, execution_place
from runner.executions.ports import Added, ExecutionFilter, Hold, KeyTaken, Submitted
from runner.ports import Page
from sanderling.kernel.ids import ExecutionId, WorkspaceId
from sanderling.store import execution_queries as queries
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.execution_rows import (
    WHOLE,
    bare_execution,
    execution_of,
    execution_row,
    settled_columns,
)
from sanderling.store.idempotency_keys import forget_keys, take_keys
from sanderling.store.rows import page_of, read_all, read_one
from sanderling.store.schema import executions

_COUNTED = ("waiting", "running", "dead")
_MOST_RACES = 8
"""How often a claim begins again because another process was first in the same lane."""

_rows = executions.c


class SQLExecutionStore:
    """Keep executions in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def add(self, submitted: Sequence[Submitted]) -> tuple[Added | KeyTaken, ...]:
        """Keep new executions and tell of each."""
        if not submitted:
            return ()
        workspace_id = submitted[0].execution.workspace_id
        async with self._database.write() as connection:
            stands_for = await take_keys(self._database, connection, workspace_id, submitted)
            fresh = [
                each.execution
                for each in submitted
                if each.key is None
                or stands_for.get(each.key.key, ("", ""))[0] == each.execution.id
            ]
            if fresh:
                await connection.execute(executions.insert(), list(map(execution_row, fresh)))
            earlier = await _all(
                connection, workspace_id, [name for name, _ in stands_for.values()]
            )
        added = {each.id for each in fresh}
        return tuple(_told(each, added, stands_for, earlier) for each in submitted)

    async def find(self, workspace_id: WorkspaceId, execution_id: ExecutionId) -> Execution | None:
        """Return one execution of this workspace."""
        if not is_storable(execution_id):
            return None
        query = select(*WHOLE).where(queries.of_workspace(workspace_id), _rows.id == execution_id)
        return await read_one(self._database, query, execution_of)

    async def list(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: ExecutionFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[Execution]:
        """Return executions, newest first."""
        place = execution_place(cursor) if cursor is not None else None
        words = (matching.function, matching.key_id, matching.lane)
        if not all(map(is_storable, filter(None, words))):
            return Page(())
        query = queries.listing(workspace_id, matching, place).limit(limit + 1)
        found = await read_all(self._database, query, bare_execution)
        return page_of(found, limit, execution_cursor)

    async def claim(self, workspace_id: WorkspaceId, claim: Claim) -> Execution | None:
        """Return the first due execution, running from now on."""
        async with self._database.write() as connection:
            for _ in range(_MOST_RACES):
                due = queries.due_priorities(workspace_id, claim.now)
                priorities = (await connection.execute(due)).scalars().all()
                try:
                    async with connection.begin_nested():
                        return await _claim_first(connection, workspace_id, claim, priorities)
                except IntegrityError:
                    # Two claimed in one lane at the same moment; the index let the other have it,
                    # and now its row is seen to run.
                    continue
        return None

    async def renew(self, execution: Execution, *, lease_until: datetime) -> Hold:
        """Lengthen a lease."""
        change = (
            update(executions)
            .where(queries.same_row(execution), queries.RUNNING)
            .values(lease_until=lease_until)
            .returning(_rows.is_cancel_asked)
        )
        async with self._database.urgent() as connection:
            is_asked = (await connection.execute(change)).scalar_one_or_none()
        if is_asked is None:
            return Hold.LOST
        return Hold.CANCEL_ASKED if is_asked else Hold.HELD

    async def settle(self, before: Execution, after: Execution) -> bool:
        """Write what became of a running execution."""
        change = update(executions).where(queries.same_row(before), queries.RUNNING)
        if not after.is_final:
            change = change.where(_rows.is_cancel_asked.is_(False))
        async with self._database.write() as connection:
            changed = await connection.execute(change.values(settled_columns(after)))
            return changed.rowcount == 1

    async def end_waiting(self, before: Execution, after: Execution) -> bool:
        """Write the end of a waiting execution."""
        change = (
            update(executions)
            .where(queries.same_row(before), queries.WAITING)
            .values(settled_columns(after))
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def ask_cancel(
        self, workspace_id: WorkspaceId, execution_id: ExecutionId, *, now: datetime
    ) -> Execution | None:
        """Return the execution after asking for its end."""
        if not is_storable(execution_id):
            return None
        one = (queries.of_workspace(workspace_id), _rows.id == execution_id)
        async with self._database.write() as connection:
            query = select(*WHOLE).where(*one).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            kept = execution_of(row)
            if kept.is_final:
                return kept
            changes: dict[str, object] = {"is_cancel_asked": True}
            if kept.status is ExecutionStatus.WAITING:
                changes |= settled_columns(cancelled(kept, now))
            change = update(executions).where(*one).values(changes).returning(*WHOLE)
            return execution_of((await connection.execute(change)).one())

    async def due_workspaces(self, now: datetime, *, limit: int) -> Sequence[WorkspaceId]:
        """Return workspaces that have an execution due."""
        query = queries.due_workspaces(now).limit(limit)
        return await read_all(self._database, query, lambda row: WorkspaceId(row.id))

    async def expired(self, now: datetime, *, limit: int) -> Sequence[Execution]:
        """Return running executions whose lease ran out."""
        return await read_all(self._database, queries.expired(now).limit(limit), execution_of)

    async def overdue(self, now: datetime, *, limit: int) -> Sequence[Execution]:
        """Return waiting executions whose deadline passed."""
        return await read_all(self._database, queries.overdue(now).limit(limit), bare_execution)

    async def counts(self) -> Mapping[ExecutionStatus, int]:
        """Return how many wait, run and are dead."""
        found: dict[ExecutionStatus, int] = {}
        async with self._database.read() as connection:
            for word in _COUNTED:
                query = (
                    select(func.count())
                    .select_from(executions)
                    .where(text(f"executions.status = '{word}'"))
                )
                found[ExecutionStatus(word)] = (await connection.execute(query)).scalar_one()
        return found

    async def forget(self, *, finished_before: datetime, now: datetime, limit: int) -> int:
        """Remove ended executions, and keys past their day."""
        old = (
            select(_rows.workspace_id, _rows.id)
            .where(_rows.finished_at < finished_before)
            .order_by(_rows.finished_at)
            .limit(limit)
        )
        async with self._database.write() as connection:
            gone = [tuple(row) for row in (await connection.execute(old)).all()]
            if gone:
                await connection.execute(
                    delete(executions).where(tuple_(_rows.workspace_id, _rows.id).in_(gone))
                )
            over = await forget_keys(connection, now, limit=limit, gone=gone)
        return len(gone) + over


async def _claim_first(
    connection: AsyncConnection,
    workspace_id: WorkspaceId,
    claim: Claim,
    priorities: Sequence[int],
) -> Execution | None:
    for priority in priorities:
        # None although there was one means that others are claiming it at this moment.
        statement = queries.claiming(workspace_id, claim, priority)
        row = (await connection.execute(statement)).one_or_none()
        if row is not None:
            return execution_of(row)
    return None


async def _all(
    connection: AsyncConnection, workspace_id: WorkspaceId, ids: Sequence[str]
) -> dict[str, Execution]:
    if not ids:
        return {}
    query = select(*WHOLE).where(queries.of_workspace(workspace_id), _rows.id.in_(ids))
    return {row.id: execution_of(row) for row in (await connection.execute(query)).all()}


def _told(
    submitted: Submitted,
    added: set[ExecutionId],
    stands_for: Mapping[str, tuple[str, str]],
    earlier: Mapping[str, Execution],
) -> Added | KeyTaken:
    execution, key = submitted.execution, submitted.key
    if key is None or execution.id in added:
        return Added(execution)
    execution_id, digest = stands_for[key.key]
    if digest != key.body_digest or execution_id not in earlier:
        return KeyTaken()
    return Added(earlier[execution_id], is_replayed=True)
