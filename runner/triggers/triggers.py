"""What people do with triggers: make, change, order, switch, delete."""

import structlog

from runner.errors import FunctionUnknown
from runner.function import is_name
from runner.ports import FunctionStore, Page
from runner.triggers.errors import TriggerRefused, TriggerUnknown
from runner.triggers.ports import TriggerFilter, TriggerStore
from runner.triggers.route_pattern import read_pattern
from runner.triggers.standing import Standing, next_runs
from runner.triggers.trigger import HTTPRoute, Settings, Trigger, TriggerKind
from sanderling.access.permission import Permission, Permissions, require
from sanderling.access.principal import Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus, TriggersChanged
from sanderling.kernel.ids import Ids, TriggerId, is_id

log = structlog.get_logger()

ANY = TriggerFilter()


class Triggers:
    """Change and show the triggers of the principal's own workspace.

    Every method takes the principal first and raises `Forbidden` when it does not hold
    `functions.read`, or `functions.write` for a change. What changes is announced on the bus once
    it is kept. When the database is away they raise `StoreUnavailableError`.
    """

    def __init__(
        self,
        store: TriggerStore,
        functions: FunctionStore,
        ids: Ids,
        clock: Clock,
        bus: EventBus,
        permissions: Permissions,
    ) -> None:
        """Keep triggers in `store`, for functions that `functions` knows."""
        self._store = store
        self._functions = functions
        self._ids = ids
        self._clock = clock
        self._bus = bus
        self._permissions = permissions

    async def create(
        self, principal: Principal, function: str, settings: Settings, *, is_enabled: bool = True
    ) -> Trigger:
        """Return a new trigger of a function, behind all others.

        Raises:
            FunctionUnknown: there is no function of this name.
            TriggersFull: the workspace has as many triggers as it may.

        """
        require(self._permissions, principal, Permission.FUNCTIONS_WRITE)
        found = None
        if is_name(function):
            found = await self._functions.find_function(principal.workspace_id, function)
        if found is None:
            raise FunctionUnknown(name=function)
        now = self._clock.now()
        trigger = await self._store.add_trigger(
            Trigger(
                id=self._ids.trigger(),
                workspace_id=principal.workspace_id,
                function_id=found.id,
                function_name=found.name,
                settings=settings,
                created_at=now,
                updated_at=now,
                is_enabled=is_enabled,
            )
        )
        self._announce(trigger, "trigger.created")
        return trigger

    async def get(self, principal: Principal, trigger_id: str) -> Trigger:
        """Return the trigger of this id.

        Raises:
            TriggerUnknown: there is none.

        """
        return await self._find(principal, trigger_id, Permission.FUNCTIONS_READ)

    async def standing_of(self, trigger: Trigger) -> Standing:
        """Return what is before a trigger, and what is to come of it."""
        course = None
        if trigger.kind is TriggerKind.CRON:
            course = await self._store.find_course(trigger.workspace_id, trigger.id)
        runs = next_runs(trigger, self._clock.now())
        return Standing(await self.shadow_of(trigger), runs, course)

    async def shadow_of(self, trigger: Trigger) -> Trigger | None:
        """Return the enabled trigger before this one that takes every request it could take."""
        settings = trigger.settings
        if not isinstance(settings, HTTPRoute):
            return None
        pattern = read_pattern(settings.path)
        for other in await self._store.enabled_triggers(trigger.workspace_id, TriggerKind.HTTP):
            if other.position >= trigger.position:
                break
            theirs = other.settings
            if (
                isinstance(theirs, HTTPRoute)
                and theirs.http_method is settings.http_method
                and read_pattern(theirs.path).covers(pattern)
            ):
                return other
        return None

    async def list(
        self,
        principal: Principal,
        *,
        matching: TriggerFilter = ANY,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Trigger]:
        """Return triggers by position; a function that cannot be has none.

        Raises:
            CursorRefused: the cursor was not made by this list.

        """
        require(self._permissions, principal, Permission.FUNCTIONS_READ)
        if matching.function is not None and not is_name(matching.function):
            return Page(())
        return await self._store.list_triggers(
            principal.workspace_id, matching=matching, limit=limit, cursor=cursor
        )

    async def change(self, principal: Principal, trigger_id: str, settings: Settings) -> Trigger:
        """Return the trigger with its settings replaced as a whole.

        Raises:
            TriggerUnknown: there is no trigger of this id.
            TriggerRefused: the settings are those of another kind.

        """
        before = await self._find(principal, trigger_id, Permission.FUNCTIONS_WRITE)
        if before.kind is not settings.kind:
            raise TriggerRefused(
                field=settings.kind, reason=f"this is a trigger of the kind {before.kind}"
            )
        saved = await self._store.save_settings(
            before.workspace_id, before.id, settings, saved_at=self._clock.now()
        )
        return self._changed(trigger_id, saved, "trigger.changed")

    async def enable(self, principal: Principal, trigger_id: str) -> Trigger:
        """Return the trigger, which works from now on.

        Raises:
            TriggerUnknown: there is no trigger of this id.

        """
        return await self._switch(principal, trigger_id, is_enabled=True)

    async def disable(self, principal: Principal, trigger_id: str) -> Trigger:
        """Return the trigger, which makes no further calls.

        Raises:
            TriggerUnknown: there is no trigger of this id.

        """
        return await self._switch(principal, trigger_id, is_enabled=False)

    async def move(self, principal: Principal, trigger_id: str, *, before: str | None) -> Trigger:
        """Return the trigger at its new place: just before another one, or behind all.

        Raises:
            TriggerUnknown: one of the two is not there.

        """
        trigger = await self._find(principal, trigger_id, Permission.FUNCTIONS_WRITE)
        other = None
        if before is not None:
            other = (await self._find(principal, before, Permission.FUNCTIONS_WRITE)).id
        if not await self._store.move_trigger(trigger.workspace_id, trigger.id, before=other):
            raise TriggerUnknown(trigger_id=trigger_id)
        moved = await self._store.find_trigger(trigger.workspace_id, trigger.id)
        return self._changed(trigger_id, moved, "trigger.moved")

    async def delete(self, principal: Principal, trigger_id: str) -> None:
        """Remove a trigger; calls that it made stay.

        Raises:
            TriggerUnknown: there is no trigger of this id.

        """
        trigger = await self._find(principal, trigger_id, Permission.FUNCTIONS_WRITE)
        if not await self._store.delete_trigger(trigger.workspace_id, trigger.id):
            raise TriggerUnknown(trigger_id=trigger_id)
        self._announce(trigger, "trigger.deleted")

    async def _switch(self, principal: Principal, trigger_id: str, *, is_enabled: bool) -> Trigger:
        trigger = await self._find(principal, trigger_id, Permission.FUNCTIONS_WRITE)
        saved = await self._store.set_enabled(
            trigger.workspace_id, trigger.id, is_enabled=is_enabled, saved_at=self._clock.now()
        )
        return self._changed(trigger_id, saved, "trigger.switched")

    async def _find(self, principal: Principal, trigger_id: str, permission: Permission) -> Trigger:
        require(self._permissions, principal, permission)
        found = None
        if is_id(trigger_id, "trg"):
            found = await self._store.find_trigger(principal.workspace_id, TriggerId(trigger_id))
        if found is None:
            raise TriggerUnknown(trigger_id=trigger_id)
        return found

    def _changed(self, trigger_id: str, trigger: Trigger | None, event: str) -> Trigger:
        if trigger is None:
            raise TriggerUnknown(trigger_id=trigger_id)
        self._announce(trigger, event)
        return trigger

    def _announce(self, trigger: Trigger, event: str) -> None:
        log.info(
            event,
            trigger_id=trigger.id,
            workspace_id=trigger.workspace_id,
            kind=trigger.kind.value,
            is_enabled=trigger.is_enabled,
        )
        self._bus.publish(TriggersChanged(trigger.workspace_id))
