"""One calendar of Microsoft's: the delta of a window, in which series are expanded."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import quote

from jobs.providers.answer import Fields
from jobs.providers.http import Ask, Lane, ProviderHTTP
from jobs.providers.microsoft.batch import MOST, Batches, Part
from jobs.providers.microsoft.event import event_of, is_master, is_trimmed
from jobs.providers.microsoft.faults import fault_of
from jobs.providers.microsoft.link import links_of, next_of, values_of
from jobs.providers.microsoft.methods import EVENT, INSTANCES, WINDOW
from jobs.providers.microsoft.window import Window, window_at, window_of
from jobs.providers.page import id_of
from jobs.sync.bounds import is_fit
from jobs.sync.faults import CursorExpired, ItemGone, Temporary
from jobs.sync.items import CalendarRef, Event
from jobs.sync.provider import AccountRef, Page, Removed
from sanderling.kernel.clock import Clock

PRIMARY = "primary"
PAGE_SIZE = 500
_MOST_PAGES = 1000
"""A page of series that change, each with a date every day, has less of dates."""
_MOST_MASTERS = 1000
_PREFER = (
    'IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text",'
    f" odata.maxpagesize={PAGE_SIZE}"
)
_HEADERS = {"prefer": _PREFER}
_SEPARATOR = " "


class GraphCalendarProvider:
    """Serve the calendar that everybody has, from half a year back to a year and a half ahead.

    Dates of series are events of their own, each with what its series says; the series itself is
    none. Pages and cursors begin with the month of their window: in the next one they are expired.
    """

    def __init__(self, http: ProviderHTTP, clock: Clock) -> None:
        """Ask over `http`."""
        self._http = http
        self._clock = clock
        self._batches = Batches(http)
        self._masters: dict[str, Fields | None] = {}

    async def calendars(self) -> tuple[CalendarRef, ...]:
        """Return the one calendar whose window tells of changes."""
        return (CalendarRef(PRIMARY, "Calendar", is_primary=True),)

    async def scan(self, calendar: str, page: str | None) -> Page[Event | Removed]:  # noqa: ARG002 - there is one.
        """Return a page of every event in the window."""
        if page is not None:
            window, path = _read(page)
            return await self._page(window, path, {}, is_scan=True)
        window = window_at(self._clock.now())
        return await self._page(window, WINDOW.at(), window.params, is_scan=True)

    async def changes(self, calendar: str, cursor: str, page: str | None) -> Page[Event | Removed]:  # noqa: ARG002 - as above.
        """Return a page of what changed; in another month than the cursor's, it is expired."""
        window, path = _read(page or cursor)
        if page is None and window.anchor != window_at(self._clock.now()).anchor:
            raise CursorExpired
        return await self._page(window, path, {}, is_scan=False)

    async def _page(
        self, window: Window, path: str, params: dict[str, str], *, is_scan: bool
    ) -> Page[Event | Removed]:
        ask = Ask("GET", path, units=1, params=params, headers=_HEADERS)
        fields = await self._http.fields(ask)
        following, delta = links_of(fields, path)
        told = values_of(fields)
        removed = [Removed(id_of(one)) for one in told if "@removed" in one]
        present = [one for one in told if "@removed" not in one]
        masters = [one for one in present if is_master(one) and is_fit(id_of(one))]
        self._keep({id_of(one): one for one in masters})
        # A series that was changed may come without its dates, which say what it says.
        dates = [] if is_scan else await self._dates(masters, window)
        # A series without a fit id cannot be asked for its dates, and is told of for itself.
        events = [one for one in present if not is_master(one) or not is_fit(id_of(one))]
        await self._find_masters(one for one in events if is_trimmed(one))
        found: list[Event | Removed] = [
            *removed,
            *self._events(events),
            *(event_of(one) for one in dates),
        ]
        return Page(tuple(found), _written(window, following), _written(window, delta))

    def _events(self, told: Iterable[Fields]) -> Iterable[Event]:
        """Yield events; a date whose series is gone is gone as well, and will be told so."""
        for one in told:
            if not is_trimmed(one) or not is_fit(_series(one)):
                yield event_of(one)
            elif (master := self._masters.get(_series(one))) is not None:
                yield event_of(one, master)

    async def _dates(self, masters: Iterable[Fields], window: Window) -> list[Fields]:
        """Return all dates of series in the window, each with all that it says."""
        found: list[Fields] = []
        pages = 0
        for master in masters:
            path: str | None = INSTANCES.at(event=quote(id_of(master), safe=""))
            params = {**window.params, "$top": str(PAGE_SIZE)}
            while path is not None:
                pages += 1
                if pages > _MOST_PAGES:
                    raise Temporary("series go on without end")
                ask = Ask("GET", path, units=1, params=params, headers=_HEADERS)
                try:
                    fields = await self._http.fields(ask)
                except ItemGone:
                    break
                found += values_of(fields)
                path, params = next_of(fields, path), {}
        return found

    async def _find_masters(self, dates: Iterable[Fields]) -> None:
        """Fetch the series of dates that came without them."""
        wanted = dict.fromkeys(map(_series, dates))
        missing = [each for each in wanted if is_fit(each) and each not in self._masters]
        for start in range(0, len(missing), MOST):
            ids = missing[start : start + MOST]
            parts = [Part(EVENT.at(event=quote(each, safe="")), _HEADERS) for each in ids]
            for each, answer in zip(ids, await self._batches.ask(parts), strict=True):
                if answer is None:
                    raise Temporary("a part of a batch was not answered")
                is_gone = answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
                if not answer.is_success and not is_gone:
                    raise fault_of(answer, self._clock.now())
                self._keep({each: await self._master(each) if is_gone else answer.fields()})

    async def _master(self, event_id: str) -> Fields | None:
        """Return a series that a batch did not find, or None where it is gone indeed.

        One word is not enough: without it all of its dates would be left out.
        """
        path = EVENT.at(event=quote(event_id, safe=""))
        try:
            return await self._http.fields(Ask("GET", path, units=1, headers=_HEADERS))
        except ItemGone:
            return None

    def _keep(self, masters: dict[str, Fields | None] | dict[str, Fields]) -> None:
        if len(self._masters) > _MOST_MASTERS:
            self._masters.clear()
        self._masters.update(masters)


class GraphCalendarProviders:
    """Open calendars of Microsoft's."""

    def __init__(self, lane: Lane) -> None:
        """Go along `lane`, whose base URL is the host of Graph."""
        self._lane = lane

    @asynccontextmanager
    async def open(self, account: AccountRef) -> AsyncGenerator[GraphCalendarProvider]:
        """Yield the account's calendars."""
        yield GraphCalendarProvider(ProviderHTTP(self._lane, account.id), self._lane.clock)


def _series(fields: Fields) -> str:
    return id_of(fields, "seriesMasterId")


def _written(window: Window, path: str | None) -> str | None:
    return None if path is None else f"{window.anchor}{_SEPARATOR}{path}"


def _read(text: str) -> tuple[Window, str]:
    anchor, _, path = text.partition(_SEPARATOR)
    try:
        return window_of(anchor), path
    except ValueError:
        raise CursorExpired from None
