"""Triggers on SQL."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from runner.cursor import decode_cursor, encode_cursor
from runner.errors import FunctionUnknown
from runner.ports import Page
from runner.triggers.errors import TriggersFull
from runner.triggers.order import moved
from runner.triggers.ports import TriggerFilter
from runner.triggers.trigger import MAX_TRIGGERS, Settings, Trigger, TriggerKind
from sanderling.kernel.ids import FunctionId, TriggerId, WorkspaceId
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, AnySelect, page_of, read_all, read_one
from sanderling.store.schema import functions, triggers, workspaces
from sanderling.store.trigger_settings import settings_from_text, settings_text


class SQLTriggerStore:
    """Keep triggers in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def add_trigger(self, trigger: Trigger) -> Trigger:
        """Keep a new trigger behind all others."""
        async with self._database.write() as connection:
            await _lock(connection, trigger.workspace_id)
            function = select(functions.c.name).where(
                functions.c.workspace_id == trigger.workspace_id,
                functions.c.id == trigger.function_id,
            )
            # The lock keeps the function from being deleted between the two steps.
            if (await connection.execute(function.with_for_update())).one_or_none() is None:
                raise FunctionUnknown(name=trigger.function_name)
            of_workspace = triggers.c.workspace_id == trigger.workspace_id
            counted = select(func.count(), func.max(triggers.c.position)).where(of_workspace)
            count, last = (await connection.execute(counted)).one()
            if count >= MAX_TRIGGERS:
                raise TriggersFull(limit=MAX_TRIGGERS)
            await connection.execute(
                triggers.insert().values(
                    workspace_id=trigger.workspace_id,
                    id=trigger.id,
                    function_id=trigger.function_id,
                    kind=trigger.kind.value,
                    position=(last or 0) + 1,
                    is_enabled=trigger.is_enabled,
                    settings=settings_text(trigger.settings),
                    created_at=trigger.created_at,
                    updated_at=trigger.updated_at,
                )
            )
            query = _one(trigger.workspace_id, trigger.id)
            return _trigger((await connection.execute(query)).one())

    async def find_trigger(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId
    ) -> Trigger | None:
        """Return the trigger of this id."""
        if not is_storable(trigger_id):
            return None
        return await read_one(self._database, _one(workspace_id, trigger_id), _trigger)

    async def list_triggers(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: TriggerFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[Trigger]:
        """Return triggers by position."""
        query = _all(workspace_id)
        if matching.function is not None:
            query = query.where(functions.c.name == matching.function)
        if matching.kind is not None:
            query = query.where(triggers.c.kind == matching.kind.value)
        if cursor is not None:
            query = query.where(triggers.c.position > decode_cursor("triggers", cursor, int)[0])
        query = query.order_by(triggers.c.position).limit(limit + 1)
        found = await read_all(self._database, query, _trigger)
        return page_of(found, limit, lambda trigger: encode_cursor("triggers", trigger.position))

    async def enabled_triggers(
        self, workspace_id: WorkspaceId, kind: TriggerKind
    ) -> tuple[Trigger, ...]:
        """Return all triggers of this kind that are enabled, by position."""
        query = (
            _all(workspace_id)
            .where(triggers.c.kind == kind.value, triggers.c.is_enabled)
            .order_by(triggers.c.position)
        )
        return await read_all(self._database, query, _trigger)

    async def save_settings(
        self,
        workspace_id: WorkspaceId,
        trigger_id: TriggerId,
        settings: Settings,
        *,
        saved_at: datetime,
    ) -> Trigger | None:
        """Replace the settings and return the trigger."""
        values = {"settings": settings_text(settings), "updated_at": saved_at}
        return await self._change(workspace_id, trigger_id, values)

    async def set_enabled(
        self,
        workspace_id: WorkspaceId,
        trigger_id: TriggerId,
        *,
        is_enabled: bool,
        saved_at: datetime,
    ) -> Trigger | None:
        """Switch a trigger and return it."""
        values = {"is_enabled": is_enabled, "updated_at": saved_at}
        return await self._change(workspace_id, trigger_id, values)

    async def _change(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId, values: Mapping[str, object]
    ) -> Trigger | None:
        change = (
            update(triggers)
            .where(triggers.c.workspace_id == workspace_id, triggers.c.id == trigger_id)
            .values(values)
        )
        async with self._database.write() as connection:
            await connection.execute(change)
            row = (await connection.execute(_one(workspace_id, trigger_id))).one_or_none()
        return None if row is None else _trigger(row)

    async def move_trigger(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId, *, before: TriggerId | None
    ) -> bool:
        """Put a trigger just before another, or behind all."""
        places = (
            select(triggers.c.id, triggers.c.position)
            .where(triggers.c.workspace_id == workspace_id)
            .order_by(triggers.c.position)
        )
        async with self._database.write() as connection:
            await _lock(connection, workspace_id)
            old = {TriggerId(row.id): row.position for row in await connection.execute(places)}
            order = moved(list(old), trigger_id, before)
            if order is None:
                return False
            for position, one in enumerate(order, start=1):
                if old[one] != position:
                    await connection.execute(
                        update(triggers)
                        .where(triggers.c.workspace_id == workspace_id, triggers.c.id == one)
                        .values(position=position)
                    )
        return True

    async def delete_trigger(self, workspace_id: WorkspaceId, trigger_id: TriggerId) -> bool:
        """Remove a trigger."""
        removal = triggers.delete().where(
            triggers.c.workspace_id == workspace_id, triggers.c.id == trigger_id
        )
        async with self._database.write() as connection:
            return (await connection.execute(removal)).rowcount == 1


async def _lock(connection: AsyncConnection, workspace_id: WorkspaceId) -> None:
    """Let nobody else count or order the triggers of this workspace until the end."""
    await connection.execute(
        select(workspaces.c.id).where(workspaces.c.id == workspace_id).with_for_update()
    )


def _all(workspace_id: WorkspaceId) -> AnySelect:
    return (
        select(triggers, functions.c.name.label("function_name"))
        .join(
            functions,
            (functions.c.workspace_id == triggers.c.workspace_id)
            & (functions.c.id == triggers.c.function_id),
        )
        .where(triggers.c.workspace_id == workspace_id)
    )


def _one(workspace_id: WorkspaceId, trigger_id: TriggerId) -> AnySelect:
    return _all(workspace_id).where(triggers.c.id == trigger_id)


def _trigger(row: AnyRow) -> Trigger:
    return Trigger(
        id=TriggerId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        function_id=FunctionId(row.function_id),
        function_name=row.function_name,
        settings=settings_from_text(row.kind, row.settings),
        created_at=row.created_at,
        updated_at=row.updated_at,
        position=row.position,
        is_enabled=row.is_enabled,
    )
