"""Cron triggers on their way to functions: triggers, a queue, and who sweeps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from drivers.memory import Handler
from runner.executions.execution import Execution
from runner.executions.ports import Added
from runner.executions.request import ExecutionRequest, Submitter
from runner.limit_policy import LimitPolicy
from runner.triggers.cron_course import CronCourse, CronOutlook, CronTurn
from runner.triggers.cron_sweep import CronSweep, Means
from runner.triggers.memory import MemoryTriggerStore
from runner.triggers.trigger import CronSchedule, Trigger
from runner.triggers.triggers import Triggers
from sanderling.access.roles import RolePermissions
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.jsontext import decode
from support.queue import Queue
from support.river import Caller


class Killed(BaseException):
    """The process that swept is gone."""


class Timetable:
    """Everything between a moment and the calls that it leads to, in memory.

    `dies_at` names the step at which whoever sweeps next ends: `claimed`, `decided`, `submitting`,
    `submitted` or `saved`.
    """

    def __init__(
        self, handlers: Mapping[str, Handler] | None = None, *, policy: LimitPolicy | None = None
    ) -> None:
        """Begin with nothing in it."""
        self.queue = Queue(handlers, policy=policy)
        river = self.queue.river
        self.river, self.clock = river, river.clock
        self.store = MemoryTriggerStore(river.store)
        self.triggers = Triggers(
            self.store, river.store, river.ids, river.clock, river.bus, RolePermissions()
        )
        self.away: set[str] = set()
        self.defects: set[str] = set()
        self.dies_at: str | None = None
        self._saves = 0

    async def caller(self) -> Caller:
        """Return somebody who may do everything."""
        return await self.river.caller()

    async def schedule(
        self, caller: Caller, expression: str = "* * * * *", name: str = "echo", **more: Any
    ) -> Trigger:
        """Publish a function, unless it is there, and let it run on a schedule."""
        if await self.river.store.find_function(self.river.here, name) is None:
            await self.river.publish(caller, name)
        settings = CronSchedule(expression, **more)
        return await self.triggers.create(caller.principal, name, settings)

    def sweeper(self) -> CronSweep:
        """Return one more process that sweeps."""
        river = self.river
        return CronSweep(
            Means(self, self, self.queue.store, river.ids, self.clock, river.bus, lambda: 0.5)
        )

    async def sweep(self) -> None:
        """Sweep until nothing is left, in a new process."""
        sweeper = self.sweeper()
        while await sweeper.sweep():
            pass

    async def course(self, trigger: Trigger) -> CronCourse:
        """Return how far a trigger has come."""
        found = await self.store.find_course(trigger.workspace_id, trigger.id)
        assert found is not None
        return found

    def ticks(self, name: str = "echo") -> list[str]:
        """Return the moments of the calls that were queued of a function, in that order."""
        events = [decode(each.event_json) for each in self.queued() if each.function_name == name]
        return [str(event["scheduledAt"]) for event in events if isinstance(event, dict)]

    def queued(self) -> list[Execution]:
        """Return every execution that was queued, oldest first."""
        return list(self.queue.announced)

    async def claim(
        self, now: datetime, *, lease_until: datetime, limit: int
    ) -> Sequence[CronTurn]:
        """Claim, and perhaps end."""
        self._saves = 0
        turns = await self.store.courses.claim(now, lease_until=lease_until, limit=limit)
        self._pass("claimed")
        return turns

    async def save(self, courses: Sequence[CronCourse]) -> tuple[bool, ...]:
        """Save what was decided, or at the end what became of it, and perhaps end."""
        saved = await self.store.courses.save(courses)
        self._pass("decided" if self._saves == 0 else "saved")
        self._saves += 1
        return saved

    async def next_due_at(self, after: datetime) -> datetime | None:
        """Return the first moment later than `after` at which a course is due."""
        return await self.store.courses.next_due_at(after)

    async def outlook(self, now: datetime) -> CronOutlook:
        """Return what is to come in all workspaces."""
        return await self.store.courses.outlook(now)

    async def submit_for(self, submitter: Submitter, request: ExecutionRequest) -> Added:
        """Submit as the queue does, unless the function is one of those that are `away`."""
        self._pass("submitting")
        if request.function in self.away:
            raise StoreUnavailableError(reason="it is away")
        if request.function in self.defects:
            raise RuntimeError(request.function)
        added = await self.queue.submission.submit_for(submitter, request)
        self._pass("submitted")
        return added

    def _pass(self, step: str) -> None:
        if self.dies_at == step:
            self.dies_at = None
            raise Killed
