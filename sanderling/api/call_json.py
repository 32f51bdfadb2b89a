"""Call records as JSON bytes, each result and event passed on as it was kept."""

import json
from datetime import UTC

from runner.call import CallRecord
from runner.outcome_json import outcome_json
from runner.ports import Page
from sanderling.kernel.jsontext import JSON

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dumps(value: JSON) -> bytes:
    """Return compact JSON; half a surrogate pair in a guest's text becomes a question mark."""
    return _ENCODER.encode(value).encode(errors="replace")


def _spliced(members: dict[str, JSON], **raw: bytes) -> bytes:
    # `raw` holds values that are strict JSON already; parsing them to write them again would
    # cost more than the rest of the answer.
    parts = (b',"%s":%s' % (name.encode(), text) for name, text in raw.items())
    return b"".join((dumps(members)[:-1], *parts, b"}"))


def _outcome(record: CallRecord) -> tuple[dict[str, JSON], bytes]:
    result = record.outcome.result_json
    members = outcome_json(record.outcome._replace(result_json=None))
    del members["result"]
    return members, b"null" if result is None else result


def _row(record: CallRecord) -> tuple[dict[str, JSON], bytes]:
    members, result = _outcome(record)
    moment = record.started_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    members |= {
        "id": record.id,
        "function": record.function_name,
        "function_id": record.function_id,
        "version": record.version,
        "digest": record.digest,
        "trigger": record.trigger.value,
        "key_id": record.key_id,
        "request_id": record.request_id,
        "started_at": moment,
        "queued_ms": None if record.queued_s is None else round(record.queued_s * 1000, 3),
        "execution_id": record.execution_id,
        "replay_of": record.replay_of,
        "withheld": [
            {
                "part": each.part.value,
                "reason": each.reason.value,
                "size_bytes": each.size_bytes,
                "sha256": each.digest,
            }
            for each in record.withheld
        ],
    }
    return members, result


def record_json(record: CallRecord) -> bytes:
    """Return a kept call with its event, result and logs."""
    members, result = _row(record)
    return _spliced(members, event=record.event_json or b"null", result=result)


def page_json(page: Page[CallRecord]) -> bytes:
    """Return a page of calls, without events, results and logs."""
    rows: list[JSON] = []
    for record in page.rows:
        members, _ = _row(record)
        del members["logs"]
        rows.append(members)
    return dumps({"items": rows, "next_cursor": page.next_cursor})
