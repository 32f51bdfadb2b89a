"""Our provider of Microsoft's calendar, against the simulated Graph."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.providers.microsoft.window import window_at
from jobs.providers.microsoft.zones import zone_of
from jobs.sync.faults import CursorExpired
from jobs.sync.items import Event, EventStatus
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.meeting import Answered, Invitee, Meeting, Plan, When
from support.microsoft import Microsoft, events_after, events_of
from support.simulated import ADA, BO, START, plan

DAY = timedelta(days=1)


def _add(microsoft: Microsoft, written: Plan) -> Meeting:
    return microsoft.person.agenda.add(written, at=START)


def _starts(events: dict[str, Event]) -> list[datetime]:
    return sorted(event.start.at for event in events.values() if event.start.at is not None)


async def test_an_event_comes_with_all_that_it_says() -> None:
    """Time in UTC with its zone by its IANA name, people with their answers, where to meet."""
    microsoft = Microsoft()
    invitees = (Invitee(ADA, Answered.ACCEPTED), Invitee(BO, Answered.DECLINED, is_optional=True))
    written = replace(
        plan(start=START + DAY, zone="Europe/Berlin"),
        location="Room 4",
        conference_url="https://meet.example/x",
        invitees=invitees,
        is_private=True,
    )
    _add(microsoft, written)
    async with microsoft.calendar() as calendar:
        events, _ = await events_of(calendar)

    (event,) = events.values()
    assert (event.title, event.location) == ("Review", "Room 4")
    assert event.conference_url == "https://meet.example/x"
    assert (event.start.at, event.start.zone) == (START + DAY, "Europe/Berlin")
    assert event.visibility == "private"
    people = {each.email: (each.response.value, each.is_optional) for each in event.attendees}
    assert people == {"ada@example.com": ("accepted", False), "bo@example.com": ("declined", True)}


async def test_a_whole_day_is_a_day() -> None:
    """It has no moment and no zone."""
    microsoft = Microsoft()
    day = START.date()
    _add(microsoft, replace(plan(), start=When(day=day), end=When(day=day + DAY)))
    async with microsoft.calendar() as calendar:
        events, _ = await events_of(calendar)

    (event,) = events.values()
    assert (event.start.day, event.end.day, event.start.at) == (day, day + DAY, None)


async def test_each_date_of_a_series_says_what_its_series_says() -> None:
    """Dates come with no more than their times, and are completed."""
    microsoft = Microsoft()
    _add(microsoft, plan("RRULE:FREQ=DAILY;COUNT=3"))
    async with microsoft.calendar() as calendar:
        events, _ = await events_of(calendar)

    assert _starts(events) == [START, START + DAY, START + 2 * DAY]
    assert {event.title for event in events.values()} == {"Review"}
    assert len({event.recurring_id for event in events.values()}) == 1
    assert all(event.original_start == event.start for event in events.values())


async def test_dates_are_completed_when_their_series_was_on_another_page() -> None:
    """The series is asked for, once."""
    microsoft = Microsoft()
    _add(microsoft, plan("RRULE:FREQ=DAILY;COUNT=600"))
    async with microsoft.calendar() as calendar:
        first = await calendar.scan("primary", None)
    async with microsoft.calendar() as calendar:
        second = await calendar.scan("primary", first.next_page)

    titles = {item.title for item in second.items if isinstance(item, Event)}
    assert titles == {"Review"}
    assert [asked.path for asked, _ in microsoft.seen].count("/v1.0/$batch") == 1


async def test_a_moved_date_keeps_its_id_and_its_original_start() -> None:
    """An exception stands for the date that it was."""
    microsoft = Microsoft()
    series = _add(microsoft, plan("RRULE:FREQ=DAILY;COUNT=3"))
    async with microsoft.calendar() as calendar:
        before, cursor = await events_of(calendar)
        later = START + DAY + timedelta(hours=2)
        microsoft.person.agenda.add(
            plan(start=later),
            at=START,
            master=series.number,
            original_start=When(START + DAY, "UTC"),
        )
        after, _ = await events_after(calendar, before, cursor)

    assert before.keys() == after.keys()
    (moved,) = [event for event in after.values() if event.start.at == later]
    assert moved.original_start is not None
    assert moved.original_start.at == START + DAY


async def test_a_changed_series_changes_its_dates_and_removes_those_that_ended() -> None:
    """After the changes, what is held is what a new scan finds."""
    microsoft = Microsoft()
    series = _add(microsoft, plan("RRULE:FREQ=DAILY;COUNT=4"))
    async with microsoft.calendar() as calendar:
        before, cursor = await events_of(calendar)
        shorter = replace(plan("RRULE:FREQ=DAILY;COUNT=2"), title="Shorter")
        microsoft.person.agenda.edit(series.number, shorter, at=START)
        after, _ = await events_after(calendar, before, cursor)
        fresh, _ = await events_of(calendar)

    assert after == fresh
    assert [event.title for event in after.values()] == ["Shorter", "Shorter"]


async def test_what_is_called_off_is_removed() -> None:
    """A single event, one date of a series, and a whole series."""
    microsoft = Microsoft()
    agenda = microsoft.person.agenda
    single = _add(microsoft, plan())
    series = _add(microsoft, plan("RRULE:FREQ=DAILY;COUNT=3"))
    async with microsoft.calendar() as calendar:
        held, cursor = await events_of(calendar)
        agenda.cancel(single.number, at=START)
        exception = agenda.add(
            plan(), at=START, master=series.number, original_start=When(START, "UTC")
        )
        agenda.cancel(exception.number, at=START)
        two, cursor = await events_after(calendar, held, cursor)
        agenda.cancel(series.number, at=START)
        none, _ = await events_after(calendar, two, cursor)

    assert len(held) == 4
    assert _starts(two) == [START + DAY, START + 2 * DAY]
    assert none == {}


async def test_a_seeded_calendar_is_read_without_a_loss() -> None:
    """A scan over many pages finds what the plain view of the window finds."""
    microsoft = Microsoft(meetings=120)
    window = window_at(START)
    query = "&".join(f"{name}={value}" for name, value in window.params.items())
    view = await microsoft.get(f"/v1.0/me/calendarView?{query}&$top=1000")
    assert "@odata.nextLink" not in view
    async with microsoft.calendar() as calendar:
        events, _ = await events_of(calendar)

    assert events.keys() == {one["id"] for one in view["value"]}
    assert {event.status for event in events.values()} <= {
        EventStatus.CONFIRMED,
        EventStatus.TENTATIVE,
    }


async def test_the_window_is_anchored_anew_each_month() -> None:
    """A cursor of another month is expired, so that everything is looked through again."""
    microsoft = Microsoft()
    async with microsoft.calendar() as calendar:
        _, cursor = await events_of(calendar)
        await calendar.changes("primary", cursor, None)
        microsoft.clock.advance(timedelta(days=31).total_seconds())
        with pytest.raises(CursorExpired):
            await calendar.changes("primary", cursor, None)


async def test_an_expired_cursor_is_told() -> None:
    """Graph's 410 is no other fault."""
    microsoft = Microsoft()
    async with microsoft.calendar() as calendar:
        _, cursor = await events_of(calendar)
        microsoft.world.faults.script([FaultKind.CURSOR_EXPIRED])
        with pytest.raises(CursorExpired):
            await calendar.changes("primary", cursor, None)


def test_a_window_reaches_from_half_a_year_back_to_a_year_and_a_half_ahead() -> None:
    """It begins and ends with a month."""
    window = window_at(datetime(2026, 3, 31, 12, tzinfo=UTC))

    assert (window.anchor, window.start, window.end) == (
        "2026-03",
        datetime(2025, 9, 1, tzinfo=UTC),
        datetime(2027, 9, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("eastern standard time", "America/New_York"),
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("UTC", "UTC"),
        ("tzone://Microsoft/Custom", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_zones_are_known_by_the_names_of_windows_and_iana(name: str, zone: str | None) -> None:
    """Whatever else is written there is unknown, and reads no file."""
    found = zone_of(name)

    assert found == zone if name != "UTC" else found in {"UTC", "Etc/UTC"}
