"""Runs executions: takes a turn, claims, keeps the lease, settles under the fence.

Guarantees: an attempt runs only under a lease in the row, which is lengthened while it runs; what
it leads to is written only under its fence, so that of two who believe to have an execution one
alone decides what becomes of it. Whoever dies in between leaves a lease that runs out, and any
process that reconciles heals it.
Assumptions: everything here is used on one event loop.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

import structlog

from drivers.port import OutcomeKind
from runner.answer import answer_json
from runner.executions.attempts import GONE, Attempted, Attempts
from runner.executions.execution import (
    Claim,
    Execution,
    ExecutionStatus,
    cancelled,
    finished,
    lost,
    postponed,
)
from runner.executions.log_teller import LogTeller
from runner.executions.ports import ExecutionStore, Hold
from runner.executions.progress import News, NewsKind, Progress
from runner.executions.retry import ROOM, Random, settled
from runner.executions.submission import Announce
from runner.target import Target
from sanderling.fairness.ports import Turn, Turns
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Refusal, StoreUnavailableError
from sanderling.kernel.events import EventBus, ExecutionClaimed, ExecutionFinished
from sanderling.kernel.ids import ExecutionId, Ids, WorkspaceId
from sanderling.kernel.waiting import end_task

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Leases:
    """How long a claim holds unless it is lengthened, and how often that is done, in seconds."""

    lease_s: float = 30.0
    renew_s: float = 10.0

    @classmethod
    def of(cls, lease_s: float) -> Self:
        """Return a lease that is lengthened three times before it runs out."""
        return cls(lease_s, lease_s / 3)


@dataclass(frozen=True, slots=True)
class Means:
    """What an attendant works with."""

    store: ExecutionStore
    turns: Turns
    attempts: Attempts
    progress: Progress
    announce: Announce
    ids: Ids
    clock: Clock
    bus: EventBus
    random: Random


@dataclass(slots=True)
class _Held:
    """An execution that runs here; `is_ended` says that we end its guest, and why."""

    task: asyncio.Task[Attempted]
    ended_by: Hold | None = None


class Attendant:
    """Run executions of all workspaces in this process, in fair turns.

    `worker` names this process in the rows. As many run at once as there are tasks in `attend`.
    """

    def __init__(self, means: Means, *, worker: str, leases: Leases | None = None) -> None:
        """Run nothing before `attend` is called."""
        self._means = means
        self._worker = worker
        self._leases = leases or Leases()
        # By attempt: one that lost its lease unawares may still run when the next one begins here.
        self._held: dict[tuple[ExecutionId, int], _Held] = {}
        self._is_stopping = False

    @property
    def running(self) -> int:
        """How many executions run here."""
        return len(self._held)

    def stop(self) -> None:
        """Take no more turns; what runs goes on."""
        self._is_stopping = True

    def end(self, execution_id: ExecutionId) -> None:
        """End the guest of an execution whose end was asked for, if it runs here."""
        for (held_id, _), held in self._held.items():
            if held_id == execution_id and held.ended_by is None:
                held.ended_by = Hold.CANCEL_ASKED
                held.task.cancel()

    async def handle(self, key: str) -> None:
        """Do what a ticket is about: its key begins with a workspace that has work."""
        await self._means.turns.ready(WorkspaceId(key.partition("/")[0]))
        await self.attend()

    async def attend(self) -> None:
        """Run one execution after another until no turn is to be had, or `stop` was called.

        When the database is away it returns; whoever reconciles calls it again.
        """
        turns = self._means.turns
        while not self._is_stopping and (turn := await turns.take(self._worker)):
            has_more = False
            try:
                has_more = await self._serve(turn)
            except StoreUnavailableError as fault:
                log.warning("execution.not-claimed", reason=fault.facts["reason"])
                return
            finally:
                await turns.give_back(turn, has_more=has_more)

    async def _serve(self, turn: Turn) -> bool:
        """Run one execution of the turn's workspace; False when there was none."""
        means, now = self._means, self._means.clock.now()
        claim = Claim(self._worker, means.ids.call(), now, self._until(now))
        execution = await self._claim(turn.workspace_id, claim)
        if execution is None:
            return False
        waited_s = max(0.0, (now - execution.due_at).total_seconds())
        means.bus.publish(ExecutionClaimed(waited_s=waited_s))
        await self._attempt(execution, turn)
        return True

    async def _claim(self, workspace_id: WorkspaceId, claim: Claim) -> Execution | None:
        claiming = asyncio.create_task(self._means.store.claim(workspace_id, claim))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # It may be ours by now, and nobody else would take it up before the lease runs out.
            with suppress(StoreUnavailableError):
                if (execution := await claiming) is not None:
                    await self._write(execution, self._untried(execution))
            raise

    async def _attempt(self, execution: Execution, turn: Turn) -> None:
        try:
            target = await self._means.attempts.find(execution)
        except asyncio.CancelledError:
            await asyncio.shield(self._write(execution, self._untried(execution)))
            raise
        except GONE as refusal:
            await self._write(execution, _gone(execution, refusal, self._means.clock.now()))
            return
        except StoreUnavailableError:
            await self._write(execution, self._postponed(execution))
            return
        await self._run(execution, target, turn)

    async def _run(self, execution: Execution, target: Target, turn: Turn) -> None:
        means = self._means
        teller = LogTeller(means.progress, execution, means.clock)
        running = self._begin(execution, target, teller)
        held = _Held(asyncio.create_task(running, name=f"execution {execution.id}"))
        self._held[execution.id, execution.fence] = held
        keeping = asyncio.create_task(self._keep(execution, turn, held))
        try:
            # Not awaited itself: when this task is cancelled the attempt is ended in order.
            await asyncio.wait({held.task})
        except asyncio.CancelledError:
            held.task.cancel()
            await asyncio.wait({held.task})
            await asyncio.shield(self._end(execution, target, held))
            raise
        finally:
            # The lease is kept meanwhile: those who are told may be away, and that takes a while.
            await teller.flush()
            del self._held[execution.id, execution.fence]
            await end_task(keeping)
        await self._end(execution, target, held)

    async def _begin(self, execution: Execution, target: Target, teller: LogTeller) -> Attempted:
        await self._tell(execution)
        return await self._means.attempts.run(execution, target, teller.take)

    async def _keep(self, execution: Execution, turn: Turn, held: _Held) -> None:
        """Lengthen the lease until the attempt ends; end the guest when somebody asked for it."""
        means = self._means
        while True:
            await means.clock.wait_s(self._leases.renew_s)
            try:
                hold = await means.store.renew(
                    execution, lease_until=self._until(means.clock.now())
                )
            except StoreUnavailableError:
                # The attempt goes on: what it leads to is written if nobody took over meanwhile.
                continue
            if hold is not Hold.HELD:
                held.ended_by = held.ended_by or hold
                held.task.cancel()
                return
            # Last: a turn may be kept where nobody answers, which must not cost the lease.
            await means.turns.renew(turn)

    async def _end(self, execution: Execution, target: Target, held: _Held) -> None:
        """Write what the attempt led to."""
        now = self._means.clock.now()
        if held.task.cancelled():
            if held.ended_by is Hold.LOST:
                log.warning("execution.lease-lost", execution_id=execution.id)
                return
            if held.ended_by is Hold.CANCEL_ASKED:
                after = cancelled(replace(execution, is_cancel_asked=True), now)
            else:
                after = lost(execution, now, is_idempotent=target.is_idempotent, pause_s=0.0)
        elif (error := held.task.exception()) is not None:
            after = self._failed(execution, error, now)
        else:
            attempted = held.task.result()
            asked = held.ended_by is Hold.CANCEL_ASKED
            after = settled(
                replace(execution, is_cancel_asked=asked),
                attempted.record.outcome,
                answer_json(attempted.record),
                is_idempotent=attempted.is_idempotent,
                now=now,
                random=self._means.random,
            )
        await self._write(execution, after)

    def _failed(self, execution: Execution, error: BaseException, now: datetime) -> Execution:
        if isinstance(error, StoreUnavailableError):
            return self._postponed(execution)
        if isinstance(error, Refusal):
            return _gone(execution, error, now)
        log.error("execution.failed", execution_id=execution.id, exc_info=error)
        return finished(
            execution,
            ExecutionStatus.DEAD,
            now,
            outcome=OutcomeKind.PLATFORM_ERROR.value,
            detail="Something broke on our side; the log of the server tells more.",
        )

    def _untried(self, execution: Execution) -> Execution:
        due_at = self._means.clock.now()
        return postponed(execution, due_at, outcome=execution.outcome, detail=execution.detail)

    def _postponed(self, execution: Execution) -> Execution:
        means = self._means
        pause_s = ROOM.pause_s(execution.fence, means.random, at_least_s=1.0)
        due_at = means.clock.now() + timedelta(seconds=pause_s)
        return postponed(
            execution,
            due_at,
            outcome=execution.outcome,
            detail="The database could not be read; nothing was tried.",
        )

    async def _write(self, before: Execution, after: Execution) -> None:
        """Write the end of an attempt; a lost claim leaves it to whoever has it by now."""
        means = self._means
        try:
            is_written = await means.store.settle(before, after)
            if not is_written and not after.is_final:
                # Its end was asked for between the last look and now.
                after = cancelled(replace(before, is_cancel_asked=True), means.clock.now())
                is_written = await means.store.settle(before, after)
        except StoreUnavailableError as fault:
            # The lease runs out, and whoever reconciles then looks at the record of the call.
            log.warning(
                "execution.not-settled", execution_id=before.id, reason=fault.facts["reason"]
            )
            return
        if not is_written:
            log.warning("execution.lease-lost", execution_id=before.id)
            return
        await self._tell(after)
        if after.is_final:
            note_end(after, means.bus)
        else:
            await means.announce([after])

    async def _tell(self, execution: Execution) -> None:
        news = News(NewsKind.STATUS, execution.status.value, execution.attempts)
        await self._means.progress.tell(execution.id, [news])

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._leases.lease_s)


def _gone(execution: Execution, refusal: Refusal, now: datetime) -> Execution:
    return finished(
        execution, ExecutionStatus.DEAD, now, outcome=refusal.code, detail=refusal.detail
    )


def note_end(execution: Execution, bus: EventBus) -> None:
    """Announce and log that an execution is at its end."""
    bus.publish(ExecutionFinished(execution.status.value))
    if execution.status is ExecutionStatus.DEAD:
        log.warning(
            "execution.died",
            execution_id=execution.id,
            workspace_id=execution.workspace_id,
            function_id=execution.function_id,
            outcome=execution.outcome,
            attempts=execution.attempts,
        )
