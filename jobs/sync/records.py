"""The moments by which people see what came in."""

from datetime import UTC, datetime

from jobs.sync.items import Event, Message

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def dated_at(message: Message) -> datetime:
    """Return the moment that a message is listed by; one without any is the oldest."""
    return _within(message.received_at or message.sent_at)


def starts_at(event: Event) -> datetime:
    """Return the moment that an event is listed by; a day begins as it does in UTC."""
    day = event.start.day
    if day is not None:
        return _within(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return _within(event.start.at)


def _within(moment: datetime | None) -> datetime:
    """Return the nearest moment that every database can hold and sort."""
    if moment is None:
        return AT_ONCE
    return min(max(moment, AT_ONCE), _LATEST)
