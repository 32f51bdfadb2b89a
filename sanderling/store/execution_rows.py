"""Executions as rows, and back."""

from runner.call import Trigger
from runner.executions.execution import Execution, ExecutionStatus
from sanderling.kernel.ids import (
    CallId,
    ExecutionId,
    FunctionId,
    KeyId,
    RequestId,
    WorkspaceId,
)
from sanderling.store.rows import AnyRow
from sanderling.store.schema import executions

WHOLE = tuple(executions.columns)
BARE = tuple(column for column in WHOLE if column.name not in {"event", "answer"})
"""The columns of lists: events and answers may be large, and nobody reads them there."""


def execution_row(execution: Execution) -> dict[str, object]:
    """Return the row that keeps `execution`."""
    return {
        "workspace_id": execution.workspace_id,
        "id": execution.id,
        "function_id": execution.function_id,
        "function_name": execution.function_name,
        "version": execution.version,
        "trigger": execution.trigger.value,
        "key_id": execution.key_id,
        "request_id": execution.request_id,
        "created_at": execution.created_at,
        "deadline_at": execution.deadline_at,
        "timeout_s": execution.timeout_s,
        "priority": execution.priority,
        "lane": execution.lane,
        "max_attempts": execution.max_attempts,
        "replay_of": execution.replay_of,
        "fence": execution.fence,
        "started_at": execution.started_at,
        "call_id": execution.call_id,
        "is_cancel_asked": execution.is_cancel_asked,
        "event": execution.event_json,
        **settled_columns(execution),
    }


def settled_columns(execution: Execution) -> dict[str, object]:
    """Return the columns that the end of an attempt, or of the execution, changes."""
    return {
        "status": execution.status.value,
        "attempts": execution.attempts,
        "due_at": execution.due_at,
        "finished_at": execution.finished_at,
        "lease_until": execution.lease_until,
        "worker": execution.worker,
        "outcome": execution.outcome,
        "detail": execution.detail,
        "answer": execution.answer_json,
    }


def execution_of(row: AnyRow) -> Execution:
    """Return the execution that `row` keeps."""
    return _execution(row, event_json=row.event, answer_json=row.answer)


def bare_execution(row: AnyRow) -> Execution:
    """Return the execution that `row`, of the columns of lists, tells of."""
    return _execution(row, event_json=b"null", answer_json=None)


def _execution(row: AnyRow, *, event_json: bytes, answer_json: bytes | None) -> Execution:
    return Execution(
        id=ExecutionId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        function_id=FunctionId(row.function_id),
        function_name=row.function_name,
        version=row.version,
        trigger=Trigger(row.trigger),
        key_id=None if row.key_id is None else KeyId(row.key_id),
        request_id=RequestId(row.request_id),
        event_json=event_json,
        created_at=row.created_at,
        due_at=row.due_at,
        deadline_at=row.deadline_at,
        timeout_s=row.timeout_s,
        priority=row.priority,
        lane=row.lane,
        max_attempts=row.max_attempts,
        replay_of=None if row.replay_of is None else ExecutionId(row.replay_of),
        status=ExecutionStatus(row.status),
        attempts=row.attempts,
        fence=row.fence,
        started_at=row.started_at,
        finished_at=row.finished_at,
        lease_until=row.lease_until,
        worker=row.worker,
        call_id=None if row.call_id is None else CallId(row.call_id),
        outcome=row.outcome,
        detail=row.detail,
        answer_json=answer_json,
        is_cancel_asked=row.is_cancel_asked,
    )
