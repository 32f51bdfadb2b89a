"""Settings of triggers as canonical JSON: plain ASCII, which every database can hold."""

import json
from dataclasses import asdict
from typing import assert_never

from runner.triggers.trigger import (
    CronSchedule,
    EventShape,
    HTTPMethod,
    HTTPRoute,
    RecordWatch,
    ReplyShape,
    Settings,
    TriggerKind,
)
from sanderling.schedule.catch_up import CatchUp
from sanderling.schedule.overlap import Overlap


def settings_text(settings: Settings) -> str:
    """Return the one text that stands for `settings`."""
    return json.dumps(asdict(settings), sort_keys=True, separators=(",", ":"))


def settings_from_text(kind: str, text: str) -> Settings:
    """Return what `settings_text` was given; what a later release added has its default."""
    kept = json.loads(text)
    found = TriggerKind(kind)
    match found:
        case TriggerKind.HTTP:
            return HTTPRoute(
                path=kept["path"],
                http_method=HTTPMethod(kept["http_method"]),
                is_auth_required=kept["is_auth_required"],
                forwarded_request_headers=tuple(kept["forwarded_request_headers"]),
                event=EventShape(kept["event"]),
                reply=ReplyShape(kept["reply"]),
                is_queued=kept["is_queued"],
            )
        case TriggerKind.RECORD:
            return RecordWatch(kept["event_name"], tuple(kept["updated_fields"]))
        case TriggerKind.CRON:
            return CronSchedule(
                expression=kept["expression"],
                zone=kept["zone"],
                catch_up=CatchUp(kept["catch_up"]),
                catch_up_most=kept["catch_up_most"],
                overlap=Overlap(kept["overlap"]),
                jitter_s=kept["jitter_s"],
                payload_json=kept["payload_json"],
            )
        case _:
            assert_never(found)
