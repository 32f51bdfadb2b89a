"""Record events on their way to functions: an outbox, triggers, a queue, and who delivers."""

import asyncio
from collections.abc import Mapping
from typing import Any

from drivers.memory import Handler
from runner.executions.execution import Execution
from runner.executions.ports import Added
from runner.executions.request import ExecutionRequest, Submitter
from runner.limit_policy import LimitPolicy
from runner.triggers.delivery import RecordDelivery
from runner.triggers.memory import MemoryTriggerStore
from runner.triggers.memory_outbox import MemoryRecordOutbox
from runner.triggers.outbox import OutboxEvent
from runner.triggers.record_events import RecordEvents
from runner.triggers.trigger import RecordWatch, Trigger
from runner.triggers.triggers import Triggers
from sanderling.access.roles import RolePermissions
from sanderling.kernel.errors import StoreUnavailableError
from support.queue import Queue
from support.river import Caller
from support.triggers import a_change


class Mailroom:
    """Everything between a change of a record and the calls that it leads to, in memory."""

    def __init__(
        self, handlers: Mapping[str, Handler] | None = None, *, policy: LimitPolicy | None = None
    ) -> None:
        """Begin with nothing in it."""
        self.queue = Queue(handlers, policy=policy)
        river, permissions = self.queue.river, RolePermissions()
        self.river, self.clock = river, river.clock
        self.outbox = MemoryRecordOutbox()
        self.trigger_store = MemoryTriggerStore(river.store)
        self.triggers = Triggers(
            self.trigger_store, river.store, river.ids, river.clock, river.bus, permissions
        )
        self.events = RecordEvents(self.outbox, river.clock, river.bus, permissions)
        self.away: set[str] = set()
        self.asked = 0

    async def caller(self) -> Caller:
        """Return somebody who may do everything."""
        return await self.river.caller()

    async def watch(
        self, caller: Caller, name: str, event_name: str = "*.*", *fields: str
    ) -> Trigger:
        """Publish a function, unless it is there, and let it watch."""
        if await self.river.store.find_function(self.river.here, name) is None:
            await self.river.publish(caller, name)
        return await self.triggers.create(caller.principal, name, RecordWatch(event_name, fields))

    async def announce(self, caller: Caller, event_id: str = "evt_1", **changed: Any) -> object:
        """Tell of one change and return what is said of it."""
        change = a_change(event_id, workspace_id=caller.principal.workspace_id, **changed)
        (answer,) = await self.events.announce(caller.principal, [change])
        return answer

    def delivery(self) -> RecordDelivery:
        """Return one more process that delivers."""
        return RecordDelivery(
            self.outbox,
            self.trigger_store,
            self,
            self.river.ids,
            self.clock,
            random=lambda: 0.5,
        )

    async def submit_for(self, submitter: Submitter, request: ExecutionRequest) -> Added:
        """Submit as the queue does, unless the function is one of those that are `away`."""
        self.asked += 1
        # Where a database would make everybody wait.
        await asyncio.sleep(0)
        if request.function in self.away:
            raise StoreUnavailableError(reason="it is away")
        return await self.queue.submission.submit_for(submitter, request)

    async def event(self, event_id: str = "evt_1") -> OutboxEvent:
        """Return an event as it is kept."""
        found = await self.outbox.find(self.river.here, event_id)
        assert found is not None
        return found

    def queued(self) -> list[Execution]:
        """Return every execution that was queued, oldest first."""
        return list(self.queue.announced)
