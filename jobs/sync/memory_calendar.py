"""Calendars in memory, and how a provider tells of them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count

from jobs.sync.faults import CursorExpired
from jobs.sync.items import CalendarRef, Event, EventStatus
from jobs.sync.provider import AccountRef, CalendarProvider, Page, Removed

BeforeRequest = Callable[[str], Awaitable[None]]


async def _nothing(_request: str) -> None:
    """Let every request pass."""


class MemoryCalendar:
    """One account's primary calendar: events by id, and which of them changed when."""

    def __init__(self, remote_id: str = "primary") -> None:
        """Start empty."""
        self.ref = CalendarRef(remote_id, "Calendar", is_primary=True)
        self.events: dict[str, Event] = {}
        self.touched: list[tuple[int, str]] = []
        self.oldest = 0
        self._numbers = count(1)

    @property
    def latest(self) -> int:
        """The number of the last change."""
        return self.touched[-1][0] if self.touched else 0

    def put(self, event: Event) -> None:
        """Make or change an event."""
        number = self._touch(event.remote_id)
        self.events[event.remote_id] = replace(event, version=f"e{number}")

    def delete(self, remote_id: str) -> None:
        """Remove an event, and with a series its exceptions."""
        of_series = [
            each.remote_id for each in self.events.values() if each.recurring_id == remote_id
        ]
        for each in (*of_series, remote_id):
            del self.events[each]
            self._touch(each)

    def expire(self) -> None:
        """Forget what happened up to now: cursors that are out there are worth nothing."""
        self.oldest = self._touch("")

    def _touch(self, remote_id: str) -> int:
        number = next(self._numbers)
        self.touched.append((number, remote_id))
        return number


class MemoryCalendarEvents:
    """Tell of a calendar in pages; the cursor is from when a scan began."""

    def __init__(
        self, calendar: MemoryCalendar, before: BeforeRequest = _nothing, *, page_size: int = 3
    ) -> None:
        """Tell of `calendar`; await `before` ahead of each request with its name."""
        self.calendar = calendar
        self.before = before
        self.page_size = page_size

    async def calendars(self) -> tuple[CalendarRef, ...]:
        """Return the one calendar."""
        await self.before("calendars")
        return (self.calendar.ref,)

    async def scan(self, calendar: str, page: str | None) -> Page[Event | Removed]:
        """Return a page of every event."""
        await self.before(f"scan {calendar}")
        begun, _, after = (page or f"{self.calendar.latest}:").partition(":")
        if int(begun) < self.calendar.oldest:
            raise CursorExpired(reason="the page is too old")
        left = sorted(each for each in self.calendar.events if each > after)
        taken = left[: self.page_size]
        items = tuple(self.calendar.events[each] for each in taken)
        if len(left) > len(taken):
            return Page(items, next_page=f"{begun}:{taken[-1]}")
        return Page(items, cursor=begun)

    async def changes(self, calendar: str, cursor: str, page: str | None) -> Page[Event | Removed]:
        """Return a page of events that were changed or removed."""
        await self.before(f"changes {calendar}")
        start = int(page or cursor)
        if start < self.calendar.oldest:
            raise CursorExpired(reason="the cursor is too old")
        left = [each for each in self.calendar.touched if each[0] > start]
        taken = left[: self.page_size]
        items = tuple(self._state(each) for _, each in taken if each)
        end = str(taken[-1][0] if taken else start)
        if len(left) > len(taken):
            return Page(items, next_page=end)
        return Page(items, cursor=end)

    def _state(self, remote_id: str) -> Event | Removed:
        event = self.calendar.events.get(remote_id)
        is_gone = event is None or (
            event.status is EventStatus.CANCELLED and event.recurring_id is None
        )
        return Removed(remote_id) if event is None or is_gone else event


class MemoryCalendarProviders:
    """Open calendars that are there already, by account."""

    def __init__(self, calendars: Mapping[str, CalendarProvider]) -> None:
        """Open each account of `calendars` by its id."""
        self._calendars = calendars

    @asynccontextmanager
    async def open(self, account: AccountRef) -> AsyncGenerator[CalendarProvider]:
        """Yield the account's calendars."""
        yield self._calendars[account.id]
