"""What a list of events asks for, and where it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sanderling.simulator.core.agenda import Agenda
from sanderling.simulator.core.meeting import Meeting
from sanderling.simulator.core.recurrence import occurrences
from sanderling.simulator.google import page_token
from sanderling.simulator.google.errors import Refused, bad_value, refused
from sanderling.simulator.google.gate import Ask

_FORBIDDEN = (
    *("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty"),
    *("timeMin", "timeMax", "updatedMin"),
)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=2 * 366)
"""How far ahead endless series are expanded."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time from and to which events are wanted."""

    after: datetime
    before: datetime

    def touches(self, agenda: Agenda, meeting: Meeting) -> bool:
        """Claim that a meeting, or some time of a series, is in it."""
        if meeting.plan.recurrence:
            exceptions = agenda.exceptions_of(meeting.number)
            return bool(occurrences(meeting, exceptions, after=self.after, before=self.before))
        return meeting.plan.end.utc() > self.after and meeting.plan.start.utc() < self.before


@dataclass(frozen=True, slots=True)
class Round:
    """One way through the changes: which are wanted, and from where this page goes on."""

    since: int
    """Changes after it are wanted; 0 in a full round."""
    until: int
    """What the next token starts from: the state when the round began."""
    generation: int
    position: int
    """The last change, or in a full round the last number, that was shown."""

    @property
    def is_full(self) -> bool:
        """Claim that everything is asked for, not only what changed."""
        return self.since == 0

    def page(self, position: int) -> str:
        """Return the token of the page after this position."""
        return page_token.written(
            "events",
            since=self.since,
            until=self.until,
            generation=self.generation,
            position=position,
        )

    def sync(self) -> str:
        """Return the token of the next round."""
        return page_token.written("sync", since=self.until, generation=self.generation)


def gone() -> Refused:
    """Return what is said of a sync token that is too old."""
    message = "Sync token is no longer valid, a full sync is required."
    return refused(410, "fullSyncRequired", message)


def round_of(ask: Ask) -> Round:
    """Return the round that a request begins or goes on with.

    Raises:
        Refused: a parameter contradicts, or a token is void.

    """
    agenda, asked = ask.person.agenda, ask.asked
    sync, page = asked.one("syncToken"), asked.one("pageToken")
    if sync is not None:
        clashing = [name for name in _FORBIDDEN if asked.one(name) is not None]
        if clashing or not ask.flag("showDeleted", default=True):
            name = clashing[0] if clashing else "showDeleted"
            message = f"Sync token cannot be used with {name}."
            raise refused(400, "invalid", message)
    if page is not None:
        found = page_token.read("events", page)
        if found is None:
            raise bad_value("pageToken", page)
        current = Round(**found)
        if not current.is_full and current.generation != agenda.generation:
            raise gone()
        return current
    if sync is None:
        return Round(0, agenda.seq, agenda.generation, 0)
    found = page_token.read("sync", sync)
    if found is None:
        raise bad_value("syncToken", sync)
    if found["generation"] != agenda.generation or found["since"] < agenda.floor:
        raise gone()
    return Round(found["since"], agenda.seq, agenda.generation, found["since"])


def window_of(ask: Ask, now: datetime) -> Window | None:
    """Return the time that is asked for, if any.

    Raises:
        Refused: an end of it is no RFC 3339 moment, or it ends before it starts.

    """
    start, end = _moment(ask, "timeMin"), _moment(ask, "timeMax")
    if start is None and end is None:
        return None
    if start is not None and end is not None and end <= start:
        raise refused(400, "timeRangeEmpty", "The specified time range is empty.")
    return Window(start or _LONG_AGO, end or now + HORIZON)


def wanted_by(ask: Ask, window: Window | None) -> Callable[[Meeting], bool]:
    """Return the test that a meeting of a full round passes.

    Raises:
        Refused: a parameter is none.

    """
    agenda, asked = ask.person.agenda, ask.asked
    shows_deleted, is_single = ask.flag("showDeleted"), ask.flag("singleEvents")
    if asked.one("orderBy") == "startTime" and not is_single:
        message = "The requested ordering is not available for the particular query."
        raise refused(400, "invalid", message)
    updated_min = _moment(ask, "updatedMin")
    query, uid = (asked.one("q") or "").lower(), asked.one("iCalUID")

    def is_wanted(meeting: Meeting) -> bool:
        if meeting.is_cancelled and not shows_deleted and updated_min is None:
            # A single time of a living series that does not take place is told of, because
            # whoever expands the series would show it otherwise.
            if is_single or meeting.master is None:
                return False
            if agenda.get(meeting.master).is_cancelled:
                return False
        plan = meeting.plan
        return (
            (updated_min is None or meeting.updated_at >= updated_min)
            and (uid is None or meeting.uid == uid)
            and (query in f"{plan.title} {plan.description} {plan.location}".lower())
            and (window is None or window.touches(agenda, meeting))
        )

    return is_wanted


def _moment(ask: Ask, name: str) -> datetime | None:
    text = ask.asked.one(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_value(name, text) from error
    if moment.tzinfo is None:
        raise bad_value(name, text)
    return moment
