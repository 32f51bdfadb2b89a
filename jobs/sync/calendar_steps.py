"""What a provider's answer changes of an account's calendar: pure steps between values."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from jobs.sync.announcements import Announcer, record_id
from jobs.sync.held import CalendarBatch, Contact, HeldEvent, Place, Stage
from jobs.sync.items import Event, EventStatus, Moment
from jobs.sync.provider import AccountRef, Removed
from jobs.sync.rules import MailPolicy, attendee_contacts
from sanderling.kernel.events import RecordChanged, RecordOperation


def told_gone(item: Event | Removed) -> bool:
    """Claim that an item says that an event is gone.

    A cancelled exception is kept: without it the series would show the moment again.
    """
    if isinstance(item, Removed):
        return True
    return item.status is EventStatus.CANCELLED and item.recurring_id is None


def series_of(items: Iterable[Event | Removed]) -> frozenset[str]:
    """Return the series of which dates are called off."""
    dates = (each for each in items if isinstance(each, Event))
    return frozenset(
        each.recurring_id
        for each in dates
        if each.recurring_id is not None and each.status is EventStatus.CANCELLED
    )


class CalendarDraft:
    """Gathers what an answer changes; made for one transaction and then thrown away."""

    def __init__(
        self,
        account: AccountRef,
        policy: MailPolicy,
        announcer: Announcer,
        held: Mapping[str, HeldEvent],
    ) -> None:
        """Start from what is kept now."""
        self._account = account
        self._policy = policy
        self._announcer = announcer
        self._held = dict(held)
        self._written: dict[str, HeldEvent] = {}
        self._events: list[RecordChanged] = []
        self._contacts: dict[str, Contact] = {}

    def batch(self, *places: Place, closed: Iterable[str] = ()) -> CalendarBatch:
        """Return all of it, with how far the calendars are then."""
        return CalendarBatch(
            written=tuple(self._written.values()),
            places=places,
            closed=frozenset(closed),
            events=tuple(self._events),
            contacts=tuple(self._contacts.values()),
        )

    @property
    def touched(self) -> frozenset[str]:
        """The events that were told of."""
        return frozenset(self._written)

    def apply(
        self, place: Place, items: Sequence[Event | Removed], exceptions: Sequence[HeldEvent]
    ) -> None:
        """Take in a page, in order; `exceptions` are those kept of the series that are gone."""
        by_master: dict[str, list[HeldEvent]] = {}
        for each in exceptions:
            by_master.setdefault(each.event.recurring_id or "", []).append(each)
        gone = {each.remote_id for each in items if told_gone(each)}
        for item in items:
            held = self._held.get(item.remote_id)
            if told_gone(item):
                self.bury(by_master.get(item.remote_id, ()))
                self._bury_or_note(place, item, held)
            elif isinstance(item, Event) and not self._is_of_nothing(place, item, gone):
                self._write(place, item)
            elif held is not None:
                self.bury([held])

    def _is_of_nothing(self, place: Place, item: Event, gone: Collection[str]) -> bool:
        """Claim that a date is called off of a series that is gone.

        A scan tells of no such dates; in it a series may come back after its dates.
        """
        if item.status is not EventStatus.CANCELLED or place.stage is not Stage.INCR:
            return False
        series = self._held.get(item.recurring_id or "")
        return item.recurring_id in gone or (series is not None and series.is_gone)

    def _bury_or_note(self, place: Place, item: Event | Removed, held: HeldEvent | None) -> None:
        if held is not None:
            self.bury([held])
        elif place.stage is Stage.INCR:
            # It came and went between two rounds; its dates may be told of on a later page.
            self._keep(_tombstone(self._record_id(place, item), place, item))

    def _record_id(self, place: Place, item: Event | Removed) -> str:
        return record_id("evt", self._account.id, place.remote_id, item.remote_id)

    def bury(self, gone: Iterable[HeldEvent]) -> None:
        """Take in that these events are gone."""
        for each in gone:
            held = self._held.get(each.event.remote_id, each)
            if not held.is_gone:
                after = replace(held, is_gone=True, revision=held.revision + 1)
                event = self._announcer.event(RecordOperation.DELETED, held, after)
                self._events.append(event)
                self._keep(after)

    def _write(self, place: Place, event: Event) -> None:
        held = self._held.get(event.remote_id)
        operation: RecordOperation | None = None
        if held is None or held.is_gone:
            operation = RecordOperation.CREATED
        elif held.event != event and replace(held.event, version=event.version) != event:
            operation = RecordOperation.UPDATED
        after = HeldEvent(
            record_id=self._record_id(place, event),
            calendar_id=place.remote_id,
            event=event,
            is_gone=False,
            generation=place.generation,
            revision=(held.revision if held else 0) + (operation is not None),
        )
        if operation is not None:
            before = held if operation is RecordOperation.UPDATED else None
            self._events.append(self._announcer.event(operation, before, after))
        if after != held:
            self._keep(after)
        for each in attendee_contacts(event, self._policy):
            self._contacts[each.email] = Contact(each, self._announcer.now)

    def _keep(self, after: HeldEvent) -> None:
        self._held[after.event.remote_id] = after
        self._written[after.event.remote_id] = after


def _tombstone(record: str, place: Place, item: Event | Removed) -> HeldEvent:
    """Return what is kept of an event that nobody was ever told of."""
    event = Event(
        remote_id=item.remote_id,
        ical_uid="",
        version="",
        recurring_id=None,
        original_start=None,
        status=EventStatus.CANCELLED,
        title="",
        description="",
        location="",
        conference_url=None,
        start=Moment(),
        end=Moment(),
    )
    return HeldEvent(
        record_id=record,
        calendar_id=place.remote_id,
        event=event,
        is_gone=True,
        generation=place.generation,
        revision=0,
    )
