"""A remote calendar that changes under our hands, fails, and sees our workers die."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from random import Random

from jobs.streams.errors import LeaseLost
from jobs.streams.stream import Lease, StreamId
from jobs.sync.budget import Budget, SliceEnd
from jobs.sync.calendar import CalendarSync
from jobs.sync.faults import CursorExpired
from jobs.sync.held import CalendarBatch
from jobs.sync.items import Event, EventStatus, Moment
from jobs.sync.memory_calendar import (
    MemoryCalendar,
    MemoryCalendarEvents,
    MemoryCalendarProviders,
)
from jobs.sync.memory_store import MemoryCalendarStore
from jobs.sync.ports import CalendarStore
from jobs.sync.provider import AccountRef
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import RecordChanged, RecordOperation
from support.remote import ACCOUNT, Killed, Weather

WHEN = Moment(datetime(2026, 1, 1, 9, tzinfo=UTC), "Europe/Berlin")


def an_event(remote_id: str, title: str = "", *, recurring_id: str | None = None) -> Event:
    """Return an event, or an exception of a series."""
    return Event(
        remote_id=remote_id,
        ical_uid=f"{remote_id}@example.com",
        version="",
        recurring_id=recurring_id,
        original_start=WHEN if recurring_id else None,
        status=EventStatus.CONFIRMED,
        title=title or remote_id,
        description="",
        location="",
        conference_url=None,
        start=WHEN,
        end=WHEN,
    )


class _Deadly:
    """A store after whose commits the process may end."""

    def __init__(self, store: CalendarStore, weather: Weather) -> None:
        self._store = store
        self._weather = weather
        self.places = store.places
        self.held = store.held
        self.exceptions = store.exceptions
        self.unseen = store.unseen
        self.count_there = store.count_there

    async def commit(self, account: AccountRef, lease: Lease, batch: CalendarBatch) -> None:
        if isinstance(self._store, MemoryCalendarStore):
            self._weather.in_transaction()
        await self._store.commit(account, lease, batch)
        self._weather.after_commit()


class CalendarWorld:
    """One account: what its provider holds, what we keep, and who works on it."""

    def __init__(self) -> None:
        """Start empty on both sides."""
        self.calendar = MemoryCalendar()
        self.weather = Weather(self)
        self.provider = MemoryCalendarEvents(self.calendar, self.weather.before)
        self.fence = 1
        self.clock = VirtualClock()
        self.memory = MemoryCalendarStore(lambda lease: lease.fence == self.fence)
        self.store: CalendarStore = self.memory
        self.may_expire = False
        self._names = count(1)

    def sync(self, *, is_calm: bool = False) -> CalendarSync:
        """Return a process that syncs; a calm one sees no weather."""
        store = self.store if is_calm else _Deadly(self.store, self.weather)
        provider = MemoryCalendarEvents(self.calendar) if is_calm else self.provider
        providers = MemoryCalendarProviders({ACCOUNT.id: provider})
        return CalendarSync(providers, store, self.clock, Budget(requests=6))

    async def slices(self, sync: CalendarSync) -> SliceEnd:
        """Run slices until the work is done or a fault stops it."""
        end = SliceEnd(is_done=False, requests=0, items=0, commits=0)
        lease = Lease(StreamId("str_1"), "worker", self.fence, self.clock.now())
        for _ in range(60):
            end = await sync.list_changes(ACCOUNT, lease, MailPolicy())
            if end.is_done or end.fault is not None:
                break
        return end

    async def one_pass(self) -> None:
        """Sync under the weather that there is; a process that ends is followed by another."""
        try:
            await self.slices(self.sync())
        except (Killed, LeaseLost):
            await self.succeed()

    async def succeed(self) -> None:
        """Let another worker take over."""
        self.fence += 1

    async def usurp(self) -> None:
        """Let another worker take over, and do the whole work."""
        await self.succeed()
        await self.slices(self.sync(is_calm=True))

    async def quiesce(self) -> None:
        """Sync in fine weather, until nothing is left to do."""
        self.weather.clear()
        for _ in range(3):
            end = await self.slices(self.sync())
            assert end.fault is None or isinstance(end.fault, CursorExpired)

    def defer(self, random: Random, rate: float) -> None:
        """Events come whole: nothing is fetched."""

    def edit(self, random: Random) -> None:
        """Let somebody change the remote calendar."""
        events = self.calendar.events
        deed = random.choice(["add", "add", "exception", "change", "cancel", "delete"])
        title = f"title {next(self._names)}"
        if deed == "add" or not events:
            self.calendar.put(an_event(f"e{next(self._names):05}", title))
            return
        chosen = events[random.choice(sorted(events))]
        is_plain = chosen.recurring_id is None
        if deed == "exception" and is_plain:
            remote_id = f"{chosen.remote_id}-x{next(self._names):05}"
            self.calendar.put(an_event(remote_id, title, recurring_id=chosen.remote_id))
        elif deed == "cancel" and not is_plain:
            self.calendar.put(replace(chosen, status=EventStatus.CANCELLED))
        elif deed == "delete" and is_plain:
            self.calendar.delete(chosen.remote_id)
        else:
            self.calendar.put(replace(chosen, title=title))
        if self.may_expire and random.random() < 0.1:
            self.calendar.expire()

    async def local(self) -> dict[str, Event]:
        """Return what is kept and not gone, by remote id."""
        held = await self.store.unseen(ACCOUNT.id, "primary", 2**31)
        return {each.event.remote_id: each.event for each in held}

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return self.memory.events

    async def told(self) -> set[str]:
        """Return the titles that somebody knows who only listens to record events."""
        known: dict[str, str] = {}
        for event in await self.announced():
            if event.operation is RecordOperation.DELETED:
                assert known.pop(event.record_id, None) is not None
                continue
            assert (event.record_id in known) == (event.operation is RecordOperation.UPDATED)
            assert isinstance(event.after, dict)
            known[event.record_id] = str(event.after["title"])
        return set(known.values())
