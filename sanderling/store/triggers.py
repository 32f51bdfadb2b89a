"""Triggers on SQL."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from runner.cursor import decode_cursor, encode_cursor
from runner.errors import FunctionUnknown
from runner.ports import Page
from runner.triggers.cron_course import CronCourse, is_rescheduled, opened, reopened
from runner.triggers.errors import TriggerRefused, TriggersFull
from runner.triggers.order import moved
from runner.triggers.ports import TriggerFilter
from runner.triggers.trigger import MAX_TRIGGERS, Settings, Trigger, TriggerKind
from sanderling.kernel.ids import TriggerId, WorkspaceId
from sanderling.store.columns import is_storable
from sanderling.store.cron_courses import at_course, course_columns, course_of
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, AnySelect, page_of, read_all, read_one
from sanderling.store.schema import cron_courses, functions, triggers, workspaces
from sanderling.store.trigger_rows import trigger_of
from sanderling.store.trigger_settings import settings_text


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
            course = opened(trigger, trigger.created_at)
            if course is not None:
                await connection.execute(cron_courses.insert().values(course_columns(course)))
            query = _one(trigger.workspace_id, trigger.id)
            return trigger_of((await connection.execute(query)).one())

    async def find_trigger(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId
    ) -> Trigger | None:
        """Return the trigger of this id."""
        if not is_storable(trigger_id):
            return None
        return await read_one(self._database, _one(workspace_id, trigger_id), trigger_of)

    async def find_course(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId
    ) -> CronCourse | None:
        """Return how far a cron trigger has come."""
        if not is_storable(trigger_id):
            return None
        query = select(cron_courses).where(at_course(workspace_id, trigger_id))
        return await read_one(self._database, query, course_of)

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
        found = await read_all(self._database, query, trigger_of)
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
        return await read_all(self._database, query, trigger_of)

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
        query = _one(workspace_id, trigger_id)
        async with self._database.write() as connection:
            locked = query.with_for_update(of=triggers)
            before = (await connection.execute(locked)).one_or_none()
            if before is None:
                return None
            await connection.execute(change)
            after = trigger_of((await connection.execute(query)).one())
            if _is_new_course(before, after):
                await _reopen(connection, after)
        return after

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


def _is_new_course(before: AnyRow, after: Trigger) -> bool:
    if before.is_enabled is not after.is_enabled:
        return True
    # Settings that cannot be read any more are replaced by those that can.
    try:
        return is_rescheduled(trigger_of(before).settings, after.settings)
    except TriggerRefused:
        return True


async def _reopen(connection: AsyncConnection, trigger: Trigger) -> None:
    """Let the moments of a cron trigger count from its change on."""
    place = at_course(trigger.workspace_id, trigger.id)
    kept = (await connection.execute(select(cron_courses).where(place).with_for_update())).first()
    if kept is not None:
        course = reopened(course_of(kept), trigger, trigger.updated_at)
        await connection.execute(update(cron_courses).where(place).values(course_columns(course)))


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
