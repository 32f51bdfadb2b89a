"""Call records as rows, and back.

What people filter by has a column; the rest of an outcome is one JSON text, without what is at
its default. That text is plain ASCII, so that guests may log any character.
"""

import json
from dataclasses import asdict
from typing import Any

from drivers.port import GuestError, Isolation, LimitHit, Outcome, OutcomeKind, TraceLine
from runner.call import CallRecord, Trigger
from sanderling.kernel.ids import CallId, FunctionId, KeyId, RequestId, WorkspaceId
from sanderling.store.rows import AnyRow

CallRow = dict[str, object]


def call_row(record: CallRecord) -> CallRow:
    """Return the columns of `record`."""
    outcome = record.outcome
    return {
        "workspace_id": record.workspace_id,
        "id": record.id,
        "function_id": record.function_id,
        "function_name": record.function_name,
        "version": record.version,
        "digest": record.digest,
        "trigger": record.trigger.value,
        "key_id": record.key_id,
        "request_id": record.request_id,
        "started_at": record.started_at,
        "outcome": outcome.kind.value,
        "duration_s": outcome.duration_s,
        "event": record.event_json,
        "result": outcome.result_json,
        "details": json.dumps(_details(outcome), separators=(",", ":")),
    }


def _details(outcome: Outcome) -> dict[str, object]:
    details: dict[str, object] = {
        "driver": outcome.driver,
        "detail": outcome.detail,
        "logs": outcome.logs,
        "logs_dropped_bytes": outcome.logs_dropped_bytes,
        "cpu_s": outcome.cpu_s,
        "memory_bytes": outcome.memory_bytes,
        "isolation": outcome.isolation.value,
        "layers": outcome.layers,
        "waived": outcome.waived,
        "retry_after_s": outcome.retry_after_s,
    }
    if outcome.error is not None:
        details["error"] = asdict(outcome.error)
    if outcome.limit is not None:
        details["limit"] = asdict(outcome.limit)
    return {name: value for name, value in details.items() if value or value == 0}


def call_record(row: AnyRow) -> CallRecord:
    """Return the record that `row` was made from."""
    return CallRecord(
        id=CallId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        function_id=FunctionId(row.function_id),
        function_name=row.function_name,
        version=row.version,
        digest=row.digest,
        trigger=Trigger(row.trigger),
        key_id=None if row.key_id is None else KeyId(row.key_id),
        request_id=RequestId(row.request_id),
        started_at=row.started_at,
        event_json=row.event,
        outcome=_outcome(row),
    )


def _outcome(row: AnyRow) -> Outcome:
    details: dict[str, Any] = json.loads(row.details)
    details["isolation"] = Isolation(details["isolation"])
    for names in ("layers", "waived"):
        details[names] = tuple(details.get(names, ()))
    if "error" in details:
        error: dict[str, Any] = details["error"]
        trace = tuple(TraceLine(**line) for line in error.pop("trace"))
        details["error"] = GuestError(**error, trace=trace)
    if "limit" in details:
        details["limit"] = LimitHit(**details["limit"])
    return Outcome(
        kind=OutcomeKind(row.outcome),
        duration_s=row.duration_s,
        result_json=row.result,
        **details,
    )
