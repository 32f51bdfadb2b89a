"""Cursors of the lists of what came in lead back to the place that made them, or are refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.cursor import encode_cursor
from runner.errors import CursorRefused
from sanderling.api.record_cursors import CursorKind, record_cursor, record_place

AT = datetime(2026, 3, 29, tzinfo=UTC)


@given(
    kind=st.sampled_from(CursorKind),
    moment=st.datetimes(timezones=st.just(UTC)),
    key=st.text(st.characters(), max_size=320),
)
def test_a_cursor_leads_back_to_its_place(kind: CursorKind, moment: datetime, key: str) -> None:
    """Whatever strangers put into an address: half a surrogate pair, or 320 rare letters."""
    assert record_place(kind, record_cursor(kind, (moment, key))) == (moment, key)


@pytest.mark.parametrize(
    "cursor",
    [
        record_cursor(CursorKind.CONTACTS, (AT, "a")),
        encode_cursor("messages", AT.isoformat(), "no hexadecimal"),
        encode_cursor("messages", AT.isoformat(), "ff"),
        encode_cursor("messages", "yesterday", "61"),
    ],
)
def test_another_cursor_is_refused(cursor: str) -> None:
    """It is not told what is wrong with it."""
    with pytest.raises(CursorRefused):
        record_place(CursorKind.MESSAGES, cursor)
