"""Letters and plans as people write them in JSON."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sanderling.simulator.core.mail import Correspondent, Letter
from sanderling.simulator.core.meeting import Plan, When

Given = dict[str, Any]
WRITTEN = frozenset({"subject", "text", "html", "from", "to", "headers"})


class Undoable(ValueError):
    """What was asked for makes no sense; the message says why."""


def letter_with(letter: Letter, given: Given) -> Letter:
    """Return a letter with what is given in place of what it says."""
    changed: Given = {key: str(given[key]) for key in ("subject", "text", "html") if key in given}
    if "text" in given and "html" not in given:
        changed["html"] = ""
    if "from" in given:
        changed["sender"] = Correspondent("", str(given["from"]))
    if "to" in given:
        changed["to"] = tuple(Correspondent("", str(email)) for email in given["to"])
    if "headers" in given:
        changed["headers"] = tuple(
            (str(name), str(value)) for name, value in given["headers"].items()
        )
    return replace(letter, **changed)


def plan_with(plan: Plan, given: Given) -> Plan:
    """Return a plan with what is given in place of what it says."""
    texts = ("title", "description", "location", "conference_url")
    changed: Given = {key: str(given[key]) for key in texts if key in given}
    changed |= {key: when_of(given[key]) for key in ("start", "end") if key in given}
    if "recurrence" in given:
        changed["recurrence"] = tuple(str(line) for line in given["recurrence"])
    if "is_private" in given:
        changed["is_private"] = bool(given["is_private"])
    return replace(plan, **changed)


def when_of(given: Any) -> When:
    """Return `{"at": "2026-12-01T09:00:00Z", "zone": "Europe/Paris"}` or `{"day": "2026-12-01"}`.

    Raises:
        Undoable: it is neither.

    """
    try:
        zone = str(given.get("zone", "UTC"))
        if "at" in given:
            return When(at=datetime.fromisoformat(given["at"]), zone=zone)
        return When(day=date.fromisoformat(given["day"]), zone=zone)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Undoable("a time is {at, zone} or {day, zone}, as 2026-12-01T09:00:00Z") from error
