"""The methods of Calendar that read one person's own calendar."""

import json
from datetime import UTC, datetime
from typing import Any

from sanderling.simulator.core.exchange import Answer, encoded, json_answer
from sanderling.simulator.core.faults import FaultKind, Point
from sanderling.simulator.core.meeting import Meeting
from sanderling.simulator.core.recurrence import occurrences
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google.calendar_event import (
    event_json,
    find,
    occurrence_json,
    stamp,
)
from sanderling.simulator.google.calendar_list import (
    HORIZON,
    Round,
    Window,
    round_of,
    wanted_by,
    window_of,
)
from sanderling.simulator.google.errors import not_found
from sanderling.simulator.google.gate import Ask, Method

_PAGE, _MOST = 250, 2500
_ROOT = "/calendar/v3"
_EVENTS = f"{_ROOT}/calendars/{{calendar}}/events"
_MOST_CACHED = 200_000
_TOKENLESS = ("orderBy", "q", "updatedMin", "iCalUID")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Calendar:
    """Answer for the calendars of one world; every method costs one request."""

    def __init__(self, world: World) -> None:
        """Read from this world."""
        self._world = world
        self._cache: dict[tuple[str, int, int], bytes] = {}

    def methods(self) -> list[Method]:
        """Return the methods."""
        page, event = Point.PAGE, f"{_EVENTS}/{{event}}"
        calendars = f"{_ROOT}/users/me/calendarList"
        return [
            Method("calendar.events.list", "GET", _EVENTS, 1, self._list, page),
            Method("calendar.events.get", "GET", event, 1, _get),
            Method(
                "calendar.events.instances", "GET", f"{event}/instances", 1, self._instances, page
            ),
            Method("calendar.calendarList.list", "GET", calendars, 1, _calendars),
            Method(
                "calendar.calendars.get", "GET", f"{_ROOT}/calendars/{{calendar}}", 1, _calendar
            ),
        ]

    def _list(self, ask: Ask) -> Answer:
        person = _owner(ask)
        current = round_of(ask)
        window = window_of(ask, self._world.clock.now())
        is_wanted = wanted_by(ask, window)
        size = ask.number("maxResults", _PAGE, _MOST)
        if ask.asked.fault is FaultKind.PAGE_EMPTY:
            return self._page(ask, [], {"nextPageToken": current.page(current.position)})
        if current.is_full:
            rest = [
                kept
                for number, kept in person.agenda.meetings.items()
                if number > current.position and is_wanted(kept)
            ]
        else:
            rest = person.agenda.changed_after(current.position, until=current.until)
        shown = rest[:size]
        end: dict[str, Any] = {}
        if len(rest) > size:
            last = _position(current, shown[-1])
            last -= ask.asked.fault is FaultKind.PAGE_DUPLICATE
            end["nextPageToken"] = current.page(last)
        elif not any(ask.asked.one(name) for name in _TOKENLESS):
            end["nextSyncToken"] = current.sync()
        items: list[bytes] = []
        for meeting in shown:
            items += self._items(ask, person, meeting, window)
        return self._page(ask, items, end)

    def _items(
        self, ask: Ask, person: Person, meeting: Meeting, window: Window | None
    ) -> list[bytes]:
        """Return a meeting, or every time of a series where single events are asked for."""
        if not ask.flag("singleEvents") or not meeting.plan.recurrence or meeting.is_cancelled:
            return [self._event(person, meeting)]
        span = window or Window(_LONG_AGO, self._world.clock.now() + HORIZON)
        found = occurrences(
            meeting,
            person.agenda.exceptions_of(meeting.number),
            after=span.after,
            before=span.before,
        )
        # Exceptions come on their own, as meetings.
        return [
            encoded(occurrence_json(person, meeting, occurrence))
            for occurrence in found
            if occurrence.exception is None
        ]

    def _event(self, person: Person, meeting: Meeting) -> bytes:
        key = (person.email, meeting.number, meeting.changed)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            found = self._cache[key] = encoded(event_json(person, meeting))
        return found

    def _page(self, ask: Ask, items: list[bytes], end: dict[str, Any]) -> Answer:
        person = ask.person
        head: dict[str, Any] = {
            "kind": "calendar#events",
            "etag": f'"p{person.agenda.generation}{person.agenda.seq}"',
            "summary": person.email,
            "description": "",
            "updated": stamp(self._world.clock.now()),
            "timeZone": "UTC",
            "accessRole": "owner",
            "defaultReminders": [{"method": "popup", "minutes": 10}],
            **end,
        }
        body = encoded(head)[:-1] + b',"items":[' + b",".join(items) + b"]}"
        if ask.mask is None:
            return json_answer(body)
        return ask.answer(json.loads(body))

    def _instances(self, ask: Ask) -> Answer:
        person = _owner(ask)
        master = find(person, ask.names["event"])
        if master is None or master.is_cancelled:
            raise not_found()
        now = self._world.clock.now()
        window = window_of(ask, now) or Window(_LONG_AGO, now + HORIZON)
        exceptions = person.agenda.exceptions_of(master.number)
        size = ask.number("maxResults", _PAGE, _MOST)
        found = [
            occurrence
            for occurrence in occurrences(
                master, exceptions, after=window.after, before=window.before
            )
            if occurrence.exception is None
            or not occurrence.exception.is_cancelled
            or ask.flag("showDeleted")
        ]
        start = int(ask.asked.one("pageToken") or 0)
        items = [
            encoded(occurrence_json(person, master, occurrence))
            for occurrence in found[start : start + size]
        ]
        more = {"nextPageToken": str(start + size)} if len(found) > start + size else {}
        return self._page(ask, items, more)


def _position(current: Round, meeting: Meeting) -> int:
    return meeting.number if current.is_full else meeting.changed


def _get(ask: Ask) -> Answer:
    person = _owner(ask)
    found = find(person, ask.names["event"])
    if found is None:
        raise not_found()
    return ask.answer(event_json(person, found))


def _calendars(ask: Ask) -> Answer:
    person = ask.person
    entry = {
        "kind": "calendar#calendarListEntry",
        "etag": f'"{person.agenda.generation}"',
        "id": person.email,
        "summary": person.email,
        "timeZone": "UTC",
        "accessRole": "owner",
        "primary": True,
        "selected": True,
    }
    return ask.answer(
        {"kind": "calendar#calendarList", "etag": '"1"', "nextSyncToken": "1", "items": [entry]}
    )


def _calendar(ask: Ask) -> Answer:
    person = _owner(ask)
    return ask.answer(
        {
            "kind": "calendar#calendar",
            "etag": '"1"',
            "id": person.email,
            "summary": person.email,
            "timeZone": "UTC",
        }
    )


def _owner(ask: Ask) -> Person:
    """Return whose calendar it is; other people's do not exist for a caller."""
    if ask.names["calendar"] not in {"primary", ask.person.email}:
        raise not_found()
    return ask.person
