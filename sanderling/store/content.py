"""Messages and events as JSON in bytes, which hold every string that Python can.

Half a surrogate pair is written as if it were a character, so that what comes back is the same to
the last character: sync compares it with what a provider tells later.
"""

import json
from datetime import date, datetime
from typing import Any

from pydantic_core import from_json, to_json

from jobs.sync.items import (
    Address,
    Attachment,
    Attendee,
    Event,
    EventStatus,
    Message,
    Moment,
    Participant,
    Response,
    Role,
)

_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_Fields = dict[str, Any]


def message_content(message: Message) -> bytes:
    """Return all of a message but what changes without its content: folders and being read."""
    return _bytes(
        {
            "remote_id": message.remote_id,
            "thread_id": message.thread_id,
            "rfc_message_id": message.rfc_message_id,
            "version": message.version,
            "is_draft": message.is_draft,
            "sent_at": _iso(message.sent_at),
            "received_at": _iso(message.received_at),
            "subject": message.subject,
            "participants": [
                [each.role.value, each.address.name, each.address.email]
                for each in message.participants
            ],
            "text": message.text,
            "attachments": [
                [each.remote_id, each.name, each.media_type, each.size_bytes, each.is_inline]
                for each in message.attachments
            ],
            "headers": dict(message.headers),
            "parse_error": message.parse_error,
        }
    )


def message_from(content: bytes, *, folders: frozenset[str], is_read: bool) -> Message:
    """Return what `message_content` was given, as it is now."""
    fields = _fields(content)
    participants = (
        Participant(Role(role), Address(name, email))
        for role, name, email in fields["participants"]
    )
    return Message(
        remote_id=fields["remote_id"],
        thread_id=fields["thread_id"],
        rfc_message_id=fields["rfc_message_id"],
        version=fields["version"],
        folders=folders,
        is_read=is_read,
        is_draft=fields["is_draft"],
        sent_at=_moment(fields["sent_at"]),
        received_at=_moment(fields["received_at"]),
        subject=fields["subject"],
        participants=tuple(participants),
        text=fields["text"],
        attachments=tuple(Attachment(*each) for each in fields["attachments"]),
        headers=fields["headers"],
        parse_error=fields["parse_error"],
    )


def event_content(event: Event) -> bytes:
    """Return all of an event."""
    return _bytes(
        {
            "remote_id": event.remote_id,
            "ical_uid": event.ical_uid,
            "version": event.version,
            "recurring_id": event.recurring_id,
            "original_start": _when(event.original_start),
            "status": event.status.value,
            "title": event.title,
            "description": event.description,
            "location": event.location,
            "conference_url": event.conference_url,
            "start": _when(event.start),
            "end": _when(event.end),
            "recurrence": event.recurrence,
            "attendees": [
                [each.email, each.name, each.response.value, each.is_organizer, each.is_optional]
                for each in event.attendees
            ],
            "visibility": event.visibility,
        }
    )


def event_from(content: bytes) -> Event:
    """Return what `event_content` was given."""
    fields = _fields(content)
    original = fields["original_start"]
    attendees = (
        Attendee(email, name, Response(response), is_organizer, is_optional)
        for email, name, response, is_organizer, is_optional in fields["attendees"]
    )
    return Event(
        remote_id=fields["remote_id"],
        ical_uid=fields["ical_uid"],
        version=fields["version"],
        recurring_id=fields["recurring_id"],
        original_start=None if original is None else _whenever(original),
        status=EventStatus(fields["status"]),
        title=fields["title"],
        description=fields["description"],
        location=fields["location"],
        conference_url=fields["conference_url"],
        start=_whenever(fields["start"]),
        end=_whenever(fields["end"]),
        recurrence=tuple(fields["recurrence"]),
        attendees=tuple(attendees),
        visibility=fields["visibility"],
    )


def _bytes(fields: _Fields) -> bytes:
    try:
        return to_json(fields)
    except ValueError:
        # Half a surrogate pair has no form in UTF-8, and the quick way refuses it.
        return _write(fields).encode("utf-8", "surrogatepass")


def _fields(content: bytes) -> _Fields:
    fields: _Fields
    try:
        fields = from_json(content, cache_strings="keys")
    except ValueError:
        fields = json.loads(content.decode("utf-8", "surrogatepass"))
    return fields


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _when(moment: Moment | None) -> list[str | None] | None:
    if moment is None:
        return None
    return [_iso(moment.at), moment.zone, None if moment.day is None else moment.day.isoformat()]


def _whenever(parts: list[str | None]) -> Moment:
    at, zone, day = parts
    return Moment(_moment(at), zone, None if day is None else date.fromisoformat(day))
