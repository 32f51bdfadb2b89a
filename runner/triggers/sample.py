"""What a trigger would hand to its function, made up: for trying it without waiting for it."""

from datetime import datetime

from runner.triggers.cron_course import cron_event
from runner.triggers.http_event import HTTPRequest, event_of
from runner.triggers.outbox import outbox_event
from runner.triggers.record_pattern import ANY, read_event_name
from runner.triggers.route_pattern import Literal, read_pattern
from runner.triggers.trigger import CronSchedule, HTTPRoute, RecordWatch, Settings
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.ids import TriggerId, WorkspaceId
from sanderling.kernel.jsontext import decode

_OBJECT = "company"


def sample_event(settings: Settings, now: datetime, *, body: bytes = b"{}") -> bytes:
    """Return an event of the shape that a trigger with these settings makes.

    `body` is JSON: the body of a request, or the record after its change; a cron trigger has its
    payload.

    Raises:
        InvalidJSON: it is none.

    """
    match settings:
        case HTTPRoute():
            return _request(settings, body)
        case RecordWatch():
            return _change(settings, now, body)
        case CronSchedule():
            return cron_event(TriggerId("sample"), settings, now.replace(microsecond=0))


def _request(route: HTTPRoute, body: bytes) -> bytes:
    segments = read_pattern(route.path).segments
    parameters = {each.name: each.name for each in segments if not isinstance(each, Literal)}
    path = "/".join(each.text if isinstance(each, Literal) else each.name for each in segments)
    headers = [(name.encode(), b"sample") for name in route.forwarded_request_headers]
    request = HTTPRequest(
        method=route.http_method.value,
        path=f"/s/{path}",
        query="",
        headers=headers,
        content_type="application/json",
        body=body,
    )
    return event_of(route, request, parameters)


def _change(watch: RecordWatch, now: datetime, body: bytes) -> bytes:
    pattern = read_event_name(watch.event_name)
    operation = RecordOperation.UPDATED
    if pattern.operation != ANY:
        operation = RecordOperation(pattern.operation)
    is_update = operation is RecordOperation.UPDATED
    changed = RecordChanged(
        workspace_id=WorkspaceId(""),
        event_id="sample",
        object=_OBJECT if pattern.object == ANY else pattern.object,
        operation=operation,
        record_id="sample",
        happened_at=now,
        after=decode(body),
        updated_fields=watch.updated_fields if is_update else (),
    )
    return outbox_event(changed, now).event_json
