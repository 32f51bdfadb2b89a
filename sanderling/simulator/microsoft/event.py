"""A meeting as Graph's `event`: single, master of a series, occurrence or exception."""

from datetime import datetime

from sanderling.simulator.core.meeting import Answered, Meeting, MeetingStatus, Plan, When
from sanderling.simulator.core.recurrence import Occurrence, rule_of
from sanderling.simulator.microsoft import ids
from sanderling.simulator.microsoft.gate import Ask, Value
from sanderling.simulator.microsoft.message import body, change_key, moment, recipient

WINDOWS_ZONES = {
    "Europe/Paris": "Romance Standard Time",
    "Europe/Berlin": "W. Europe Standard Time",
    "America/New_York": "Eastern Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time",
}
"""The names that Outlook writes; a zone that is missing here keeps its own, as some clients do."""
_RESPONSES = {
    Answered.WAITING: "none",
    Answered.ACCEPTED: "accepted",
    Answered.DECLINED: "declined",
    Answered.TENTATIVE: "tentativelyAccepted",
}
_DAYS = {
    day[:2].upper(): day
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}
_NEVER = "0001-01-01T00:00:00Z"


def event_value(ask: Ask, meeting: Meeting, occurrence: Occurrence | None = None) -> Value:
    """Return every property of a meeting, or of one occurrence of a series."""
    plan, person = meeting.plan, ask.person
    start, end = (occurrence.start, occurrence.end) if occurrence else (plan.start, plan.end)
    is_exception = meeting.master is not None
    kind = "singleInstance"
    if is_exception:
        kind = "exception"
    elif occurrence is not None:
        kind = "occurrence"
    elif plan.recurrence:
        kind = "seriesMaster"
    change = change_key(person, "e", meeting.number, meeting.changed)
    return {
        "@odata.etag": f'W/"{change}"',
        "id": event_name(ask, meeting, occurrence),
        "createdDateTime": moment(meeting.created_at),
        "lastModifiedDateTime": moment(meeting.updated_at),
        "changeKey": change,
        "categories": [],
        "originalStartTimeZone": WINDOWS_ZONES.get(plan.start.zone, plan.start.zone),
        "originalEndTimeZone": WINDOWS_ZONES.get(plan.end.zone, plan.end.zone),
        "originalStart": _original(meeting, occurrence),
        "iCalUId": meeting.uid,
        "type": kind,
        "seriesMasterId": _master_id(ask, meeting, occurrence),
        "start": _date_time(start),
        "end": _date_time(end),
        "isAllDay": start.day is not None,
        "recurrence": _recurrence(plan) if kind == "seriesMaster" else None,
        **_said(ask, plan),
    }


def trimmed(ask: Ask, meeting: Meeting, occurrence: Occurrence) -> Value:
    """Return an occurrence as delta tells it: what differs from its series, and no more."""
    value = event_value(ask, meeting, occurrence)
    names = ("@odata.etag", "id", "type", "seriesMasterId", "start", "end")
    return {name: value[name] for name in names}


def event_name(ask: Ask, meeting: Meeting, occurrence: Occurrence | None = None) -> str:
    """Return the id of a meeting or occurrence."""
    original = occurrence.original_start if occurrence else meeting.original_start
    number = meeting.number if meeting.master is None else meeting.master
    text = "" if original is None else original.utc().strftime("%Y%m%dT%H%M%S")
    return ids.event_id(ask.person, ids.EventId(number, text))


def original_of(when: When) -> str:
    """Return an occurrence's first start as its id holds it."""
    return when.utc().strftime("%Y%m%dT%H%M%S")


def _said(ask: Ask, plan: Plan) -> Value:
    """Return what people wrote and answered."""
    is_tentative = plan.status is MeetingStatus.TENTATIVE
    return {
        "subject": plan.title,
        "bodyPreview": plan.description[:255],
        "body": body(ask, plan.description, ""),
        "importance": "normal",
        "sensitivity": "private" if plan.is_private else "normal",
        "showAs": "tentative" if is_tentative else "busy",
        "isCancelled": plan.status is MeetingStatus.CANCELLED,
        "isOrganizer": plan.organizer == ask.person.owner,
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 15,
        "responseRequested": True,
        "hasAttachments": False,
        "isOnlineMeeting": bool(plan.conference_url),
        "onlineMeeting": {"joinUrl": plan.conference_url} if plan.conference_url else None,
        "location": {"displayName": plan.location, "locationType": "default"},
        "organizer": recipient(plan.organizer),
        "attendees": [
            {
                **recipient(each.who),
                "type": "optional" if each.is_optional else "required",
                "status": {"response": _RESPONSES[each.answered], "time": _NEVER},
            }
            for each in plan.invitees
        ],
        "webLink": "https://outlook.example/owa/",
    }


def _master_id(ask: Ask, meeting: Meeting, occurrence: Occurrence | None) -> str | None:
    if meeting.master is not None:
        return ids.event_id(ask.person, ids.EventId(meeting.master))
    return ids.event_id(ask.person, ids.EventId(meeting.number)) if occurrence else None


def _original(meeting: Meeting, occurrence: Occurrence | None) -> str | None:
    original = occurrence.original_start if occurrence else meeting.original_start
    return None if original is None else moment(original.utc())


def _date_time(when: When) -> Value:
    """Return a time as UTC; whole days begin at midnight, wherever that is."""
    at: datetime = when.utc()
    return {"dateTime": at.strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


def _recurrence(plan: Plan) -> Value:
    rule = rule_of(plan.recurrence)
    first = plan.start.local()
    pattern: Value = {"interval": int(rule.get("INTERVAL", "1")), "firstDayOfWeek": "sunday"}
    match rule["FREQ"]:
        case "DAILY":
            pattern["type"] = "daily"
        case "WEEKLY":
            days = rule.get("BYDAY", "").split(",") if "BYDAY" in rule else []
            pattern["type"] = "weekly"
            pattern["daysOfWeek"] = [_DAYS[day] for day in days] or [first.strftime("%A").lower()]
        case "MONTHLY":
            pattern |= {"type": "absoluteMonthly", "dayOfMonth": first.day}
        case _:
            pattern |= {"type": "absoluteYearly", "dayOfMonth": first.day, "month": first.month}
    zone = WINDOWS_ZONES.get(plan.start.zone, plan.start.zone)
    span: Value = {"startDate": first.strftime("%Y-%m-%d"), "recurrenceTimeZone": zone}
    if "COUNT" in rule:
        span |= {"type": "numbered", "numberOfOccurrences": int(rule["COUNT"])}
    elif "UNTIL" in rule:
        until = rule["UNTIL"]
        span |= {"type": "endDate", "endDate": f"{until[:4]}-{until[4:6]}-{until[6:8]}"}
    else:
        span["type"] = "noEnd"
    return {"pattern": pattern, "range": span}
