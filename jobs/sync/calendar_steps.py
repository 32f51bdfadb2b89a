"""What a provider's answer changes of an account's calendar: pure steps between values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from jobs.sync.announcements import Announcer, record_id
from jobs.sync.held import CalendarBatch, Contact, HeldEvent, Place
from jobs.sync.items import Event, EventStatus
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
        for item in items:
            if told_gone(item):
                self.bury([*by_master.get(item.remote_id, ())])
                held = self._held.get(item.remote_id)
                self.bury([held] if held else [])
            elif isinstance(item, Event):
                self._write(place, item)

    def bury(self, gone: Iterable[HeldEvent]) -> None:
        """Take in that these events are gone."""
        for each in gone:
            held = self._held.get(each.event.remote_id, each)
            if not held.is_gone:
                after = replace(held, is_gone=True)
                self._keep(self._announced(RecordOperation.DELETED, held, after))

    def _write(self, place: Place, event: Event) -> None:
        held = self._held.get(event.remote_id)
        after = HeldEvent(
            record_id=record_id("evt", self._account.id, place.remote_id, event.remote_id),
            calendar_id=place.remote_id,
            event=event,
            is_gone=False,
            generation=place.generation,
            revision=held.revision if held else 0,
        )
        if held is None or held.is_gone:
            after = self._announced(RecordOperation.CREATED, None, after)
        elif held.event != event and replace(held.event, version=event.version) != event:
            after = self._announced(RecordOperation.UPDATED, held, after)
        if after != held:
            self._keep(after)
        for each in attendee_contacts(event, self._policy):
            self._contacts[each.email] = Contact(each, self._announcer.now)

    def _announced(
        self, operation: RecordOperation, before: HeldEvent | None, after: HeldEvent
    ) -> HeldEvent:
        after = replace(after, revision=after.revision + 1)
        self._events.append(self._announcer.event(operation, before, after))
        return after

    def _keep(self, after: HeldEvent) -> None:
        self._held[after.event.remote_id] = after
        self._written[after.event.remote_id] = after
