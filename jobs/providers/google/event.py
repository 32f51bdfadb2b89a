"""Reads an event of Google Calendar, whatever it holds."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from jobs.providers.answer import Fields, fields_of, list_of, text_of, texts_of
from jobs.providers.page import id_of
from jobs.providers.text import clean
from jobs.sync.items import Attendee, Event, EventStatus, Moment, Response
from jobs.sync.provider import Removed

MAX_ATTENDEES = 1000
MAX_EMAIL_CHARS = 320
_MAX_SHORT_CHARS = 2000
_MAX_WORD_CHARS = 40

_RESPONSES = {
    "accepted": Response.ACCEPTED,
    "declined": Response.DECLINED,
    "tentative": Response.TENTATIVE,
}
_STATUSES = {"tentative": EventStatus.TENTATIVE, "cancelled": EventStatus.CANCELLED}


def event_of(fields: Fields, *, zone: str) -> Event | Removed:
    """Return the event; times without an offset are in `zone` where they name none.

    A cancelled event is gone; a cancelled moment of a series is kept, with nothing but its
    place, so that the series leaves it out.
    """
    status = _STATUSES.get(text_of(fields, "status"), EventStatus.CONFIRMED)
    recurring_id = id_of(fields, "recurringEventId") or None
    if status is EventStatus.CANCELLED and recurring_id is None:
        return Removed(id_of(fields))
    original = moment_of(fields_of(fields, "originalStartTime"), zone) if recurring_id else None
    start = moment_of(fields_of(fields, "start"), zone) or original or Moment()
    return Event(
        remote_id=id_of(fields),
        ical_uid=clean(text_of(fields, "iCalUID"), _MAX_SHORT_CHARS),
        version=clean(text_of(fields, "etag").strip('"'), _MAX_SHORT_CHARS),
        recurring_id=recurring_id,
        original_start=original,
        status=status,
        title=clean(text_of(fields, "summary"), _MAX_SHORT_CHARS),
        description=clean(text_of(fields, "description")),
        location=clean(text_of(fields, "location"), _MAX_SHORT_CHARS),
        conference_url=_conference(fields),
        start=start,
        end=moment_of(fields_of(fields, "end"), zone) or start,
        recurrence=tuple(clean(line, _MAX_SHORT_CHARS) for line in texts_of(fields, "recurrence")),
        attendees=_attendees(fields),
        visibility=clean(text_of(fields, "visibility"), _MAX_WORD_CHARS) or "default",
    )


def moment_of(fields: Fields, zone: str) -> Moment | None:
    """Return a whole day, or a moment in UTC with its zone; None where there is neither."""
    try:
        if text_of(fields, "date"):
            return Moment(day=date.fromisoformat(text_of(fields, "date")))
        at = datetime.fromisoformat(text_of(fields, "dateTime"))
        named = text_of(fields, "timeZone") or zone
        aware = at if at.tzinfo else at.replace(tzinfo=_zone(named))
        return Moment(at=aware.astimezone(UTC), zone=clean(named, 100) or None)
    except (ValueError, OverflowError):
        return None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def _attendees(fields: Fields) -> tuple[Attendee, ...]:
    organizer = text_of(fields_of(fields, "organizer"), "email").lower()
    found: dict[str, Attendee] = {}
    for one in list_of(fields, "attendees")[:MAX_ATTENDEES]:
        email = clean(text_of(one, "email")).lower()
        # One that is cut would be another one, and perhaps somebody else's.
        if email and len(email) <= MAX_EMAIL_CHARS:
            found[email] = Attendee(
                email,
                clean(text_of(one, "displayName"), 500),
                _RESPONSES.get(text_of(one, "responseStatus"), Response.NEEDS_ACTION),
                is_organizer=one.get("organizer") is True or email == organizer,
                is_optional=one.get("optional") is True,
            )
    return tuple(found.values())


def _conference(fields: Fields) -> str | None:
    entries = list_of(fields_of(fields, "conferenceData"), "entryPoints")
    video = (text_of(one, "uri") for one in entries if text_of(one, "entryPointType") == "video")
    return clean(next(video, "") or text_of(fields, "hangoutLink"), _MAX_SHORT_CHARS) or None
