"""The outbox of record events on SQL."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from runner.triggers.outbox import EventState, OutboxEvent, claimed
from sanderling.kernel.events import RecordOperation
from sanderling.kernel.ids import TriggerId, WorkspaceId
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.row_insert import RowInsert
from sanderling.store.rows import AnyRow, read_one
from sanderling.store.schema import record_events


class SQLRecordOutbox:
    """Keep record events in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database
        self._insert = RowInsert(database.insert_missing(record_events))

    async def write(self, connection: AsyncConnection, events: Sequence[OutboxEvent]) -> None:
        """Keep new events in a transaction of somebody else; those that are known stay.

        Whoever changes records calls this in the transaction that changes them: then there is an
        event if, and only if, the record has changed.
        """
        await self._insert.run(connection, list(map(_columns, events)))

    async def add(self, events: Sequence[OutboxEvent]) -> tuple[bool, ...]:
        """Keep new events; False for each that was known by its id."""
        if not events:
            return ()
        table = record_events.c
        insert = self._database.insert_missing(record_events).returning(
            table.workspace_id, table.id
        )
        async with self._database.write() as connection:
            found = await connection.execute(insert, list(map(_columns, events)))
            added = {(row.workspace_id, row.id) for row in found}
        # Of those that come twice in one call the first one was kept.
        return tuple(_is_first(event, added) for event in events)

    async def claim(
        self, now: datetime, *, lease_until: datetime, limit: int
    ) -> Sequence[OutboxEvent]:
        """Return events that are due, earliest due first, claimed until then."""
        table = record_events.c
        due = (
            select(record_events)
            .where(
                table.state == EventState.WAITING.value,
                table.due_at <= now,
                or_(table.lease_until.is_(None), table.lease_until <= now),
            )
            .order_by(table.due_at, table.workspace_id, table.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as connection:
            rows = (await connection.execute(due)).all()
            if not rows:
                return ()
            places = [(row.workspace_id, row.id) for row in rows]
            await connection.execute(
                update(record_events)
                .where(tuple_(table.workspace_id, table.id).in_(places))
                .values(attempts=table.attempts + 1, fence=table.fence + 1, lease_until=lease_until)
            )
        return tuple(claimed(_event(row), lease_until) for row in rows)

    async def settle(self, event: OutboxEvent) -> bool:
        """Write what became of an event that was claimed."""
        table = record_events.c
        change = (
            update(record_events)
            .where(
                table.workspace_id == event.workspace_id,
                table.id == event.id,
                table.fence == event.fence,
                table.lease_until.is_not(None),
            )
            .values(
                state=event.state.value,
                due_at=event.due_at,
                delivered=json.dumps(event.delivered),
                detail=event.detail,
                lease_until=None,
            )
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def find(self, workspace_id: WorkspaceId, event_id: str) -> OutboxEvent | None:
        """Return one event of this workspace."""
        if not is_storable(event_id):
            return None
        query = select(record_events).where(
            record_events.c.workspace_id == workspace_id, record_events.c.id == event_id
        )
        return await read_one(self._database, query, _event)

    async def count_waiting(self) -> int:
        """Return how many events of all workspaces wait."""
        query = select(func.count()).where(record_events.c.state == EventState.WAITING.value)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def forget(self, *, created_before: datetime, limit: int) -> int:
        """Remove at most `limit` events that do not wait any more."""
        table = record_events.c
        old = (
            select(table.workspace_id, table.id)
            .where(table.created_at < created_before, table.state != EventState.WAITING.value)
            .limit(limit)
        )
        async with self._database.write() as connection:
            places = [(row.workspace_id, row.id) for row in await connection.execute(old)]
            if places:
                await connection.execute(
                    record_events.delete().where(tuple_(table.workspace_id, table.id).in_(places))
                )
        return len(places)


def _is_first(event: OutboxEvent, added: set[tuple[str, str]]) -> bool:
    place = (event.workspace_id, event.id)
    is_first = place in added
    added.discard(place)
    return is_first


def _columns(event: OutboxEvent) -> dict[str, object]:
    return {
        "workspace_id": event.workspace_id,
        "id": event.id,
        "object": event.object,
        "operation": event.operation.value,
        "updated_fields": _list(event.updated_fields),
        "event": event.event_json,
        "state": event.state.value,
        "attempts": event.attempts,
        "delivered": _list(event.delivered),
        "due_at": event.due_at,
        "lease_until": event.lease_until,
        "fence": event.fence,
        "detail": event.detail,
        "created_at": event.created_at,
    }


def _list(words: Sequence[str]) -> str:
    # Of most events that are new both lists are empty.
    return json.dumps(words) if words else "[]"


def _event(row: AnyRow) -> OutboxEvent:
    return OutboxEvent(
        workspace_id=WorkspaceId(row.workspace_id),
        id=row.id,
        object=row.object,
        operation=RecordOperation(row.operation),
        updated_fields=tuple(json.loads(row.updated_fields)),
        event_json=bytes(row.event),
        created_at=row.created_at,
        due_at=row.due_at,
        state=EventState(row.state),
        attempts=row.attempts,
        delivered=tuple(TriggerId(each) for each in json.loads(row.delivered)),
        lease_until=row.lease_until,
        fence=row.fence,
        detail=row.detail,
    )
