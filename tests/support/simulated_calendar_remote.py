"""A simulated calendar that changes under our hands, and our sync of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from jobs.providers.microsoft.window import window_at
from jobs.sync.announcements import record_id
from jobs.sync.budget import Budget, SliceEnd
from jobs.sync.calendar import CalendarSync
from jobs.sync.items import EventStatus, Moment
from jobs.sync.rules import MailPolicy
from sanderling.simulator.core.meeting import Meeting, Plan, When
from sanderling.simulator.core.recurrence import occurrences
from sanderling.simulator.google.calendar_event import event_id
from sanderling.simulator.microsoft import ids
from sanderling.simulator.microsoft.event import original_of
from support.keeping import Keeping
from support.simulated import START, plan
from support.simulated_account import ACCOUNT
from support.simulated_remote import Seen, SimulatedRemote, heard, is_stopped

_POLICY = MailPolicy()
_ALL = 10_000
_RULES = ("RRULE:FREQ=DAILY;COUNT=4", "RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=MONTHLY;COUNT=6")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class SimulatedCalendar(SimulatedRemote):
    """Ada's calendar."""

    def __init__(self, brand: str, keeping: Keeping | None = None) -> None:
        """Start with no meeting."""
        super().__init__(brand, keeping)
        self.store = self.keeping.calendars
        self.agenda = self.account.person.agenda

    async def slices(self) -> SliceEnd:
        """Follow the calendar, slice by slice."""
        account = self.account
        sync = CalendarSync(account.calendars(), self.store, account.clock, Budget(requests=3))
        lease = self.lease()
        end = SliceEnd(is_done=False, requests=0, items=0, commits=0)
        for _ in range(120):
            end = await sync.list_changes(ACCOUNT, lease, _POLICY)
            if end.is_done or is_stopped(end):
                break
        return end

    def edit(self, random: Random) -> None:
        """Let somebody plan, change and call off meetings, series and single dates of series."""
        if self.may_expire and random.random() < 0.1:
            self.account.world.expire_cursors()
        deed = random.choice(["add", "series", "except", "except", "change", "change", "cancel"])
        present = [each for each in self.agenda.meetings.values() if not each.is_cancelled]
        now = self.account.world.clock.now()
        if deed in {"add", "series"} or not present:
            rules = (random.choice(_RULES),) if deed == "series" else ()
            self.agenda.add(self._plan(random, *rules), at=now)
            return
        chosen = random.choice(present)
        if deed == "cancel":
            self.agenda.cancel(chosen.number, at=now)
        elif deed == "except" and chosen.plan.recurrence:
            self._except(chosen, random)
        else:
            self.agenda.edit(chosen.number, self._changed(chosen, random), at=now)

    def _plan(self, random: Random, *rules: str) -> Plan:
        # The window of Graph begins half a year back; some lie before it.
        start = START + timedelta(days=random.choice([-400, -3, -1, 0, 1, 30, 200]))
        whole = replace(plan(*rules, start=start), title=f"title {self.number()}")
        if random.random() < 0.2:
            day = start.date()
            whole = replace(whole, start=When(day=day), end=When(day=day + timedelta(days=1)))
        return whole

    def _changed(self, chosen: Meeting, random: Random) -> Plan:
        changed = replace(chosen.plan, title=f"title {self.number()}")
        if chosen.plan.recurrence or random.random() < 0.5:
            return changed
        step = timedelta(days=random.choice([-300, -1, 1, 300]))
        return replace(changed, start=changed.start.moved(step), end=changed.end.moved(step))

    def _except(self, series: Meeting, random: Random) -> None:
        """Change a date of a series, or call it off."""
        now = self.account.world.clock.now()
        before = series.plan.start.utc() + timedelta(days=365)
        there = self.agenda.exceptions_of(series.number)
        dates = occurrences(series, there, after=_BEGINNING, before=before)
        date = random.choice(dates)
        if date.exception is not None:
            self.agenda.edit(date.exception.number, self._changed(date.exception, random), at=now)
            return
        single = replace(series.plan, recurrence=(), start=date.start, end=date.end)
        made = self.agenda.add(
            replace(single, title=f"title {self.number()}"),
            at=now,
            master=series.number,
            original_start=date.original_start,
        )
        if random.random() < 0.4:
            self.agenda.cancel(made.number, at=now)

    def record(self, remote_id: str) -> str:
        """Return the id of an event's record."""
        return record_id("evt", ACCOUNT.id, "primary", remote_id)

    def pass_time(self) -> None:
        """Let an hour pass: nothing of a calendar waits."""
        self.account.clock.advance(3600)

    def remote(self) -> Mapping[str, Seen]:
        """Return what takes place, and which dates of series do not."""
        return self._google() if self.is_google else self._graph()

    def _google(self) -> Mapping[str, Seen]:
        found: dict[str, Seen] = {}
        for each in self.agenda.meetings.values():
            series = None if each.master is None else self.agenda.get(each.master)
            name = event_id(self.account.person, each.number)
            if not each.is_cancelled:
                found[name] = (each.plan.title, _moment(each.plan.start), each.plan.recurrence)
            elif series is not None and not series.is_cancelled:
                found[name] = (EventStatus.CANCELLED,)
        return found

    def _graph(self) -> Mapping[str, Seen]:
        window, person = window_at(self.account.clock.now()), self.account.person
        found: dict[str, Seen] = {}
        for each in self.agenda.meetings.values():
            if each.is_cancelled or each.master is not None:
                continue
            dates = occurrences(
                each,
                self.agenda.exceptions_of(each.number),
                after=window.start,
                before=window.end,
            )
            for date in dates:
                said = date.exception or each
                original = original_of(date.original_start) if each.plan.recurrence else ""
                if not said.is_cancelled:
                    name = ids.event_id(person, ids.EventId(each.number, original))
                    found[name] = (said.plan.title, _moment(date.start), ())
        return found

    async def local(self) -> Mapping[str, Seen]:
        """Return the events that are kept and not gone."""
        page = await self.keeping.records.events(ACCOUNT.workspace_id, limit=_ALL)
        return {
            each.event.remote_id: (EventStatus.CANCELLED,)
            if each.event.status is EventStatus.CANCELLED
            else (each.event.title, _shown(each.event.start), each.event.recurrence)
            for each in page.rows
        }

    async def told(self) -> Iterable[Seen]:
        """Return what was announced of each event."""
        return [
            (EventStatus.CANCELLED,) if after["status"] == "cancelled" else (after["title"],)
            for after in heard(await self.keeping.announced()).values()
        ]

    async def places(self) -> int:
        """Return how many calendars are followed."""
        return len(await self.store.places(ACCOUNT.id))

    async def is_waiting(self) -> bool:
        """Return False: events come whole."""
        return False


def _moment(when: When) -> object:
    return when.day if when.day is not None else when.at


def _shown(moment: Moment) -> object:
    return moment.day if moment.day is not None else moment.at
