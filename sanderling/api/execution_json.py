"""Executions as JSON bytes, events and answers passed on as they were kept."""

from collections.abc import Sequence
from datetime import UTC, datetime

from runner.executions.execution import Execution
from runner.executions.ports import Added
from runner.ports import Page
from sanderling.api.call_json import dumps
from sanderling.api.problem import problem_of
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import RequestId
from sanderling.kernel.jsontext import JSON


def execution_json(execution: Execution) -> bytes:
    """Return an execution with its event and, once it has ended, its answer."""
    return b'%b,"event":%b,"answer":%b}' % (
        dumps(_row(execution))[:-1],
        execution.event_json,
        execution.answer_json or b"null",
    )


def execution_page_json(page: Page[Execution]) -> bytes:
    """Return a page of executions, without events and answers."""
    rows: list[JSON] = [_row(each) for each in page.rows]
    return dumps({"items": rows, "next_cursor": page.next_cursor})


def batch_json(answers: Sequence[Added | Refusal], request_id: RequestId) -> bytes:
    """Return what became of each call of a batch."""
    items = (_item(index, answer, request_id) for index, answer in enumerate(answers))
    return b'{"items":[%b]}' % b",".join(items)


def _item(index: int, answer: Added | Refusal, request_id: RequestId) -> bytes:
    if isinstance(answer, Refusal):
        problem = problem_of(answer).body(request_id)
        return b'{"index":%d,"execution":null,"is_replayed":false,"problem":%b}' % (index, problem)
    return b'{"index":%d,"execution":%b,"is_replayed":%b,"problem":null}' % (
        index,
        execution_json(answer.execution),
        b"true" if answer.is_replayed else b"false",
    )


def _row(execution: Execution) -> dict[str, JSON]:
    return {
        "id": execution.id,
        "function": execution.function_name,
        "function_id": execution.function_id,
        "version": execution.version,
        "trigger": execution.trigger.value,
        "key_id": execution.key_id,
        "request_id": execution.request_id,
        "status": execution.status.value,
        "priority": execution.priority,
        "lane": execution.lane,
        "attempts": execution.attempts,
        "max_attempts": execution.max_attempts,
        "created_at": _moment(execution.created_at),
        "due_at": _moment(execution.due_at),
        "deadline_at": _moment(execution.deadline_at),
        "timeout_s": execution.timeout_s,
        "started_at": _moment(execution.started_at),
        "finished_at": _moment(execution.finished_at),
        "call_id": execution.call_id,
        "outcome": execution.outcome,
        "detail": execution.detail,
        "is_cancel_asked": execution.is_cancel_asked,
        "replay_of": execution.replay_of,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
