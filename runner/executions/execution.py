"""An execution, from its submission to its end, as values and pure steps between them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from drivers.port import OutcomeKind
from runner.call import Trigger
from sanderling.kernel.ids import (
    CallId,
    ExecutionId,
    FunctionId,
    KeyId,
    RequestId,
    WorkspaceId,
)

LEAST_PRIORITY = 9
DEFAULT_PRIORITY = 5
MOST_ATTEMPTS = 20
DEFAULT_ATTEMPTS = 5

OVERDUE = "deadline_passed"
"""Stands where an outcome's word does when the deadline came before an end."""


class ExecutionStatus(StrEnum):
    """Where an execution is; the last three are for good."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Claim that nothing will happen any more."""
        return self in _FINAL


_FINAL = frozenset({ExecutionStatus.SUCCEEDED, ExecutionStatus.DEAD, ExecutionStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Execution:
    """A call that is kept until it has an outcome.

    `version` None means the one that is live when it runs. `priority` is 0, first, to 9, last,
    among those of its workspace. Executions of one `lane` never overlap. `attempts` counts those
    that began and were not given back, `fence` each claim: an effect under an older fence is
    refused. `call_id` is the last attempt's; `outcome` its word, or the code of what ended it
    instead; `answer_json` the whole outcome at the end. `started_at` is the first attempt's.

    Lists leave events and answers out: there `event_json` is `null` and `answer_json` None.
    """

    id: ExecutionId
    workspace_id: WorkspaceId
    function_id: FunctionId
    function_name: str
    version: int | None
    trigger: Trigger
    key_id: KeyId | None
    request_id: RequestId
    event_json: bytes
    created_at: datetime
    due_at: datetime
    deadline_at: datetime | None = None
    timeout_s: float | None = None
    priority: int = DEFAULT_PRIORITY
    lane: str | None = None
    max_attempts: int = DEFAULT_ATTEMPTS
    replay_of: ExecutionId | None = None
    status: ExecutionStatus = ExecutionStatus.WAITING
    attempts: int = 0
    fence: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lease_until: datetime | None = None
    worker: str | None = None
    call_id: CallId | None = None
    outcome: str | None = None
    detail: str = ""
    answer_json: bytes | None = None
    is_cancel_asked: bool = False

    @property
    def is_final(self) -> bool:
        """Claim that nothing will happen to it any more."""
        return self.status.is_final

    def is_due(self, now: datetime) -> bool:
        """Claim that it may be claimed, as far as it alone is concerned."""
        return (
            self.status is ExecutionStatus.WAITING
            and self.due_at <= now
            and not self.is_overdue(now)
        )

    def is_overdue(self, now: datetime) -> bool:
        """Claim that its deadline has passed."""
        return self.deadline_at is not None and self.deadline_at <= now


@dataclass(frozen=True, slots=True)
class Claim:
    """What whoever claims an execution puts on it; `call_id` is the attempt's."""

    worker: str
    call_id: CallId
    now: datetime
    lease_until: datetime


def claimed(execution: Execution, claim: Claim) -> Execution:
    """Return a waiting execution with its next attempt begun."""
    return replace(
        execution,
        status=ExecutionStatus.RUNNING,
        attempts=execution.attempts + 1,
        fence=execution.fence + 1,
        started_at=execution.started_at or claim.now,
        lease_until=claim.lease_until,
        worker=claim.worker,
        call_id=claim.call_id,
    )


def _released(execution: Execution, status: ExecutionStatus) -> Execution:
    return replace(execution, status=status, lease_until=None, worker=None)


def finished(
    execution: Execution,
    status: ExecutionStatus,
    now: datetime,
    *,
    outcome: str | None,
    detail: str = "",
    answer_json: bytes | None = None,
) -> Execution:
    """Return the execution at its end, which `status` names."""
    return replace(
        _released(execution, status),
        finished_at=now,
        outcome=outcome,
        detail=detail,
        answer_json=answer_json,
    )


def rescheduled(
    execution: Execution, due_at: datetime, *, outcome: str | None, detail: str = ""
) -> Execution:
    """Return the execution waiting for its next attempt."""
    return replace(
        _released(execution, ExecutionStatus.WAITING),
        due_at=due_at,
        outcome=outcome,
        detail=detail,
    )


def postponed(
    execution: Execution, due_at: datetime, *, outcome: str | None, detail: str = ""
) -> Execution:
    """Return the execution waiting again, its attempt given back: nothing was tried."""
    waiting = rescheduled(execution, due_at, outcome=outcome, detail=detail)
    return replace(waiting, attempts=max(0, execution.attempts - 1))


def cancelled(execution: Execution, now: datetime) -> Execution:
    """Return the execution ended because somebody asked for it."""
    return finished(
        execution,
        ExecutionStatus.CANCELLED,
        now,
        outcome=execution.outcome,
        detail="It was cancelled.",
    )


def overdue(execution: Execution, now: datetime) -> Execution:
    """Return the execution ended because its deadline passed before it did."""
    word = f" The last attempt ended in {execution.outcome}." if execution.outcome else ""
    return finished(
        execution,
        ExecutionStatus.DEAD,
        now,
        outcome=OVERDUE,
        detail=f"Its deadline passed before it could end.{word}",
    )


def lost(execution: Execution, now: datetime, *, is_idempotent: bool, pause_s: float) -> Execution:
    """Return what becomes of a running execution whose lease ran out.

    Nobody knows how far its attempt got: it is tried again only where running twice is declared
    to do no harm.
    """
    detail = "The process that ran it ended, or could not be reached, before it told the outcome."
    word = OutcomeKind.UNKNOWN_OUTCOME.value
    if execution.is_cancel_asked:
        return cancelled(execution, now)
    due_at = now + timedelta(seconds=pause_s)
    if is_idempotent and execution.attempts < execution.max_attempts:
        if execution.is_overdue(due_at):
            return overdue(execution, now)
        return rescheduled(execution, due_at, outcome=word, detail=detail)
    return finished(execution, ExecutionStatus.DEAD, now, outcome=word, detail=detail)
