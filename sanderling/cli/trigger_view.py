"""Triggers as people see them in a terminal."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sanderling.cli.exits import Exit
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.api.trigger_models import ShownSchedule, ShownTrigger, TriggerRow


def tell_trigger(trigger: ShownTrigger, sentence: str, *, as_json: bool) -> int:
    """Tell what became of a trigger, when it runs next, and what stands in its way."""
    from sanderling.cli.screen import Screen, console  # noqa: PLC0415 - keeps --help quick.

    screen = Screen(as_json=as_json)
    screen.tell(trigger.model_dump(mode="json"), sentence)
    if as_json:
        return Exit.OK
    for moment in runs_of(trigger):
        console().print(f"next: {moment}", highlight=False)
    if trigger.shadowed_by:
        _warn(trigger)
    return Exit.OK


def _warn(trigger: ShownTrigger) -> None:
    from sanderling.cli.screen import console  # noqa: PLC0415 - keeps --help quick.

    line = f"{trigger.shadowed_by} stands before it and takes all its requests."
    console(is_error=True).print("warning:", visible(line), style="yellow")


def waits_for(row: TriggerRow) -> str:
    """Return in a few words what a trigger waits for."""
    settings = row.settings
    if settings.kind == "cron":
        return f"{settings.expression} ({settings.zone})"
    if settings.kind == "http":
        who = "" if settings.is_auth_required else " (public)"
        return f"{settings.http_method} /s{settings.path}{who}"
    fields = f" ({', '.join(settings.updated_fields)})" if settings.updated_fields else ""
    return f"{settings.event_name}{fields}"


def runs_of(trigger: ShownTrigger) -> list[str]:
    """Return the next runs of a cron trigger, on the clocks of its zone and in UTC."""
    settings = trigger.settings
    if settings.kind != "cron":
        return []
    zone = ZoneInfo(settings.zone)
    return [
        f"{run.astimezone(zone):%a %Y-%m-%d %H:%M:%S %z}  ({run.astimezone(UTC):%H:%M:%S} UTC)"
        for run in trigger.next_runs
    ]


def state_of(row: TriggerRow) -> str:
    """Return whether a trigger works."""
    return "enabled" if row.is_enabled else "disabled"


def show_trigger(terminal: Console, trigger: ShownTrigger) -> None:
    """Print a trigger with its settings and how it stands."""
    facts = {
        "id": trigger.id,
        "function": trigger.function,
        "waits for": waits_for(trigger),
        "place": str(trigger.position),
        "state": state_of(trigger),
    }
    settings = trigger.settings
    if settings.kind == "http":
        facts |= {
            "event": settings.event,
            "reply": "202, and the call later" if settings.is_queued else settings.reply,
            "headers": ", ".join(settings.forwarded_request_headers) or "none",
        }
    if settings.kind == "cron":
        facts |= _schedule_facts(settings) | _course_facts(trigger)
    for name, value in facts.items():
        terminal.print(f"{name:<10}", visible(value))
    for at, run in enumerate(runs_of(trigger)):
        terminal.print("next runs " if at == 0 else " " * 10, run)
    if trigger.shadowed_by:
        _warn(trigger)


def _schedule_facts(settings: ShownSchedule) -> dict[str, str]:
    most = f", at most {settings.catch_up_most}" if settings.catch_up == "all" else ""
    return {
        "catch up": f"{settings.catch_up}{most}",
        "overlap": settings.overlap,
        "jitter": f"up to {settings.jitter_s} s" if settings.jitter_s else "none",
        "payload": json.dumps(settings.payload),
    }


def _course_facts(trigger: ShownTrigger) -> dict[str, str]:
    course = trigger.course
    if course is None:
        return {}
    last = (
        f"{course.last_run_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if course.last_run_at else ""
    )
    facts = {
        "last run": " ".join(filter(None, (last, course.last_execution_id))) or "none yet",
        "missed": str(course.missed),
        "overlapped": str(course.overlapped),
    }
    if course.pending:
        facts["pending"] = str(course.pending)
    if course.detail:
        facts["trouble"] = course.detail
    return facts
