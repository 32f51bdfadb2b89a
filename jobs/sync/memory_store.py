"""The twin of the stores of sync that lives in memory: for embedding, trials and tests.

It belongs to one event loop; no method waits, so each one is atomic.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from jobs.streams.errors import LeaseLost
from jobs.streams.stream import Lease
from jobs.sync.held import (
    CalendarBatch,
    Contact,
    HeldEvent,
    HeldMessage,
    MailBatch,
    Place,
    Presence,
    Reason,
    Stage,
    Want,
    Written,
)
from jobs.sync.provider import AccountRef
from jobs.sync.records import AT_ONCE, ContactRecord, EventRecord, MessageRecord
from jobs.sync.rounds import reopened
from jobs.sync.status import Progress
from sanderling.kernel.events import RecordChanged
from sanderling.kernel.jsontext import encode

IsHeld = Callable[[Lease], bool]


def _require_json(events: Sequence[RecordChanged]) -> None:
    """Raise `InvalidJSON` when an event has no strict JSON form."""
    for event in events:
        encode([event.before, event.after])


def _close(places: Mapping[str, dict[str, Place]], account_id: str, limit: int) -> int:
    """Forget at most so many places of an account, and return how many."""
    mine = places.get(account_id, {})
    closed = list(mine)[:limit]
    for each in closed:
        del mine[each]
    return len(closed)


class _Announced:
    """Record events by id, in the order in which they came."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], RecordChanged] = {}
        self.contacts: dict[tuple[str, str], ContactRecord] = {}
        self.workspaces: dict[str, str] = {}

    def add(
        self, account: AccountRef, events: Sequence[RecordChanged], contacts: Sequence[Contact]
    ) -> None:
        self.workspaces[account.id] = account.workspace_id
        for event in events:
            self.events.setdefault((event.workspace_id, event.event_id), event)
        for each in contacts:
            place = (account.workspace_id, each.address.email)
            self.contacts.setdefault(place, ContactRecord(account.id, each))

    def found(self, workspace_id: str) -> list[ContactRecord]:
        return [each for (owner, _), each in self.contacts.items() if owner == workspace_id]


class MemoryMailStore:
    """Keep mail for as long as this process lives."""

    def __init__(self, is_held: IsHeld) -> None:
        """Start empty; `is_held` says whether a lease still holds."""
        self._is_held = is_held
        self._places: dict[str, dict[str, Place]] = {}
        self._held: dict[tuple[str, str], HeldMessage] = {}
        self._written: dict[tuple[str, str], Written] = {}
        self._wanted: dict[tuple[str, str], Want] = {}
        self._announced = _Announced()

    @property
    def events(self) -> Sequence[RecordChanged]:
        """What was announced, in order."""
        return tuple(self._announced.events.values())

    def found(self, workspace_id: str) -> Sequence[ContactRecord]:
        """Return who became a contact of a workspace, in order."""
        return self._announced.found(workspace_id)

    def live(self, account_id: str) -> Mapping[str, Written]:
        """Return the messages that people see, by remote id."""
        return {
            remote_id: replace(self._written[owner, remote_id], held=held)
            for (owner, remote_id), held in self._held.items()
            if owner == account_id and held.presence is Presence.LIVE
        }

    def records(self, workspace_id: str) -> Sequence[MessageRecord]:
        """Return the messages of a workspace that people see."""
        found: list[MessageRecord] = []
        for account_id, owner in self._announced.workspaces.items():
            for each in self.live(account_id).values() if owner == workspace_id else ():
                held = each.held
                message = replace(each.message, folders=held.folders, is_read=held.is_read)
                record = MessageRecord(held.record_id, account_id, each.is_outgoing, message)
                found.append(record)
        return found

    def progress(self, account_id: str) -> Progress:
        """Return how much of an account's mail is here."""
        wants = self._wants(account_id)
        missing = sum(each.reason is Reason.NEW for each in wants)
        is_listed = _is_listed(self._places, account_id)
        left_out = sum(
            owner == account_id and held.presence in {Presence.HIDDEN, Presence.EXCLUDED}
            for (owner, _), held in self._held.items()
        )
        return Progress(len(self.live(account_id)), len(wants), missing, is_listed, left_out)

    def forget(self, account_id: str, limit: int) -> int:
        """Remove at most so many messages, wishes and places of an account; return how many."""
        mine = [place for place in self._held if place[0] == account_id][:limit]
        for place in mine:
            del self._held[place]
            self._written.pop(place, None)
        wanted = [place for place in self._wanted if place[0] == account_id][: limit - len(mine)]
        for place in wanted:
            del self._wanted[place]
        removed = len(mine) + len(wanted)
        return removed + _close(self._places, account_id, limit - removed)

    def rescan(self, account_id: str) -> None:
        """Have every folder of an account scanned anew."""
        _expire(self._places, account_id)

    async def places(self, account_id: str) -> Mapping[str, Place]:
        """Return how far each folder is."""
        return dict(self._places.get(account_id, {}))

    async def held(self, account_id: str, ids: Collection[str]) -> Mapping[str, HeldMessage]:
        """Return what is kept of these messages."""
        found = ((each, self._held.get((account_id, each))) for each in ids)
        return {remote_id: held for remote_id, held in found if held is not None}

    async def unseen(self, account_id: str, folder: str, generation: int) -> Sequence[HeldMessage]:
        """Return the messages of a folder that are of an earlier generation."""
        return [each for each in self._there(account_id, folder) if each.generation < generation]

    async def count_there(self, account_id: str, folder: str) -> int:
        """Return how many messages of a folder are not gone."""
        return len(self._there(account_id, folder))

    def _there(self, account_id: str, folder: str) -> list[HeldMessage]:
        return [
            each
            for (owner, _), each in sorted(self._held.items())
            if owner == account_id
            and each.presence is not Presence.GONE
            and (not folder or folder in each.folders)
        ]

    async def wanted(self, account_id: str, now: datetime, *, limit: int) -> Sequence[Want]:
        """Return what is to be fetched and due."""
        due = [
            each
            for each in self._wants(account_id)
            if not each.not_before or each.not_before <= now
        ]
        return sorted(due, key=lambda each: (each.thread_id, each.remote_id))[:limit]

    async def next_wanted_at(self, account_id: str) -> datetime | None:
        """Return when the earliest wanted message is due."""
        return min((each.not_before or AT_ONCE for each in self._wants(account_id)), default=None)

    def _wants(self, account_id: str) -> list[Want]:
        return [each for (owner, _), each in self._wanted.items() if owner == account_id]

    async def commit(self, account: AccountRef, lease: Lease, batch: MailBatch) -> None:
        """Write a batch whole."""
        if not self._is_held(lease):
            raise LeaseLost
        _require_json(batch.events)
        for written in batch.written:
            self._written[account.id, written.held.remote_id] = written
            self._held[account.id, written.held.remote_id] = written.held
        for held in batch.moved:
            self._held[account.id, held.remote_id] = held
            if held.presence is not Presence.LIVE:
                self._written.pop((account.id, held.remote_id), None)
        self._want(account.id, batch)
        places = self._places.setdefault(account.id, {})
        places.update({each.remote_id: each for each in batch.places})
        for closed in batch.closed:
            places.pop(closed, None)
        self._announced.add(account, batch.events, batch.contacts)

    def _want(self, account_id: str, batch: MailBatch) -> None:
        for remote_id in batch.done:
            self._wanted.pop((account_id, remote_id), None)
        for remote_id in batch.arrived:
            kept = self._wanted.get((account_id, remote_id))
            if kept is not None and kept.reason is Reason.CONFIRM:
                del self._wanted[account_id, remote_id]
        for want in batch.wanted:
            kept = self._wanted.get((account_id, want.remote_id))
            is_weaker = kept is not None and want.reason is Reason.CONFIRM
            reason = kept.reason if kept is not None and is_weaker else want.reason
            self._wanted[account_id, want.remote_id] = replace(want, reason=reason)


class MemoryCalendarStore:
    """Keep calendars for as long as this process lives."""

    def __init__(self, is_held: IsHeld) -> None:
        """Start empty; `is_held` says whether a lease still holds."""
        self._is_held = is_held
        self._places: dict[str, dict[str, Place]] = {}
        self._held: dict[tuple[str, str, str], HeldEvent] = {}
        self._announced = _Announced()

    @property
    def events(self) -> Sequence[RecordChanged]:
        """What was announced, in order."""
        return tuple(self._announced.events.values())

    def found(self, workspace_id: str) -> Sequence[ContactRecord]:
        """Return who became a contact of a workspace, in order."""
        return self._announced.found(workspace_id)

    def records(self, workspace_id: str) -> Sequence[EventRecord]:
        """Return the events of a workspace that are not gone."""
        owners = self._announced.workspaces
        return [
            EventRecord(each.record_id, account_id, each.calendar_id, each.event)
            for (account_id, _, _), each in self._held.items()
            if owners[account_id] == workspace_id and not each.is_gone
        ]

    def progress(self, account_id: str) -> Progress:
        """Return how much of an account's calendars is here."""
        kept = [each for (owner, *_), each in self._held.items() if owner == account_id]
        there = sum(not each.is_gone for each in kept)
        return Progress(there, is_listed=_is_listed(self._places, account_id))

    def forget(self, account_id: str, limit: int) -> int:
        """Remove at most so many events and places of an account; return how many."""
        mine = [place for place in self._held if place[0] == account_id][:limit]
        for place in mine:
            del self._held[place]
        return len(mine) + _close(self._places, account_id, limit - len(mine))

    def rescan(self, account_id: str) -> None:
        """Have every calendar of an account scanned anew."""
        _expire(self._places, account_id)

    async def places(self, account_id: str) -> Mapping[str, Place]:
        """Return how far each calendar is."""
        return dict(self._places.get(account_id, {}))

    async def held(
        self, account_id: str, calendar: str, ids: Collection[str]
    ) -> Mapping[str, HeldEvent]:
        """Return what is kept of these events."""
        found = ((each, self._held.get((account_id, calendar, each))) for each in ids)
        return {remote_id: held for remote_id, held in found if held is not None}

    async def exceptions(
        self, account_id: str, calendar: str, masters: Collection[str]
    ) -> Sequence[HeldEvent]:
        """Return the exceptions of these series."""
        there = self._there(account_id, calendar)
        return [each for each in there if each.event.recurring_id in masters]

    async def unseen(self, account_id: str, calendar: str, generation: int) -> Sequence[HeldEvent]:
        """Return events that are of an earlier generation."""
        there = self._there(account_id, calendar)
        return [each for each in there if each.generation < generation]

    async def count_there(self, account_id: str, calendar: str) -> int:
        """Return how many events of a calendar are not gone."""
        return len(self._there(account_id, calendar))

    def _there(self, account_id: str, calendar: str) -> list[HeldEvent]:
        return [
            each
            for (owner, place, _), each in sorted(self._held.items(), key=lambda item: item[0])
            if (owner, place) == (account_id, calendar) and not each.is_gone
        ]

    async def commit(self, account: AccountRef, lease: Lease, batch: CalendarBatch) -> None:
        """Write a batch whole."""
        if not self._is_held(lease):
            raise LeaseLost
        _require_json(batch.events)
        for held in batch.written:
            self._held[account.id, held.calendar_id, held.event.remote_id] = held
        places = self._places.setdefault(account.id, {})
        places.update({each.remote_id: each for each in batch.places})
        for closed in batch.closed:
            places.pop(closed, None)
        self._announced.add(account, batch.events, batch.contacts)


def _is_listed(places: Mapping[str, Mapping[str, Place]], account_id: str) -> bool:
    """Claim that there are places, and none of them is still to be scanned."""
    mine = places.get(account_id, {})
    return bool(mine) and all(each.stage is Stage.INCR for each in mine.values())


def _expire(places: dict[str, dict[str, Place]], account_id: str) -> None:
    mine = places.get(account_id, {})
    mine.update({remote_id: reopened(place) for remote_id, place in mine.items()})
