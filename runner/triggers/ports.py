"""What triggers need from others; the adapters live in `sanderling.store` and beside us."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runner.ports import Page
from runner.triggers.cron_course import CronCourse
from runner.triggers.trigger import Settings, Trigger, TriggerKind
from sanderling.kernel.ids import TriggerId, WorkspaceId


@dataclass(frozen=True, slots=True)
class TriggerFilter:
    """Which triggers to list; None means any."""

    function: str | None = None
    kind: TriggerKind | None = None

    def admits(self, trigger: Trigger) -> bool:
        """Claim that `trigger` is one of those to list."""
        return (self.function is None or trigger.function_name == self.function) and (
            self.kind is None or trigger.kind is self.kind
        )


class TriggerStore(Protocol):
    """Keep triggers in their order; every method works inside the one workspace it is given.

    A trigger goes with its function: whoever deletes the function deletes it. Ids that no row
    could have are simply not found. When the database is away or refuses, every method raises
    `StoreUnavailableError` and nothing was written.

    With a cron trigger its course is opened. It is opened anew, from the moment of the change, when
    the trigger is switched or gets another schedule, and stays as it is with any other change.
    """

    async def add_trigger(self, trigger: Trigger) -> Trigger:
        """Keep a new trigger behind all others and return it; its `position` is ignored.

        Raises:
            FunctionUnknown: the workspace has no such function, or no longer.
            TriggersFull: it has as many triggers as it may.

        """
        ...

    async def find_trigger(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId
    ) -> Trigger | None:
        """Return the trigger of this id."""
        ...

    async def find_course(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId
    ) -> CronCourse | None:
        """Return how far a cron trigger has come; None when there is none of this id."""
        ...

    async def list_triggers(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: TriggerFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[Trigger]:
        """Return triggers by position; `cursor` is the `next_cursor` of an earlier page.

        Raises:
            CursorRefused: the cursor was not made here.

        """
        ...

    async def enabled_triggers(
        self, workspace_id: WorkspaceId, kind: TriggerKind
    ) -> tuple[Trigger, ...]:
        """Return all triggers of this kind that are enabled, by position."""
        ...

    async def save_settings(
        self,
        workspace_id: WorkspaceId,
        trigger_id: TriggerId,
        settings: Settings,
        *,
        saved_at: datetime,
    ) -> Trigger | None:
        """Replace the settings and return the trigger; None when there is none of this id."""
        ...

    async def set_enabled(
        self,
        workspace_id: WorkspaceId,
        trigger_id: TriggerId,
        *,
        is_enabled: bool,
        saved_at: datetime,
    ) -> Trigger | None:
        """Switch a trigger and return it; None when there is none of this id."""
        ...

    async def move_trigger(
        self, workspace_id: WorkspaceId, trigger_id: TriggerId, *, before: TriggerId | None
    ) -> bool:
        """Put a trigger just before another, or behind all; False when one is not there."""
        ...

    async def delete_trigger(self, workspace_id: WorkspaceId, trigger_id: TriggerId) -> bool:
        """Remove a trigger; False when there is none of this id."""
        ...
