"""One account's primary calendar: pages of masters and exceptions, and what changed since."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from jobs.providers.answer import Fields, text_of
from jobs.providers.google.event import event_of
from jobs.providers.google.methods import EVENTS
from jobs.providers.http import Ask, Lane, ProviderHTTP
from jobs.providers.page import following_of, items_of, token_of
from jobs.sync.faults import CursorExpired, Defect, Temporary
from jobs.sync.items import CalendarRef, Event
from jobs.sync.provider import AccountRef, Page, Removed

PRIMARY = "primary"
PAGE_SIZE = 2500


class GoogleCalendarProvider:
    """Serve the primary calendar; under our scopes no other can be listed."""

    def __init__(self, http: ProviderHTTP) -> None:
        """Ask over `http`."""
        self._http = http

    async def calendars(self) -> tuple[CalendarRef, ...]:
        """Return the primary calendar."""
        return (CalendarRef(PRIMARY, PRIMARY, is_primary=True),)

    async def scan(self, calendar: str, page: str | None) -> Page[Event | Removed]:  # noqa: ARG002 - there is one.
        """Return a page of every event; the cursor comes with the last."""
        try:
            return await self._page({}, page)
        except Defect:
            if page is None:
                raise
            raise CursorExpired from None

    async def changes(self, calendar: str, cursor: str, page: str | None) -> Page[Event | Removed]:
        """Return a page of what changed, deletions included."""
        try:
            return await self._page({"syncToken": cursor}, page)
        except Defect:
            if page is None:
                raise
            # The page is not known any more; the cursor is, and what comes twice is harmless.
            return await self.changes(calendar, cursor, None)

    async def _page(self, since: dict[str, str], page: str | None) -> Page[Event | Removed]:
        # Each request of a round has the same parameters: a token is bound to them.
        params = {**since, "maxResults": str(PAGE_SIZE), "singleEvents": "false"}
        if page is not None:
            params["pageToken"] = page
        fields = await self._http.fields(Ask("GET", EVENTS.path, EVENTS.units, params))
        return _page_of(fields, page)


class GoogleCalendars:
    """Open the calendars of accounts."""

    def __init__(self, lane: Lane) -> None:
        """Go along `lane`, whose base URL is the host of Google's calendars."""
        self._lane = lane

    @asynccontextmanager
    async def open(self, account: AccountRef) -> AsyncGenerator[GoogleCalendarProvider]:
        """Yield the account's calendars."""
        yield GoogleCalendarProvider(ProviderHTTP(self._lane, account.id))


def _page_of(fields: Fields, page: str | None) -> Page[Event | Removed]:
    zone = text_of(fields, "timeZone")
    events = tuple(event_of(one, zone=zone) for one in items_of(fields, "items"))
    following = following_of(fields, "nextPageToken", page)
    cursor = token_of(fields, "nextSyncToken")
    if following is None and cursor is None:
        raise Temporary("the last page came without its sync token")
    return Page(events, following, None if following else cursor)
