"""Reads an event of Graph, whatever it holds."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from jobs.providers.answer import Fields, fields_of, list_of, text_of
from jobs.providers.microsoft.message import address_of, moment_of
from jobs.providers.microsoft.zones import zone_of
from jobs.providers.page import id_of
from jobs.providers.text import clean, html_text
from jobs.sync.items import Attendee, Event, EventStatus, Moment, Response

MAX_ATTENDEES = 1000
_MAX_SHORT_CHARS = 2000
_ISO_DATE_CHARS = 10

_RESPONSES = {
    "accepted": Response.ACCEPTED,
    "organizer": Response.ACCEPTED,
    "declined": Response.DECLINED,
    "tentativelyAccepted": Response.TENTATIVE,
}
_VISIBILITIES = {"private": "private", "personal": "private", "confidential": "confidential"}


def is_master(fields: Fields) -> bool:
    """Claim that it is a series, whose dates come as events of their own."""
    return text_of(fields, "type") == "seriesMaster"


def is_trimmed(fields: Fields) -> bool:
    """Claim that it is a date of a series that says no more than when it is."""
    return text_of(fields, "type") == "occurrence" and "subject" not in fields


def event_of(fields: Fields, master: Fields | None = None) -> Event:
    """Return the event; what a date does not say itself is as its series has it."""
    told = {**(master or {}), **fields}
    is_all_day = told.get("isAllDay") is True
    start = _moment(told, "start", is_all_day=is_all_day) or Moment()
    recurring_id = id_of(told, "seriesMasterId") or None
    body = fields_of(told, "body")
    content = text_of(body, "content")
    is_html = text_of(body, "contentType").lower() == "html"
    return Event(
        remote_id=id_of(told),
        ical_uid=clean(text_of(told, "iCalUId"), _MAX_SHORT_CHARS),
        version=clean(text_of(told, "changeKey"), _MAX_SHORT_CHARS),
        recurring_id=recurring_id,
        original_start=_original(fields, start) if recurring_id else None,
        status=_status(told),
        title=clean(text_of(told, "subject"), _MAX_SHORT_CHARS),
        description=html_text(content) if is_html else clean(content),
        location=clean(text_of(fields_of(told, "location"), "displayName"), _MAX_SHORT_CHARS),
        conference_url=_conference(told),
        start=start,
        end=_moment(told, "end", is_all_day=is_all_day) or start,
        attendees=_attendees(told),
        visibility=_VISIBILITIES.get(text_of(told, "sensitivity"), "default"),
    )


def _status(fields: Fields) -> EventStatus:
    if fields.get("isCancelled") is True:
        return EventStatus.CANCELLED
    is_tentative = text_of(fields, "showAs") == "tentative"
    return EventStatus.TENTATIVE if is_tentative else EventStatus.CONFIRMED


def _moment(fields: Fields, name: str, *, is_all_day: bool) -> Moment | None:
    """Return a whole day, or a moment in UTC with the zone that it was set in."""
    told = fields_of(fields, name)
    text = text_of(told, "dateTime")
    try:
        if is_all_day:
            return Moment(day=date.fromisoformat(text[:_ISO_DATE_CHARS]))
        at = datetime.fromisoformat(text)
        zone = ZoneInfo(zone_of(text_of(told, "timeZone")) or "UTC")
        aware = at if at.tzinfo else at.replace(tzinfo=zone)
        original = text_of(fields, f"original{name.title()}TimeZone")
        return Moment(at=aware.astimezone(UTC), zone=zone_of(original) or zone.key)
    except (ValueError, OverflowError):
        return None


def _original(fields: Fields, start: Moment) -> Moment:
    """Return the moment of its series that an event stands for; a date that was not moved: its own.

    A whole day is told as midnight UTC.
    """
    at = moment_of(text_of(fields, "originalStart"))
    if at is None:
        return start
    return Moment(day=at.date()) if start.day is not None else Moment(at=at, zone=start.zone)


def _conference(fields: Fields) -> str | None:
    url = text_of(fields_of(fields, "onlineMeeting"), "joinUrl")
    return clean(url or text_of(fields, "onlineMeetingUrl"), _MAX_SHORT_CHARS) or None


def _attendees(fields: Fields) -> tuple[Attendee, ...]:
    organizer = address_of(fields_of(fields, "organizer"))
    found: dict[str, Attendee] = {}
    for one in list_of(fields, "attendees")[:MAX_ATTENDEES]:
        address = address_of(one)
        if address is not None:
            response = text_of(fields_of(one, "status"), "response")
            found[address.email] = Attendee(
                address.email,
                address.name,
                _RESPONSES.get(response, Response.NEEDS_ACTION),
                is_organizer=organizer is not None and address.email == organizer.email,
                is_optional=text_of(one, "type") == "optional",
            )
    return tuple(found.values())
