"""What people do with executions: look, wait, cancel, replay."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from runner.executions.attendant import note_end
from runner.executions.errors import ExecutionNotEnded, ExecutionUnknown, FollowersFull
from runner.executions.execution import Execution, ExecutionStatus
from runner.executions.ports import Added, ExecutionFilter, ExecutionStore
from runner.executions.progress import BEGINNING, News, NewsKind, Progress
from runner.executions.request import ExecutionRequest
from runner.executions.submission import Submission, Told
from runner.executions.watch import Event, Watch
from runner.function import is_name
from runner.ports import Page
from sanderling.access.permission import Permission, Permissions, require
from sanderling.access.principal import Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import ExecutionId, RequestId, WorkspaceId, is_id

log = structlog.get_logger()

ANY = ExecutionFilter()
LONGEST_WAIT_S = 60.0
MOST_FOLLOWED = 100
"""How many of one workspace's executions are followed at once from one process: each holds a
connection for as long as the execution lasts, which may be a year, and other workspaces need some
as well."""


def _nobody(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Desk:
    """What the use-cases work with.

    `end` ends a guest that runs in this process; `on_wait` hears that somebody begins to wait.
    """

    store: ExecutionStore
    submission: Submission
    progress: Progress
    permissions: Permissions
    clock: Clock
    bus: EventBus
    end: Callable[[ExecutionId], None]
    on_wait: Callable[[], None]


class Executions:
    """Show and steer the executions of the principal's own workspace.

    Looking and waiting need `calls.read`. Cancelling and replaying need `functions.call` for what
    was queued with the principal's own key, and `executions.manage` as well for the rest. Every
    method raises `Forbidden` without them, `ExecutionUnknown` where the workspace has no such
    execution, and `StoreUnavailableError` when the database is away.
    """

    def __init__(self, desk: Desk) -> None:
        """Work with what is on `desk`."""
        self._desk = desk
        self._watch = Watch(desk.store, desk.progress, desk.clock)
        self._followers: Counter[WorkspaceId] = Counter()

    async def get(
        self, principal: Principal, execution_id: str, *, wait_s: float = 0.0
    ) -> Execution:
        """Return one execution; with `wait_s` once it has ended, or after so many seconds."""
        execution = await self._find(principal, execution_id, Permission.CALLS_READ)
        if wait_s > 0:
            self._desk.on_wait()
        return await self._watch.wait_end(execution, min(wait_s, LONGEST_WAIT_S))

    async def list(
        self,
        principal: Principal,
        *,
        matching: ExecutionFilter = ANY,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Execution]:
        """Return executions, newest first, without their events and answers.

        Raises:
            CursorRefused: the cursor was not made by this list.

        """
        require(self._desk.permissions, principal, Permission.CALLS_READ)
        if matching.function is not None and not is_name(matching.function):
            return Page(())
        return await self._desk.store.list(
            principal.workspace_id, matching=matching, limit=limit, cursor=cursor
        )

    async def follow(
        self, principal: Principal, execution_id: str, *, after: str = BEGINNING
    ) -> AsyncGenerator[Event]:
        """Return what happens to one execution, from the place `after` on, to its end.

        Raises:
            FollowersFull: too many of the workspace's are followed from this process.

        """
        execution = await self._find(principal, execution_id, Permission.CALLS_READ)
        if self._followers[execution.workspace_id] >= MOST_FOLLOWED:
            raise FollowersFull(limit=MOST_FOLLOWED)
        self._desk.on_wait()
        return self._counted(execution, after)

    async def _counted(self, execution: Execution, after: str) -> AsyncGenerator[Event]:
        """Follow while there is room: it is counted from here on, so that who never begins is not.

        Those that were let in at the same moment and are too many end at once, and come again.
        """
        followers, workspace_id = self._followers, execution.workspace_id
        if followers[workspace_id] >= MOST_FOLLOWED:
            return
        followers[workspace_id] += 1
        try:
            async with aclosing(self._watch.follow(execution, after=after)) as events:
                async for event in events:
                    yield event
        finally:
            followers[workspace_id] -= 1
            if not followers[workspace_id]:
                del followers[workspace_id]

    async def cancel(self, principal: Principal, execution_id: str) -> Execution:
        """Return the execution after asking for its end; one that has ended stays as it is.

        One that waits is cancelled at once. One that runs is ended where it runs, within a
        moment in this process, and when its lease is next renewed in another.
        """
        desk = self._desk
        before = await self._find_own(principal, execution_id)
        after = await desk.store.ask_cancel(before.workspace_id, before.id, now=desk.clock.now())
        if after is None:
            raise ExecutionUnknown(execution_id=execution_id)
        if before.is_final:
            return after
        log.info("execution.cancel-asked", execution_id=after.id, status=after.status.value)
        if after.status is ExecutionStatus.CANCELLED:
            news = News(NewsKind.STATUS, after.status.value, after.attempts)
            await desk.progress.tell(after.id, [news])
            note_end(after, desk.bus)
        else:
            desk.end(after.id)
        return after

    async def replay(
        self,
        principal: Principal,
        execution_id: str,
        *,
        request_id: RequestId,
        event_json: bytes | None = None,
        tell: Told = _nobody,
    ) -> Added:
        """Return a new execution that does again what an ended one did, or with another event.

        It is due at once, has no deadline, and the attempts that the old one had.

        Raises:
            ExecutionNotEnded: the old one waits or runs.
            Refusal: as a submission may be refused.

        """
        old = await self._find_own(principal, execution_id)
        if not old.is_final:
            raise ExecutionNotEnded(execution_id=old.id)
        request = ExecutionRequest(
            function=old.function_name,
            event_json=old.event_json if event_json is None else event_json,
            request_id=request_id,
            version=old.version,
            priority=old.priority,
            lane=old.lane,
            max_attempts=old.max_attempts,
            timeout_s=old.timeout_s,
            replay_of=old.id,
        )
        return await self._desk.submission.submit(principal, request, tell=tell)

    async def _find_own(self, principal: Principal, execution_id: str) -> Execution:
        execution = await self._find(principal, execution_id, Permission.FUNCTIONS_CALL)
        if execution.key_id != principal.key_id:
            require(self._desk.permissions, principal, Permission.EXECUTIONS_MANAGE)
        return execution

    async def _find(
        self, principal: Principal, execution_id: str, permission: Permission
    ) -> Execution:
        require(self._desk.permissions, principal, permission)
        found = None
        if is_id(execution_id, "exec"):
            found = await self._desk.store.find(principal.workspace_id, ExecutionId(execution_id))
        if found is None:
            raise ExecutionUnknown(execution_id=execution_id)
        return found
