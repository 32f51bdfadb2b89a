"""The twins of this room's stores that live in memory: for embedding, trials and tests.

They belong to one event loop; no method waits, so each one is atomic.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from runner.executions.execution import Claim, Execution, ExecutionStatus, cancelled, claimed
from runner.executions.place import execution_cursor, execution_place
from runner.executions.ports import (
    ABANDONED_FOR,
    Abandoned,
    Added,
    Answered,
    Beginning,
    Begun,
    ExecutionFilter,
    Hold,
    IdempotencyKey,
    InFlight,
    KeyTaken,
    Submitted,
)
from runner.ports import Page
from sanderling.kernel.ids import CallId, ExecutionId, WorkspaceId

_COUNTED = (ExecutionStatus.WAITING, ExecutionStatus.RUNNING, ExecutionStatus.DEAD)
_Place = tuple[WorkspaceId, ExecutionId]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept under an idempotency key: an execution, or a call with or without answer."""

    key: IdempotencyKey
    execution_id: ExecutionId | None = None
    call_id: CallId | None = None
    answer: bytes | None = None

    @property
    def is_open(self) -> bool:
        return self.execution_id is None and self.answer is None


class MemoryIdempotencyKeys:
    """Keep idempotency keys for as long as this process lives."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept: dict[tuple[WorkspaceId, str, str], _Kept] = {}

    async def begin(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId
    ) -> Beginning:
        """Take a key, or say what it stands for."""
        kept = self._find(workspace_id, key)
        if kept is None:
            self._kept[workspace_id, key.caller, key.key] = _Kept(key, call_id=call_id)
            return Begun()
        if kept.call_id is None or kept.key.body_digest != key.body_digest:
            return KeyTaken()
        if kept.answer is not None:
            return Answered(kept.answer)
        if kept.key.expires_at <= key.created_at:
            return Abandoned(kept.call_id)
        return InFlight(kept.call_id, kept.key.expires_at)

    async def complete(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId, answer: bytes
    ) -> bool:
        """Keep the answer of the call that has the key."""
        place = (workspace_id, key.caller, key.key)
        kept = self._kept.get(place)
        if kept is None or kept.call_id != call_id:
            return False
        self._kept[place] = replace(
            kept, key=replace(kept.key, expires_at=key.expires_at), answer=answer
        )
        return True

    async def release(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, call_id: CallId
    ) -> None:
        """Free the key of a call."""
        place = (workspace_id, key.caller, key.key)
        kept = self._kept.get(place)
        if kept is not None and kept.call_id == call_id:
            del self._kept[place]

    def stand_for(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, execution: Execution
    ) -> ExecutionId | None:
        """Return the execution that a key stands for, which may be `execution` from now on."""
        kept = self._find(workspace_id, key)
        if kept is None:
            self._kept[workspace_id, key.caller, key.key] = _Kept(key, execution_id=execution.id)
            return execution.id
        return kept.execution_id if kept.key.body_digest == key.body_digest else None

    def forget(self, now: datetime, *, limit: int, gone: set[ExecutionId]) -> int:
        """Remove keys whose time is over, and those of executions that are gone.

        Returns how many were over.
        """
        old = [
            place
            for place, kept in self._kept.items()
            if kept.key.expires_at + (ABANDONED_FOR if kept.is_open else timedelta()) <= now
        ]
        for place in old[:limit]:
            del self._kept[place]
        for place in [each for each, kept in self._kept.items() if kept.execution_id in gone]:
            del self._kept[place]
        return len(old[:limit])

    def _find(self, workspace_id: WorkspaceId, key: IdempotencyKey) -> _Kept | None:
        place = (workspace_id, key.caller, key.key)
        kept = self._kept.get(place)
        if kept is not None and not kept.is_open and kept.key.expires_at <= key.created_at:
            del self._kept[place]
            return None
        return kept


class MemoryExecutionStore:
    """Keep executions for as long as this process lives."""

    def __init__(self, keys: MemoryIdempotencyKeys | None = None) -> None:
        """Start empty; idempotency keys are kept in `keys`."""
        self._keys = keys or MemoryIdempotencyKeys()
        self._kept: dict[_Place, Execution] = {}

    async def add(self, submitted: Sequence[Submitted]) -> tuple[Added | KeyTaken, ...]:
        """Keep new executions and tell of each."""
        return tuple(map(self._add, submitted))

    def _add(self, submitted: Submitted) -> Added | KeyTaken:
        execution, key = submitted.execution, submitted.key
        if key is not None:
            stands_for = self._keys.stand_for(execution.workspace_id, key, execution)
            if stands_for is None:
                return KeyTaken()
            if stands_for != execution.id:
                kept = self._kept[execution.workspace_id, stands_for]
                return Added(kept, is_replayed=True)
        self._kept[execution.workspace_id, execution.id] = execution
        return Added(execution)

    async def find(self, workspace_id: WorkspaceId, execution_id: ExecutionId) -> Execution | None:
        """Return one execution of this workspace."""
        return self._kept.get((workspace_id, execution_id))

    async def list(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: ExecutionFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[Execution]:
        """Return executions, newest first."""
        place = execution_place(cursor) if cursor is not None else None
        rows = [
            _without_bodies(each)
            for each in self._kept.values()
            if each.workspace_id == workspace_id
            and matching.admits(each)
            and (place is None or (each.created_at, each.id) < place)
        ]
        rows.sort(key=lambda each: (each.created_at, each.id), reverse=True)
        page = tuple(rows[:limit])
        return Page(page, execution_cursor(page[-1]) if len(rows) > limit else None)

    async def claim(self, workspace_id: WorkspaceId, claim: Claim) -> Execution | None:
        """Return the first due execution, running from now on."""
        mine = [each for each in self._kept.values() if each.workspace_id == workspace_id]
        busy = {each.lane for each in mine if each.status is ExecutionStatus.RUNNING}
        due = [
            each
            for each in mine
            if each.is_due(claim.now) and (each.lane is None or each.lane not in busy)
        ]
        if not due:
            return None
        first = min(due, key=lambda each: (each.priority, each.due_at, each.id))
        return self._put(claimed(first, claim))

    async def renew(self, execution: Execution, *, lease_until: datetime) -> Hold:
        """Lengthen a lease."""
        kept = self._held(execution)
        if kept is None:
            return Hold.LOST
        self._put(replace(kept, lease_until=lease_until))
        return Hold.CANCEL_ASKED if kept.is_cancel_asked else Hold.HELD

    async def settle(self, before: Execution, after: Execution) -> bool:
        """Write what became of a running execution."""
        kept = self._held(before)
        if kept is None or (not after.is_final and kept.is_cancel_asked):
            return False
        self._put(replace(after, is_cancel_asked=kept.is_cancel_asked))
        return True

    async def end_waiting(self, before: Execution, after: Execution) -> bool:
        """Write the end of a waiting execution."""
        kept = self._kept.get((before.workspace_id, before.id))
        if kept is None or kept.status is not ExecutionStatus.WAITING or kept.fence != before.fence:
            return False
        self._put(replace(after, event_json=kept.event_json))
        return True

    async def ask_cancel(
        self, workspace_id: WorkspaceId, execution_id: ExecutionId, *, now: datetime
    ) -> Execution | None:
        """Return the execution after asking for its end."""
        kept = self._kept.get((workspace_id, execution_id))
        if kept is None or kept.is_final:
            return kept
        asked = replace(kept, is_cancel_asked=True)
        waits = kept.status is ExecutionStatus.WAITING
        return self._put(cancelled(asked, now) if waits else asked)

    async def due_workspaces(self, now: datetime, *, limit: int) -> Sequence[WorkspaceId]:
        """Return workspaces that have an execution due."""
        return sorted({each.workspace_id for each in self._kept.values() if each.is_due(now)})[
            :limit
        ]

    async def expired(self, now: datetime, *, limit: int) -> Sequence[Execution]:
        """Return running executions whose lease ran out."""
        found = [
            each
            for each in self._kept.values()
            if each.lease_until is not None and each.lease_until <= now
        ]
        return sorted(found, key=lambda each: (each.lease_until or now, each.id))[:limit]

    async def overdue(self, now: datetime, *, limit: int) -> Sequence[Execution]:
        """Return waiting executions whose deadline passed."""
        found = [
            _without_bodies(each)
            for each in self._kept.values()
            if each.status is ExecutionStatus.WAITING and each.is_overdue(now)
        ]
        return sorted(found, key=lambda each: (each.deadline_at or now, each.id))[:limit]

    async def counts(self) -> Mapping[ExecutionStatus, int]:
        """Return how many wait, run and are dead."""
        found = Counter(each.status for each in self._kept.values())
        return {status: found[status] for status in _COUNTED}

    async def forget(self, *, finished_before: datetime, now: datetime, limit: int) -> int:
        """Remove ended executions, and keys past their day."""
        old = [
            place
            for place, each in self._kept.items()
            if each.finished_at is not None and each.finished_at < finished_before
        ][:limit]
        for place in old:
            del self._kept[place]
        gone = {execution_id for _, execution_id in old}
        return len(old) + self._keys.forget(now, limit=limit, gone=gone)

    def _held(self, execution: Execution) -> Execution | None:
        kept = self._kept.get((execution.workspace_id, execution.id))
        if (
            kept is None
            or kept.status is not ExecutionStatus.RUNNING
            or kept.fence != execution.fence
        ):
            return None
        return kept

    def _put(self, execution: Execution) -> Execution:
        self._kept[execution.workspace_id, execution.id] = execution
        return execution


def _without_bodies(execution: Execution) -> Execution:
    return replace(execution, event_json=b"null", answer_json=None)
