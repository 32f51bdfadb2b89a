"""What every provider of calendars promises."""

from datetime import UTC, datetime

import pytest

from jobs.sync.faults import CursorExpired
from jobs.sync.items import Event, EventStatus, Moment
from jobs.sync.memory_calendar import (
    MemoryCalendar,
    MemoryCalendarEvents,
    MemoryCalendarProviders,
)
from jobs.sync.provider import AccountRef, Page, Removed
from sanderling.kernel.ids import WorkspaceId

ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), "me@example.com")
WHEN = Moment(datetime(2026, 1, 1, 9, tzinfo=UTC), "Europe/Berlin")


def an_event(remote_id: str, *, recurring_id: str | None = None) -> Event:
    """Return an event."""
    return Event(
        remote_id=remote_id,
        ical_uid=f"{remote_id}@example.com",
        version="",
        recurring_id=recurring_id,
        original_start=WHEN if recurring_id else None,
        status=EventStatus.CONFIRMED,
        title=remote_id,
        description="",
        location="",
        conference_url=None,
        start=WHEN,
        end=WHEN,
    )


@pytest.fixture
def calendar() -> MemoryCalendar:
    """Return an empty calendar."""
    return MemoryCalendar()


@pytest.fixture
def provider(calendar: MemoryCalendar) -> MemoryCalendarEvents:
    """Return a provider that tells of it."""
    return MemoryCalendarEvents(calendar)


async def scanned(provider: MemoryCalendarEvents) -> tuple[list[Event | Removed], str]:
    """Return everything there is, and the cursor that follows."""
    items: list[Event | Removed] = []
    page = None
    while True:
        answer: Page[Event | Removed] = await provider.scan("primary", page)
        items += answer.items
        page = answer.next_page
        assert (page is None) != (answer.cursor is None)
        if answer.cursor is not None:
            return items, answer.cursor


async def test_a_scan_tells_of_every_event(
    calendar: MemoryCalendar, provider: MemoryCalendarEvents
) -> None:
    """All events come in pages, and the cursor with the last."""
    for number in range(7):
        calendar.put(an_event(f"e{number}"))

    items, _ = await scanned(provider)

    assert items == list(calendar.events.values())


async def test_changes_begin_where_the_scan_began(
    calendar: MemoryCalendar, provider: MemoryCalendarEvents
) -> None:
    """What happens after the first page is told of by the cursor of the last one."""
    for number in range(7):
        calendar.put(an_event(f"e{number}"))
    first = await provider.scan("primary", None)
    calendar.delete("e0")
    second = await provider.scan("primary", first.next_page)
    third = await provider.scan("primary", second.next_page)

    assert third.cursor is not None
    assert (await provider.changes("primary", third.cursor, None)).items == (Removed("e0"),)


async def test_a_deleted_series_takes_its_exceptions_along(
    calendar: MemoryCalendar, provider: MemoryCalendarEvents
) -> None:
    """Each of them is told of as removed."""
    calendar.put(an_event("series"))
    calendar.put(an_event("exception", recurring_id="series"))
    _, cursor = await scanned(provider)
    calendar.delete("series")

    answer = await provider.changes("primary", cursor, None)

    assert answer.items == (Removed("exception"), Removed("series"))


async def test_an_old_cursor_is_refused(
    calendar: MemoryCalendar, provider: MemoryCalendarEvents
) -> None:
    """Who stayed away too long is told so, while scanning as well."""
    for number in range(7):
        calendar.put(an_event(f"e{number}"))
    first = await provider.scan("primary", None)
    _, cursor = await scanned(provider)
    calendar.expire()

    with pytest.raises(CursorExpired):
        await provider.changes("primary", cursor, None)
    with pytest.raises(CursorExpired):
        await provider.scan("primary", first.next_page)


async def test_accounts_are_opened_by_their_id(
    calendar: MemoryCalendar, provider: MemoryCalendarEvents
) -> None:
    """Who opens an account gets its calendars."""
    providers = MemoryCalendarProviders({ACCOUNT.id: provider})

    async with providers.open(ACCOUNT) as opened:
        assert await opened.calendars() == (calendar.ref,)
