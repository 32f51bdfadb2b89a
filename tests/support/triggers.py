"""Triggers to keep, different in every field."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from runner.function import Function
from runner.triggers.trigger import (
    CronSchedule,
    EventShape,
    HTTPMethod,
    HTTPRoute,
    RecordWatch,
    ReplyShape,
    Settings,
    Trigger,
)
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.ids import TriggerId
from sanderling.schedule.catch_up import CatchUp
from sanderling.schedule.overlap import Overlap
from support.records import HERE, START

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
SCHEDULE = CronSchedule(
    expression="*/15 2 * * *",
    zone="Europe/Berlin",
    catch_up=CatchUp.ALL,
    catch_up_most=7,
    overlap=Overlap.QUEUE,
    jitter_s=40,
    payload_json='{"for":"☃"}',
)
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


def a_change(event_id: str = "evt_1", **changed: Any) -> RecordChanged:
    """Return an update of a company in which nothing is at its default."""
    change = RecordChanged(
        workspace_id=HERE,
        event_id=event_id,
        object="company",
        operation=RecordOperation.UPDATED,
        record_id="rec_\N{SNOWMAN}",
        happened_at=START,
        before={"name": "a\0"},
        after={"name": "b"},
        updated_fields=("name", "domainName"),
    )
    return replace(change, **changed)
