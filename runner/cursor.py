"""Cursors: where a page ended, as an opaque word that is checked when it comes back."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from runner.call import CallRecord
from runner.errors import CursorRefused
from sanderling.kernel.jsontext import JSON

_LONGEST = 4096
"""Enough for an address of 320 characters, whatever these are."""
_LARGEST = 2**31

Part = str | int


CallPlace = tuple[datetime, str]
"""Where a call stands in the history: the moment it started, then its id."""


def encode_cursor(kind: str, *parts: Part) -> str:
    """Return the word for a place in the list `kind`."""
    text = json.dumps([kind, *parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str, *shape: type[Part]) -> Sequence[Part]:
    """Return the parts that `encode_cursor` was given, of the types that `shape` names.

    Raises:
        CursorRefused: the word was not made for this kind of list.

    """
    if len(cursor) > _LONGEST:
        raise CursorRefused
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        decoded: JSON = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise CursorRefused from error
    match decoded:
        case [str() as made_for, *rest] if made_for == kind and _fits(rest, shape):
            parts = [part for part in rest if isinstance(part, (str, int))]
        case _:
            raise CursorRefused
    # One place has one word: anything else, such as stray padding, was not made here.
    if encode_cursor(kind, *parts) != cursor:
        raise CursorRefused
    return parts


def call_cursor(record: CallRecord) -> str:
    """Return the word for the place just after `record`."""
    return encode_cursor("calls", record.started_at.isoformat(), record.id)


def call_place(cursor: str) -> CallPlace:
    """Return the moment and id of the record that a page ended with.

    Raises:
        CursorRefused: the cursor was not made by a list of calls.

    """
    return moment_place("calls", cursor)


def moment_place(kind: str, cursor: str) -> tuple[datetime, str]:
    """Return the moment and id that a page of the list `kind`, by time, ended with.

    Raises:
        CursorRefused: the cursor was not made by such a list.

    """
    text, row_id = decode_cursor(kind, cursor, str, str)
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is None:
            raise CursorRefused
        # At the ends of time a zone leads beyond them, where no database can follow.
        return moment.astimezone(UTC), str(row_id)
    except (ValueError, OverflowError) as error:
        raise CursorRefused from error


def _fits(parts: Sequence[object], shape: Sequence[type[Part]]) -> bool:
    return len(parts) == len(shape) and all(map(_is_part, parts, shape))


def _is_part(part: object, wanted: type[Part]) -> bool:
    """Claim that a database can compare its column with `part`.

    Text that does not print includes NUL and lone surrogates, which PostgreSQL refuses.
    """
    if isinstance(part, str):
        return wanted is str and part.isprintable()
    return wanted is int and type(part) is int and 0 <= part < _LARGEST
