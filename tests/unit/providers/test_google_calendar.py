"""Google's primary calendar is read in pages, masters and exceptions as they are."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.providers.google.calendar import PRIMARY, GoogleCalendarProvider
from jobs.providers.google.event import event_of
from jobs.providers.google.faults import fault_of
from jobs.sync.faults import CursorExpired, Temporary
from jobs.sync.items import CalendarRef, Event, EventStatus, Moment, Response
from jobs.sync.provider import Page, Removed
from support.gmail import error
from support.providers import Desk, scripted

BERLIN = "Europe/Berlin"
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=10,
)


@asynccontextmanager
async def calendar() -> AsyncGenerator[tuple[GoogleCalendarProvider, Desk]]:
    """Yield an account's calendar, and the desk where its answers are laid out."""
    async with scripted(reads=fault_of) as desk:
        yield GoogleCalendarProvider(desk.http), desk


def read(**fields: object) -> Event:
    """Return an event that is there."""
    event = event_of({"id": "e1", **fields}, zone=BERLIN)
    assert isinstance(event, Event)
    return event


async def test_pages_are_asked_for_with_the_same_parameters() -> None:
    """The sync token comes with the last page, and nothing that forbids one is asked."""
    async with calendar() as (google, desk):
        desk.script.then(json={"items": [], "nextPageToken": "2", "nextSyncToken": "early"})
        desk.script.then(
            json={"items": [{"id": "e1", "status": "cancelled"}], "nextSyncToken": "s1"}
        )

        assert await google.calendars() == (CalendarRef(PRIMARY, PRIMARY, is_primary=True),)
        assert await google.scan(PRIMARY, None) == Page((), "2")
        assert await google.changes(PRIMARY, "s0", "2") == Page((Removed("e1"),), cursor="s1")

        assert [dict(asked.url.params) for asked in desk.script.asked] == [
            {"maxResults": "2500", "singleEvents": "false"},
            {"syncToken": "s0", "maxResults": "2500", "singleEvents": "false", "pageToken": "2"},
        ]


async def test_an_expired_token_asks_for_a_scan() -> None:
    """410 is an expired cursor; a forgotten page begins its round again."""
    async with calendar() as (google, desk):
        bad = error(400, "invalid")
        desk.script.then(410, json=error(410, "fullSyncRequired"))
        with pytest.raises(CursorExpired):
            await google.changes(PRIMARY, "old", None)

        desk.script.then(400, json=bad).then(json={"nextSyncToken": "s2"}).then(400, json=bad)
        assert await google.changes(PRIMARY, "s1", "old") == Page((), cursor="s2")
        with pytest.raises(CursorExpired):
            await google.scan(PRIMARY, "old")


async def test_a_last_page_without_its_token_is_asked_for_again() -> None:
    """Half an answer moves no cursor."""
    async with calendar() as (google, desk):
        desk.script.then(json={"items": []})

        with pytest.raises(Temporary):
            await google.scan(PRIMARY, None)


def test_times_are_utc_with_their_zone_and_days_are_days() -> None:
    """An offset counts, then the event's zone, then the calendar's."""
    event = read(
        start={"dateTime": "2026-07-01T10:00:00+02:00", "timeZone": BERLIN},
        end={"dateTime": "2026-07-01T11:00:00"},
    )

    assert event.start == Moment(datetime(2026, 7, 1, 8, tzinfo=UTC), BERLIN)
    assert event.end == Moment(datetime(2026, 7, 1, 9, tzinfo=UTC), BERLIN)
    assert read(start={"date": "2026-07-01"}).start == Moment(day=date(2026, 7, 1))
    assert read(start={"dateTime": "2026-07-01T10:00:00Z", "timeZone": ""}).start.zone == BERLIN
    strange = read(start={"dateTime": "2026-07-01T10:00:00", "timeZone": "Mars/Base"})
    assert strange.start.at == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_cancelled_moment_of_a_series_is_kept() -> None:
    """It has nothing but its place, and a cancelled event of its own is gone."""
    cancelled: dict[str, object] = {"id": "e1_1", "status": "cancelled"}
    place = {"recurringEventId": "e1", "originalStartTime": {"date": "2026-07-02"}}

    event = event_of({**cancelled, **place}, zone=BERLIN)

    assert isinstance(event, Event)
    assert (event.status, event.recurring_id) == (EventStatus.CANCELLED, "e1")
    assert event.original_start == event.start == event.end == Moment(day=date(2026, 7, 2))
    assert event_of(cancelled, zone=BERLIN) == Removed("e1_1")


def test_people_rules_and_the_way_in_are_read() -> None:
    """Attendees count once by their address; a video call is preferred to an old link."""
    event = read(
        iCalUID="u1",
        etag='"7"',
        summary="S\x00",
        recurrence=["RRULE:FREQ=DAILY"],
        visibility="private",
        organizer={"email": "Boss@example.com"},
        attendees=[
            {"email": "boss@example.com", "responseStatus": "accepted"},
            {"email": "b@example.com", "optional": True},
            {"email": "B@example.com", "responseStatus": "declined"},
            {"displayName": "A room without an address"},
        ],
        hangoutLink="https://old.example",
        conferenceData={"entryPoints": [{"entryPointType": "video", "uri": "https://v.example"}]},
    )

    assert (event.ical_uid, event.version, event.title) == ("u1", "7", "S\N{REPLACEMENT CHARACTER}")
    assert (event.recurrence, event.visibility) == (("RRULE:FREQ=DAILY",), "private")
    assert event.conference_url == "https://v.example"
    assert [(one.email, one.response, one.is_organizer) for one in event.attendees] == [
        ("boss@example.com", Response.ACCEPTED, True),
        ("b@example.com", Response.DECLINED, False),
    ]


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from(["start", "end", "attendees", "recurrence", "organizer", "status"]), _json
    )
)
def test_no_event_is_beyond_reading(fields: dict[str, object]) -> None:
    """Whatever stands in place of an event gives an event, or that it is gone."""
    assert event_of({"id": "e1", **fields}, zone="").remote_id == "e1"
