"""A meeting as Calendar's JSON."""

from datetime import UTC, datetime
from typing import Any

from sanderling.simulator.core.meeting import Answered, Invitee, Meeting, When
from sanderling.simulator.core.recurrence import Occurrence
from sanderling.simulator.core.world import Person

_RESPONSES = {
    Answered.WAITING: "needsAction",
    Answered.ACCEPTED: "accepted",
    Answered.DECLINED: "declined",
    Answered.TENTATIVE: "tentative",
}
JSONObject = dict[str, Any]


def event_id(person: Person, number: int) -> str:
    """Return the id of a meeting; an exception's tells the series and the day it stands for."""
    meeting = person.agenda.get(number)
    if meeting.master is None or meeting.original_start is None:
        return f"sim{number:021d}"
    return f"{event_id(person, meeting.master)}_{_compact(meeting.original_start)}"


def occurrence_id(person: Person, master: Meeting, occurrence: Occurrence) -> str:
    """Return the id of one time at which a series takes place."""
    return f"{event_id(person, master.number)}_{_compact(occurrence.original_start)}"


def find(person: Person, wanted: str) -> Meeting | None:
    """Return the meeting with this id."""
    digits = wanted.partition("_")[0].removeprefix("sim")
    number = int(digits) if digits.isascii() and digits.isdigit() else 0
    meetings = person.agenda.meetings
    if "_" not in wanted:
        return meetings.get(number) if wanted.startswith("sim") else None
    exceptions = person.agenda.exceptions_of(number)
    return next((kept for kept in exceptions if event_id(person, kept.number) == wanted), None)


def event_json(person: Person, meeting: Meeting) -> JSONObject:
    """Return a meeting; of what is cancelled only what Google promises to tell."""
    value = _head(person, meeting, event_id(person, meeting.number))
    if meeting.master is not None and meeting.original_start is not None:
        value["recurringEventId"] = event_id(person, meeting.master)
        value["originalStartTime"] = when_json(meeting.original_start)
    if meeting.is_cancelled:
        return value
    return (
        value
        | _plan(person, meeting)
        | {
            "start": when_json(meeting.plan.start),
            "end": when_json(meeting.plan.end),
            **({"recurrence": list(meeting.plan.recurrence)} if meeting.plan.recurrence else {}),
        }
    )


def occurrence_json(person: Person, master: Meeting, occurrence: Occurrence) -> JSONObject:
    """Return one time of a series, or the exception in its place."""
    if occurrence.exception is not None:
        return event_json(person, occurrence.exception)
    return (
        _head(person, master, occurrence_id(person, master, occurrence))
        | _plan(person, master)
        | {
            "start": when_json(occurrence.start),
            "end": when_json(occurrence.end),
            "recurringEventId": event_id(person, master.number),
            "originalStartTime": when_json(occurrence.original_start),
        }
    )


def when_json(when: When) -> JSONObject:
    """Return a moment with its offset and zone, or a day."""
    if when.day is not None:
        return {"date": when.day.isoformat()}
    return {"dateTime": when.local().isoformat(), "timeZone": when.zone}


def stamp(moment: datetime) -> str:
    """Return a moment as Google writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _head(person: Person, meeting: Meeting, identity: str) -> JSONObject:
    return {
        "kind": "calendar#event",
        "etag": f'"{person.agenda.generation}{meeting.changed:012d}"',
        "id": identity,
        "status": meeting.plan.status.value,
    }


def _plan(person: Person, meeting: Meeting) -> JSONObject:
    plan = meeting.plan
    organizer: JSONObject = {"email": plan.organizer.email}
    if plan.organizer.email == person.email:
        organizer["self"] = True
    value: JSONObject = {
        "htmlLink": f"https://calendar.example/event?eid={meeting.number}",
        "created": stamp(meeting.created_at),
        "updated": stamp(meeting.updated_at),
        "summary": plan.title,
        "creator": organizer,
        "organizer": organizer,
        "iCalUID": meeting.uid,
        "sequence": meeting.revision,
        "reminders": {"useDefault": True},
        "eventType": "default",
    }
    if plan.description:
        value["description"] = plan.description
    if plan.location:
        value["location"] = plan.location
    if plan.conference_url:
        value["hangoutLink"] = plan.conference_url
    if plan.is_private:
        value["visibility"] = "private"
    if plan.invitees:
        value["attendees"] = [_attendee(person, meeting, found) for found in plan.invitees]
    return value


def _attendee(person: Person, meeting: Meeting, invitee: Invitee) -> JSONObject:
    email = invitee.who.email
    value: JSONObject = {
        "email": email,
        "displayName": invitee.who.name,
        "responseStatus": _RESPONSES[invitee.answered],
    }
    flags = {
        "organizer": email == meeting.plan.organizer.email,
        "self": email == person.email,
        "optional": invitee.is_optional,
    }
    return value | {name: True for name, is_so in flags.items() if is_so}


def _compact(when: When) -> str:
    if when.day is not None:
        return f"{when.day:%Y%m%d}"
    return f"{when.utc():%Y%m%dT%H%M%SZ}"
