"""Looks, again and again, for what the rows say should happen and does not."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from runner.answer import answer_json
from runner.executions.attempts import GONE, Attempts
from runner.executions.attendant import note_end
from runner.executions.execution import Execution, lost, overdue
from runner.executions.ports import ExecutionStore
from runner.executions.progress import News, NewsKind, Progress
from runner.executions.retry import BACKOFF, Random, settled
from runner.executions.submission import Announce
from runner.ports import CallLog
from runner.target import Target
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus, ExecutionsCounted
from sanderling.kernel.ids import WorkspaceId

log = structlog.get_logger()

MOST_AT_ONCE = 500
"""How many rows of a kind one look takes up; the next look takes the next ones."""

Nudge = Callable[[Sequence[WorkspaceId]], Awaitable[None]]
"""Tells whoever runs executions that these workspaces have some due; never raises."""


@dataclass(frozen=True, slots=True)
class Finds:
    """What a reconciler looks at and tells."""

    store: ExecutionStore
    attempts: Attempts
    call_log: CallLog
    progress: Progress
    announce: Announce
    nudge: Nudge
    clock: Clock
    bus: EventBus
    random: Random


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often rows are looked at, and how often they are counted."""

    every_s: float = 1.0
    count_every_s: float = 15.0


class Reconciler:
    """Heal what crashes leave, end what is overdue, and see to it that what is due runs.

    Any number of processes may reconcile at once: every change is guarded by a fence, so that the
    first one makes it. While the database is away it waits and looks again.
    """

    def __init__(self, finds: Finds, rounds: Rounds | None = None) -> None:
        """Look at nothing before `look` or `follow` is called."""
        self._finds = finds
        self._rounds = rounds or Rounds()
        self._counted_at_ns = -(10**18)

    def follow_rounds(self, rounds: Rounds) -> None:
        """Look as often as `rounds` say from the next round on."""
        self._rounds = rounds

    async def follow(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError:
                # Everybody who needs the database tells of it; here it only takes longer.
                pass
            except Exception:
                # The top of a loop that must not end: the next look may find it mended.
                log.exception("reconciler.failed")
            await self._finds.clock.wait_s(self._rounds.every_s)

    async def look(self) -> None:
        """Do one round.

        Raises:
            StoreUnavailableError: the database is away; the next round goes on.

        """
        finds, now = self._finds, self._finds.clock.now()
        for execution in await finds.store.expired(now, limit=MOST_AT_ONCE):
            await self._heal(execution)
        for execution in await finds.store.overdue(now, limit=MOST_AT_ONCE):
            ended = overdue(execution, now)
            if await finds.store.end_waiting(execution, ended):
                await self._tell(ended)
        due = await finds.store.due_workspaces(now, limit=MOST_AT_ONCE)
        if due:
            await finds.nudge(due)
        await self._count()

    async def _heal(self, execution: Execution) -> None:
        """Decide what becomes of an execution whose worker is gone."""
        finds, now = self._finds, self._finds.clock.now()
        target = await self._target(execution)
        is_idempotent = target is not None and target.is_idempotent
        record = None
        if execution.call_id is not None:
            # It may have ended, and been recorded, before its worker was gone.
            record = await finds.call_log.find_call(execution.workspace_id, execution.call_id)
        if record is not None:
            after = settled(
                execution,
                record.outcome,
                answer_json(record),
                is_idempotent=is_idempotent,
                now=now,
                random=finds.random,
            )
        else:
            pause_s = BACKOFF.pause_s(execution.attempts, finds.random)
            after = lost(execution, now, is_idempotent=is_idempotent, pause_s=pause_s)
        if not await finds.store.settle(execution, after):
            return
        log.warning(
            "execution.lost",
            execution_id=execution.id,
            worker=execution.worker,
            attempts=execution.attempts,
            status=after.status.value,
        )
        if record is None and target is not None:
            finds.attempts.lose(execution, target)
        await self._tell(after)
        if not after.is_final:
            await finds.announce([after])

    async def _target(self, execution: Execution) -> Target | None:
        try:
            return await self._finds.attempts.find(execution)
        except GONE:
            return None

    async def _tell(self, execution: Execution) -> None:
        news = News(NewsKind.STATUS, execution.status.value, execution.attempts)
        await self._finds.progress.tell(execution.id, [news])
        if execution.is_final:
            note_end(execution, self._finds.bus)

    async def _count(self) -> None:
        finds = self._finds
        now_ns = finds.clock.monotonic_ns()
        if now_ns - self._counted_at_ns < self._rounds.count_every_s * 1e9:
            return
        self._counted_at_ns = now_ns
        counts = await finds.store.counts()
        numbers = {status.value: number for status, number in counts.items()}
        finds.bus.publish(ExecutionsCounted(numbers))
