"""Cursors of the lists of accounts and of what came in."""

from enum import StrEnum

from jobs.sync.records import RecordPlace
from runner.cursor import encode_cursor, moment_place
from runner.errors import CursorRefused


class CursorKind(StrEnum):
    """The list that a cursor belongs to."""

    MESSAGES = "messages"
    CALENDAR_EVENTS = "calendar-events"
    CONTACTS = "contacts"
    ACCOUNTS = "accounts"


def record_cursor(kind: CursorKind, place: RecordPlace) -> str:
    """Return the word for the place just after a record."""
    moment, key = place
    # In hexadecimal: an address of a contact may hold what no cursor takes.
    return encode_cursor(kind, moment.isoformat(), key.encode("utf-8", "surrogatepass").hex())


def record_place(kind: CursorKind, cursor: str) -> RecordPlace:
    """Return the place that a page ended with.

    Raises:
        CursorRefused: the cursor was not made by this list.

    """
    moment, key = moment_place(kind, cursor)
    try:
        return moment, bytes.fromhex(key).decode("utf-8", "surrogatepass")
    except ValueError as error:
        raise CursorRefused from error
