"""The twin of the store of triggers that lives in memory: for embedding, trials and tests."""

from dataclasses import replace
from datetime import datetime

from runner.cursor import decode_cursor, encode_cursor
from runner.errors import FunctionUnknown
from runner.ports import FunctionStore, Page
from runner.triggers.cron_course import CronCourse, is_rescheduled, opened, reopened
from runner.triggers.errors import TriggersFull
from runner.triggers.memory_courses import MemoryCronCourses
from runner.triggers.order import moved
from runner.triggers.ports import TriggerFilter
from runner.triggers.trigger import MAX_TRIGGERS, Settings, Trigger, TriggerKind
from sanderling.kernel.ids import TriggerId, WorkspaceId


class MemoryTriggerStore:
    """Keep triggers for as long as this process lives; one event loop owns it."""

    def __init__(self, functions: FunctionStore) -> None:
        """Start empty, beside the store of the functions that triggers go with."""
        self._functions = functions
        self._kept: dict[WorkspaceId, list[Trigger]] = {}
        self.courses = MemoryCronCourses(self.find_trigger)

    async def _living(self, workspace_id: WorkspaceId) -> list[Trigger]:
        """Return the triggers whose functions are still there; the others are forgotten."""
        living: list[Trigger] = []
        for trigger in self._kept.get(workspace_id, []):
            function = await self._functions.find_function(workspace_id, trigger.function_name)
            if function is not None and function.id == trigger.function_id:
                living.append(trigger)
        self._kept[workspace_id] = living
        return living

    def _place(self, kept: list[Trigger], trigger_id: TriggerId) -> int | None:
        return next((at for at, one in enumerate(kept) if one.id == trigger_id), None)

    async def add_trigger(self, trigger: Trigger) -> Trigger:
        """Keep a new trigger behind all others."""
        function = await self._functions.find_function(trigger.workspace_id, trigger.function_name)
        if function is None or function.id != trigger.function_id:
            raise FunctionUnknown(name=trigger.function_name)
        kept = await self._living(trigger.workspace_id)
        if len(kept) >= MAX_TRIGGERS:
            raise TriggersFull(limit=MAX_TRIGGERS)
        added = replace(trigger, position=max((one.position for one in kept), default=0) + 1)
        kept.append(added)
        self.courses.put(opened(added, added.created_at))
        return added

    async def find_trigger(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId
    ) -> Trigger | None:
        """Return the trigger of this id."""
        kept = await self._living(workspace_id)
        at = self._place(kept, trigger_id)
        return None if at is None else kept[at]

    async def find_course(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId
    ) -> CronCourse | None:
        """Return how far a cron trigger has come."""
        if await self.find_trigger(workspace_id, trigger_id) is None:
            return None
        return self.courses.kept.get((workspace_id, trigger_id))

    async def list_triggers(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: TriggerFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[Trigger]:
        """Return triggers by position."""
        after = int(decode_cursor("triggers", cursor, int)[0]) if cursor is not None else 0
        rows = [
            trigger
            for trigger in await self._living(workspace_id)
            if trigger.position > after and matching.admits(trigger)
        ]
        page = tuple(rows[:limit])
        more = encode_cursor("triggers", page[-1].position) if len(rows) > limit else None
        return Page(page, more)

    async def enabled_triggers(
        self, workspace_id: WorkspaceId, kind: TriggerKind
    ) -> tuple[Trigger, ...]:
        """Return all triggers of this kind that are enabled, by position."""
        kept = await self._living(workspace_id)
        return tuple(trigger for trigger in kept if trigger.is_enabled and trigger.kind is kind)

    async def save_settings(
        self,
        workspace_id: WorkspaceId,
        trigger_id: TriggerId,
        settings: Settings,
        *,
        saved_at: datetime,
    ) -> Trigger | None:
        """Replace the settings and return the trigger."""
        kept = await self._living(workspace_id)
        at = self._place(kept, trigger_id)
        if at is None:
            return None
        before = kept[at]
        kept[at] = replace(before, settings=settings, updated_at=saved_at)
        if is_rescheduled(before.settings, settings):
            self._reopen(kept[at], saved_at)
        return kept[at]

    async def set_enabled(
        self,
        workspace_id: WorkspaceId,
        trigger_id: TriggerId,
        *,
        is_enabled: bool,
        saved_at: datetime,
    ) -> Trigger | None:
        """Switch a trigger and return it."""
        kept = await self._living(workspace_id)
        at = self._place(kept, trigger_id)
        if at is None:
            return None
        was_enabled = kept[at].is_enabled
        kept[at] = replace(kept[at], is_enabled=is_enabled, updated_at=saved_at)
        if was_enabled is not is_enabled:
            self._reopen(kept[at], saved_at)
        return kept[at]

    def _reopen(self, trigger: Trigger, now: datetime) -> None:
        course = self.courses.kept.get((trigger.workspace_id, trigger.id))
        if course is not None:
            self.courses.put(reopened(course, trigger, now))

    async def move_trigger(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId, *, before: TriggerId | None
    ) -> bool:
        """Put a trigger just before another, or behind all."""
        kept = await self._living(workspace_id)
        order = moved([trigger.id for trigger in kept], trigger_id, before)
        if order is None:
            return False
        by_id = {trigger.id: trigger for trigger in kept}
        self._kept[workspace_id] = [
            replace(by_id[one], position=position) for position, one in enumerate(order, start=1)
        ]
        return True

    async def delete_trigger(self, workspace_id: WorkspaceId, trigger_id: TriggerId) -> bool:
        """Remove a trigger."""
        kept = await self._living(workspace_id)
        at = self._place(kept, trigger_id)
        if at is None:
            return False
        del kept[at]
        return True
