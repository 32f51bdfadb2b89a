"""Call records as rows, and back.

What people filter, sum or sort by has a column. The rest of an outcome is JSON: `walls` is the
same for most calls of a driver and so made once; `details` is there only where there is
something to tell. Both are plain ASCII, so that guests may log any character.
"""

import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from drivers.port import (
    CodeProblem,
    GuestCause,
    GuestError,
    Isolation,
    LimitHit,
    Outcome,
    OutcomeKind,
    TraceLine,
)
from runner.call import CallRecord, Part, Trigger, Withheld, Withholding
from runner.call_filter import error_text
from sanderling.kernel.ids import CallId, ExecutionId, FunctionId, KeyId, RequestId, WorkspaceId
from sanderling.store.columns import moment_text
from sanderling.store.rows import AnyRow
from sanderling.store.schema import calls

CallRow = tuple[object, ...]
"""A value for each column of `calls`, in their order and in the driver's own types."""

# Made once: the library's own function makes a writer for each text.
_write = json.JSONEncoder(separators=(",", ":")).encode


def insert_calls(*, is_sqlite: bool, rows: int = 1) -> str:
    """Return the statement that keeps so many rows and skips those whose id is taken.

    It is the one statement written by hand: the driver takes a batch of rows twice as fast
    without SQLAlchemy looking at each value.
    """
    names = ", ".join(column.name for column in calls.columns)
    row = ", ".join(["?" if is_sqlite else "%s"] * len(calls.columns))
    values = ", ".join([f"({row})"] * rows)
    return f"INSERT INTO calls ({names}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608 - every word is our own.


def call_row(record: CallRecord, *, is_sqlite: bool) -> CallRow:
    """Return the row that keeps `record`."""
    outcome = record.outcome
    return (
        record.workspace_id,
        record.id,
        record.function_id,
        record.function_name,
        record.version,
        record.digest,
        record.trigger.value,
        record.key_id,
        record.request_id,
        moment_text(record.started_at) if is_sqlite else record.started_at,
        outcome.kind.value,
        outcome.duration_s,
        outcome.cpu_s,
        outcome.memory_bytes,
        outcome.retry_after_s,
        None if outcome.error is None else error_text(outcome),
        record.queued_s,
        record.execution_id,
        record.replay_of,
        _withheld_text(record.withheld) if record.withheld else None,
        _walls_text(outcome.driver, outcome.isolation, outcome.layers, outcome.waived),
        record.event_json,
        outcome.result_json,
        _details_text(outcome),
    )


def row_bytes(row: CallRow) -> int:
    """Return about what `row` holds in memory: its long parts, and a flat part for the rest."""
    return 1024 + sum(len(part) for part in row[-3:] if isinstance(part, (bytes, str)))


@lru_cache(256)
def _walls_text(
    driver: str, isolation: Isolation, layers: tuple[str, ...], waived: tuple[str, ...]
) -> str:
    return _write([driver, isolation, layers, waived])


@lru_cache(256)
def _walls(text: str) -> dict[str, Any]:
    driver, isolation, layers, waived = json.loads(text)
    return {
        "driver": driver,
        "isolation": Isolation(isolation),
        "layers": tuple(layers),
        "waived": tuple(waived),
    }


def _withheld_text(withheld: tuple[Withheld, ...]) -> str:
    return _write([asdict(each) for each in withheld])


def _withheld(text: str | None) -> tuple[Withheld, ...]:
    return tuple(
        Withheld(**(each | {"part": Part(each["part"]), "reason": Withholding(each["reason"])}))
        for each in (json.loads(text) if text else ())
    )


def _details_text(outcome: Outcome) -> str | None:
    details: dict[str, object] = {}
    if outcome.detail:
        details["detail"] = outcome.detail
    if outcome.logs:
        details["logs"] = outcome.logs
    if outcome.logs_dropped_bytes:
        details["logs_dropped_bytes"] = outcome.logs_dropped_bytes
    if outcome.error is not None:
        details["error"] = asdict(outcome.error)
    if outcome.limit is not None:
        details["limit"] = asdict(outcome.limit)
    return _write(details) if details else None


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
        queued_s=row.queued_s,
        execution_id=None if row.execution_id is None else ExecutionId(row.execution_id),
        replay_of=None if row.replay_of is None else CallId(row.replay_of),
        withheld=_withheld(row.withheld),
    )


def _outcome(row: AnyRow) -> Outcome:
    details: dict[str, Any] = json.loads(row.details) if row.details else {}
    if "error" in details:
        details["error"] = _error(details["error"])
    if "limit" in details:
        details["limit"] = LimitHit(**details["limit"])
    return Outcome(
        kind=OutcomeKind(row.outcome),
        duration_s=row.duration_s,
        cpu_s=row.cpu_s,
        memory_bytes=row.memory_bytes,
        retry_after_s=row.retry_after_s,
        result_json=row.result,
        **_walls(row.walls),
        **details,
    )


def _error(kept: dict[str, Any]) -> GuestError:
    """Return what was kept; rows of earlier releases have fewer members."""
    parts: dict[str, Any] = {
        "trace": _trace(kept),
        "causes": tuple(
            GuestCause(**(cause | {"trace": _trace(cause)})) for cause in kept.get("causes", ())
        ),
        "problems": tuple(CodeProblem(**problem) for problem in kept.get("problems", ())),
    }
    return GuestError(**(kept | parts))


def _trace(kept: dict[str, Any]) -> tuple[TraceLine, ...]:
    return tuple(TraceLine(**line) for line in kept["trace"])
