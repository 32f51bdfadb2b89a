"""Brings one account's calendars in, slice by slice, as `mail` does for mail."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jobs.streams.stream import Lease
from jobs.sync.announcements import Announcer
from jobs.sync.bounds import BoundedCalendar
from jobs.sync.budget import DEFAULT_BUDGET, Budget, Meter, SliceEnd
from jobs.sync.calendar_steps import CalendarDraft, series_of, told_gone
from jobs.sync.faults import CursorExpired, Defect, ProviderFault
from jobs.sync.held import CalendarBatch, HeldEvent, Place, Stage
from jobs.sync.items import Event
from jobs.sync.ports import CalendarStore
from jobs.sync.provider import AccountRef, CalendarProvider, CalendarProviders, Page, Removed
from jobs.sync.rounds import (
    begun,
    current_round,
    doubted,
    expired,
    followed,
    is_wipe,
    wanted_places,
)
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import Clock

_Answer = Page[Event | Removed]


@dataclass(frozen=True, slots=True)
class CalendarSync:
    """Run slices of calendars; shared by all accounts, since it keeps nothing of any."""

    providers: CalendarProviders
    store: CalendarStore
    clock: Clock
    budget: Budget = DEFAULT_BUDGET

    async def list_changes(self, account: AccountRef, lease: Lease, policy: MailPolicy) -> SliceEnd:
        """Follow every calendar to the end of its changes, as far as the budget goes.

        Events come whole, so there is nothing to fetch afterwards.

        Raises:
            LeaseLost: another worker has taken over.

        """
        meter = Meter(self.budget, self.clock.monotonic_ns)
        part = _Slice(self.store, account, lease, policy, self.clock, meter)
        is_done, fault = False, None
        try:
            async with self.providers.open(account) as opened:
                is_done = await _follow(part, BoundedCalendar(opened, meter.leave_out))
        except ProviderFault as raised:
            fault = raised
        return SliceEnd(
            is_done,
            meter.requests,
            meter.items,
            meter.commits,
            fault,
            left_out=meter.left_out,
        )


@dataclass(frozen=True, slots=True)
class _Slice:
    """One slice's account, lease and choices, and what it has spent."""

    store: CalendarStore
    account: AccountRef
    lease: Lease
    policy: MailPolicy
    clock: Clock
    meter: Meter

    async def draft(self, place: Place, page: _Answer) -> CalendarDraft:
        """Return what a page changes."""
        account_id, calendar = self.account.id, place.remote_id
        ids = frozenset(each.remote_id for each in page.items) | series_of(page.items)
        gone = frozenset(each.remote_id for each in page.items if told_gone(each))
        exceptions = await self.store.exceptions(account_id, calendar, gone) if gone else ()
        held = await self.store.held(account_id, calendar, ids)
        draft = self.empty({**held, **{each.event.remote_id: each for each in exceptions}})
        draft.apply(place, page.items, exceptions)
        return draft

    def empty(self, held: Mapping[str, HeldEvent]) -> CalendarDraft:
        announcer = Announcer(self.account, self.policy, self.clock.now())
        return CalendarDraft(self.account, self.policy, announcer, held)

    async def commit(self, batch: CalendarBatch, items: int = 0) -> None:
        await self.store.commit(self.account, self.lease, batch)
        self.meter.keep(items)


async def _follow(part: _Slice, provider: CalendarProvider) -> bool:
    part.meter.spend()
    ids = {each.remote_id for each in await provider.calendars()}
    kept = await part.store.places(part.account.id)
    for gone in sorted(kept.keys() - ids):
        draft = part.empty({})
        draft.bury(await part.store.unseen(part.account.id, gone, kept[gone].generation + 1))
        await part.commit(draft.batch(closed=[gone]))
    places = wanted_places(kept, ids)
    round_ = current_round(places.values())
    for place in sorted(places.values(), key=lambda each: (each.round, each.remote_id)):
        while place.round < round_:
            if not part.meter.is_left:
                return False
            place = await _step(part, provider, place, round_)  # noqa: PLW2901 - it moves on.
    return True


async def _step(part: _Slice, provider: CalendarProvider, place: Place, round_: int) -> Place:
    """Make one request for a calendar and take its answer in."""
    if place.stage is Stage.NEW:
        place = begun(place, None)
        await part.commit(CalendarBatch(places=(place,)))
    part.meter.spend()
    try:
        if place.stage is Stage.FULL:
            page = await provider.scan(place.remote_id, place.page)
        else:
            page = await provider.changes(place.remote_id, place.cursor or "", place.page)
    except CursorExpired:
        await part.commit(CalendarBatch(places=(expired(place),)))
        raise
    draft = await part.draft(place, page)
    after = await _after(part, draft, place, page, round_)
    await part.commit(draft.batch(after), len(page.items))
    return after


async def _after(
    part: _Slice, draft: CalendarDraft, place: Place, page: _Answer, round_: int
) -> Place:
    """Return how far the calendar is after a page; the end of a scan removes what it missed."""
    if page.next_page is not None:
        return replace(place, page=page.next_page)
    if page.cursor is None:
        raise Defect("a last page came without a cursor")
    if place.stage is Stage.INCR:
        return followed(place, page.cursor, round_)
    account_id, calendar = part.account.id, place.remote_id
    unseen = await part.store.unseen(account_id, calendar, place.generation)
    left = [each for each in unseen if each.event.remote_id not in draft.touched]
    there = await part.store.count_there(account_id, calendar)
    if is_wipe(place, unseen=len(left), there=there):
        return doubted(place)
    draft.bury(left)
    return followed(place, page.cursor, place.round)
