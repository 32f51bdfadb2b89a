"""Graph's calendar: events, the window in which series are expanded, and delta of a window."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from sanderling.simulator.core.exchange import Answer
from sanderling.simulator.core.faults import Point
from sanderling.simulator.core.meeting import Meeting
from sanderling.simulator.core.recurrence import Occurrence, occurrences
from sanderling.simulator.microsoft import errors, ids
from sanderling.simulator.microsoft.event import event_name, event_value, original_of, trimmed
from sanderling.simulator.microsoft.gate import Ask, Method, Value
from sanderling.simulator.microsoft.mail import removed
from sanderling.simulator.microsoft.office import Office
from sanderling.simulator.microsoft.walking import Entry, Kept, Walker, paged

_VIEW = "users('me')/calendarView"
_LONGEST_DAYS = 1825
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HORIZON = datetime(2100, 1, 1, tzinfo=UTC)

_Told: TypeAlias = tuple[str, Callable[[], Value]]
"""An event by its name; only those of the page that is asked for are written."""


@dataclass(frozen=True, slots=True)
class _Window:
    start: datetime
    end: datetime

    def touches(self, meeting: Meeting) -> bool:
        return meeting.plan.end.utc() > self.start and meeting.plan.start.utc() < self.end


class Calendar:
    """Answer what is asked about the calendar that everybody has."""

    def __init__(self, office: Office) -> None:
        """Answer from this office."""
        self._told = office.told
        self._walks = Walker(office.cursors, "Collection(event)")

    def methods(self) -> list[Method]:
        """Return the methods."""
        page = Point.PAGE
        return [
            Method("calendar.get", "/me/calendar", _calendar),
            Method("calendars.list", "/me/calendars", _calendars),
            Method("calendarView.delta", "/me/calendarView/delta", self._delta, page),
            Method("calendarView.list", "/me/calendarView", self._view, page),
            Method("events.get", "/me/events/{event}", self._get),
            Method("events.instances", "/me/events/{event}/instances", self._instances, page),
        ]

    def _view(self, ask: Ask) -> Answer:
        window = _window(ask.asked.one("startDateTime"), ask.asked.one("endDateTime"))
        found: list[Value] = []
        for meeting in ask.person.agenda.meetings.values():
            if meeting.is_cancelled or meeting.master is not None:
                continue
            if meeting.plan.recurrence:
                found += [render() for _, render in _expanded(ask, meeting, window)]
            elif window.touches(meeting):
                found.append(event_value(ask, meeting))
        return paged(ask, _VIEW, [partial(ask.selected, each) for each in found])

    def _get(self, ask: Ask) -> Answer:
        meeting, occurrence = _named(ask)
        value = event_value(ask, meeting, occurrence)
        return ask.answer("users('me')/events/$entity", ask.selected(value))

    def _instances(self, ask: Ask) -> Answer:
        window = _window(ask.asked.one("startDateTime"), ask.asked.one("endDateTime"))
        meeting, _ = _named(ask)
        if not meeting.plan.recurrence:
            message = "Your request can't be completed. The item is no recurring master."
            raise errors.bad_request("ErrorInvalidRequest", message)
        found = [render() for _, render in _expanded(ask, meeting, window)]
        rows = [partial(ask.selected, each) for each in found]
        return paged(ask, "users('me')/events('x')/instances", rows)

    def _delta(self, ask: Ask) -> Answer:
        if ask.asked.one("$select") is not None:
            message = "$select is not supported on a calendar view with change tracking."
            raise errors.bad_request("ErrorInvalidUrlQuery", message)
        agenda = ask.person.agenda
        walk = self._walks.walk(ask, Kept("calendarView", agenda.generation, agenda.seq))
        window = _window(walk.asked("startDateTime"), walk.asked("endDateTime"))
        if walk.since is None:
            meetings = [kept for kept in agenda.meetings.values() if not kept.is_cancelled]
            entries = [
                Entry(f"{meeting.number:012}/{name}", render)
                for meeting in meetings
                for name, render in self._whole(ask, meeting, window)
            ]
        else:
            changed = agenda.changed_after(walk.since, until=walk.until)
            entries = [
                Entry(f"{meeting.changed:012}/{name}", render)
                for meeting in changed
                for name, render in self._changes(ask, meeting, window)
            ]
        return self._walks.answer(ask, walk, entries)

    def _whole(self, ask: Ask, meeting: Meeting, window: _Window) -> Iterator[_Told]:
        """Return what a walk from the beginning tells of a meeting: a series, then its dates."""
        if meeting.master is not None:
            return
        if not meeting.plan.recurrence:
            if window.touches(meeting):
                yield "", partial(event_value, ask, meeting)
            return
        dates = _expanded(ask, meeting, window, trims=True)
        if dates:
            yield "", partial(event_value, ask, meeting)
        told = self._told[ask.person.email, meeting.number]
        for name, render in dates:
            told.add(name)
            yield name, render

    def _changes(self, ask: Ask, meeting: Meeting, window: _Window) -> Iterator[_Told]:
        """Return what a walk through changes tells of a changed meeting."""
        name = event_name(ask, meeting)
        if meeting.master is not None:
            is_shown = not meeting.is_cancelled and window.touches(meeting)
            series = ask.person.agenda.get(meeting.master)
            if not series.is_cancelled:
                self._told[ask.person.email, meeting.master].add(name)
            gone = partial(removed, name)
            yield name, partial(event_value, ask, meeting) if is_shown else gone
            return
        if meeting.is_cancelled or (not meeting.plan.recurrence and not window.touches(meeting)):
            yield name, partial(removed, name)
            dates: set[str] = set()
        else:
            shown = dict(self._whole(ask, meeting, window))
            yield from shown.items()
            dates = set(shown)
        for ended in self._told[ask.person.email, meeting.number] - dates:
            yield ended, partial(removed, ended)


def _expanded(ask: Ask, master: Meeting, window: _Window, *, trims: bool = False) -> list[_Told]:
    """Return the dates of a series by their ids; what was called off is none."""
    exceptions = ask.person.agenda.exceptions_of(master.number)
    found: list[_Told] = []
    for each in occurrences(master, exceptions, after=window.start, before=window.end):
        if each.exception is not None and each.exception.is_cancelled:
            continue
        name = event_name(ask, master, each)
        if each.exception is not None:
            found.append((name, partial(event_value, ask, each.exception)))
        else:
            written = trimmed if trims else event_value
            found.append((name, partial(written, ask, master, each)))
    return found


def _named(ask: Ask) -> tuple[Meeting, Occurrence | None]:
    """Return the meeting that an id names, and its occurrence where it is one."""
    agenda = ask.person.agenda
    named = ids.read_event_id(ask.person, ask.names["event"])
    meeting = None if named is None else agenda.meetings.get(named.number)
    if named is None or meeting is None or meeting.is_cancelled:
        raise errors.item_not_found()
    if not named.original:
        return meeting, None
    exceptions = agenda.exceptions_of(meeting.number)
    for each in occurrences(meeting, exceptions, after=_EPOCH, before=_HORIZON):
        if original_of(each.original_start) == named.original:
            if each.exception is None:
                return meeting, each
            if not each.exception.is_cancelled:
                return each.exception, None
    raise errors.item_not_found()


def _window(start: str | None, end: str | None) -> _Window:
    """Return the window between two moments in ISO 8601.

    Raises:
        Refused: one is missing or no moment, or it is empty or longer than Outlook allows.

    """
    try:
        first, last = _moment(start or ""), _moment(end or "")
    except ValueError:
        message = "This request requires startDateTime and endDateTime."
        raise errors.bad_request("ErrorInvalidParameter", message) from None
    if not 0 < (last - first).days <= _LONGEST_DAYS:
        message = "The range between the start and end dates is invalid."
        raise errors.bad_request("ErrorInvalidParameter", message)
    return _Window(first, last)


def _moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _calendar_value(ask: Ask) -> Value:
    return {
        "id": ids.folder_id(ask.person, "calendar"),
        "name": "Calendar",
        "color": "auto",
        "isDefaultCalendar": True,
        "canEdit": True,
        "owner": {"name": ask.person.name, "address": ask.person.email},
    }


def _calendar(ask: Ask) -> Answer:
    return ask.answer("users('me')/calendar/$entity", ask.selected(_calendar_value(ask)))


def _calendars(ask: Ask) -> Answer:
    return ask.answer("users('me')/calendars", {"value": [ask.selected(_calendar_value(ask))]})
