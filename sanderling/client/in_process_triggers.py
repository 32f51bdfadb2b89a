"""Triggers without a server: the use-case, in this process, past the same gate as over HTTP."""

from collections.abc import Awaitable, Callable

from runner.triggers.ports import TriggerFilter
from runner.triggers.trigger import Trigger, TriggerKind
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.api.record_event_models import AskedRecordEvents, RecordEventsAnswer
from sanderling.api.services import Services
from sanderling.api.trigger_models import (
    AskedMove,
    AskedTrigger,
    AskedTriggerChange,
    ShownTrigger,
    TriggerPage,
)
from sanderling.client.triggers_transport import AskedTriggers

READ = Permission.FUNCTIONS_READ
WRITE = Permission.FUNCTIONS_WRITE

Admit = Callable[[Permission], Awaitable[Principal]]


class InProcessTriggers:
    """Work on the triggers themselves."""

    def __init__(self, services: Callable[[], Services], admit: Admit) -> None:
        """Ask for `services` once they are open, and `admit` who may."""
        self._services = services
        self._admit = admit

    async def create(self, asked: AskedTrigger) -> ShownTrigger:
        """Create a trigger."""
        principal = await self._admit(WRITE)
        return await self._shown(
            await self._services().triggers.create(
                principal,
                asked.function,
                asked.settings.settings(),
                is_enabled=asked.is_enabled,
            )
        )

    async def get(self, trigger_id: str) -> ShownTrigger:
        """Return one trigger."""
        return await self._shown(
            await self._services().triggers.get(await self._admit(READ), trigger_id)
        )

    async def list(self, asked: AskedTriggers) -> TriggerPage:
        """Return triggers by position."""
        kind = None if asked.kind is None else TriggerKind(asked.kind)
        page = await self._services().triggers.list(
            await self._admit(READ),
            matching=TriggerFilter(function=asked.function, kind=kind),
            limit=asked.limit,
            cursor=asked.cursor,
        )
        return TriggerPage.of(page)

    async def change(self, trigger_id: str, asked: AskedTriggerChange) -> ShownTrigger:
        """Replace the settings of a trigger."""
        principal, settings = await self._admit(WRITE), asked.settings.settings()
        return await self._shown(
            await self._services().triggers.change(principal, trigger_id, settings)
        )

    async def enable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make calls."""
        principal = await self._admit(WRITE)
        return await self._shown(await self._services().triggers.enable(principal, trigger_id))

    async def disable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make no further calls."""
        principal = await self._admit(WRITE)
        return await self._shown(await self._services().triggers.disable(principal, trigger_id))

    async def move(self, trigger_id: str, asked: AskedMove) -> ShownTrigger:
        """Put a trigger at another place."""
        principal = await self._admit(WRITE)
        return await self._shown(
            await self._services().triggers.move(principal, trigger_id, before=asked.before)
        )

    async def announce(self, asked: AskedRecordEvents) -> RecordEventsAnswer:
        """Tell of changes of records."""
        principal = await self._admit(Permission.RECORDS_ANNOUNCE)
        answers = await self._services().record_events.announce(
            principal, [each.changed(principal.workspace_id) for each in asked.events]
        )
        return RecordEventsAnswer.of(asked, answers, self._services().ids.request())

    async def delete(self, trigger_id: str) -> None:
        """Delete a trigger."""
        await self._services().triggers.delete(await self._admit(WRITE), trigger_id)

    async def _shown(self, trigger: Trigger) -> ShownTrigger:
        return ShownTrigger.seen(trigger, await self._services().triggers.standing_of(trigger))
