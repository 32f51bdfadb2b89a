"""Triggers to keep, different in every field."""

from datetime import timedelta
from itertools import count

from runner.function import Function
from runner.triggers.trigger import (
    EventShape,
    HTTPMethod,
    HTTPRoute,
    RecordWatch,
    ReplyShape,
    Settings,
    Trigger,
)
from sanderling.kernel.ids import TriggerId
from support.records import START

_numbers = count(1)

ROUTE = HTTPRoute(
    path="/orders/:id/*rest",
    http_method=HTTPMethod.PATCH,
    is_auth_required=False,
    forwarded_request_headers=("x-signature", "user-agent"),
    event=EventShape.REQUEST,
    reply=ReplyShape.RESPONSE,
)
QUEUED = HTTPRoute("/hook", HTTPMethod.POST, event=EventShape.BODY, is_queued=True)
WATCH = RecordWatch("company.updated", ("name", "domainName"))
"""Settings in which nothing is at its default, and some in which everything else is."""


def a_trigger(function: Function, settings: Settings = ROUTE, **changed: bool) -> Trigger:
    """Return a new trigger of `function`."""
    return Trigger(
        id=TriggerId(f"trg_{next(_numbers):026}"),
        workspace_id=function.workspace_id,
        function_id=function.id,
        function_name=function.name,
        settings=settings,
        created_at=START,
        updated_at=START + timedelta(microseconds=1),
        **changed,
    )
