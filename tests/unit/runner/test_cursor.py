"""Cursors come back as they were made, or not at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.cursor import call_cursor, call_place, decode_cursor, encode_cursor
from runner.errors import CursorRefused
from support.records import a_record

words = st.text(st.characters(codec="utf-8")).filter(str.isprintable).filter(lambda t: len(t) < 40)
parts = st.lists(words | st.integers(0, 2**31 - 1), max_size=3)


@given(kind=words, parts=parts)
def test_a_cursor_gives_back_its_parts(kind: str, parts: list[str | int]) -> None:
    """What a list put in, that list gets out."""
    cursor = encode_cursor(kind, *parts)

    assert parts == list(decode_cursor(kind, cursor, *(type(part) for part in parts)))
    assert cursor.isascii()


@given(cursor=st.text(st.characters(categories=None)))
def test_any_other_text_is_refused(cursor: str) -> None:
    """No text, however odd, raises anything but the refusal."""
    with pytest.raises(CursorRefused):
        decode_cursor("functions", cursor, str)


@given(parts=parts, wrong=st.sampled_from([(str, str, str, str), (bool,)]))
def test_a_cursor_of_another_shape_is_refused(
    parts: list[str | int], wrong: tuple[type[str | int], ...]
) -> None:
    """A cursor of another list does not fit."""
    with pytest.raises(CursorRefused):
        decode_cursor("calls", encode_cursor("calls", *parts), *wrong)
    with pytest.raises(CursorRefused):
        decode_cursor("versions", encode_cursor("calls", *parts), *(type(part) for part in parts))


def test_a_place_among_calls_is_a_moment_and_an_id() -> None:
    """The cursor of a record names the place just after it, to the microsecond."""
    record = a_record()

    assert (record.started_at, record.id) == call_place(call_cursor(record))


def test_a_moment_without_a_zone_is_refused() -> None:
    """A moment that could mean several is not taken."""
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None).isoformat()

    with pytest.raises(CursorRefused):
        call_place(encode_cursor("calls", naive, "call_1"))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_moment_beyond_the_ends_of_time_is_refused(moment: str) -> None:
    """A forged cursor is no fault of ours: the moment has a zone, and is none in UTC."""
    with pytest.raises(CursorRefused):
        call_place(encode_cursor("calls", moment, "call_1"))
