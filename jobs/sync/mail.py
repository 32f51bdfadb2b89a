"""Brings one account's mail in, slice by slice: first what changed, then what is to be fetched.

Each answer of the provider is taken in by one transaction, which also moves the checkpoint; so a
process may end between any two steps. Whatever is read beforehand cannot have changed meanwhile:
an account is worked on under one lease, and the transaction refuses under an older one.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from jobs.streams.stream import Lease
from jobs.sync.announcements import Announcer
from jobs.sync.backoff import verdict
from jobs.sync.bounds import BoundedMail
from jobs.sync.budget import DEFAULT_BUDGET, Budget, Meter, SliceEnd
from jobs.sync.faults import CursorExpired, Defect, ProviderFault, Temporary
from jobs.sync.held import MailBatch, Place, Reason, Stage, Want
from jobs.sync.mail_steps import MailDraft, Views
from jobs.sync.ports import MailStore
from jobs.sync.provider import (
    AccountRef,
    Change,
    Deferred,
    Fetched,
    Gone,
    MailProvider,
    MailProviders,
    Page,
    Wanted,
)
from jobs.sync.rounds import (
    begun,
    current_round,
    doubted,
    expired,
    followed,
    is_wipe,
    wanted_places,
)
from jobs.sync.rules import MailPolicy, folder_rules
from sanderling.kernel.clock import Clock

_TOLD_ONCE = frozenset({Reason.NEW, Reason.REFRESH})
_SECOND_LOOK = timedelta(minutes=1)
_ANY = 2**62
"""Later than the generation of any message."""
_LEFT_OUT = Temporary("a batch was answered without this message")


@dataclass(frozen=True, slots=True)
class MailSync:
    """Run slices of mail; shared by all accounts, since it keeps nothing of any.

    `chance` returns numbers in [0, 1) that spread what waits.
    """

    providers: MailProviders
    store: MailStore
    clock: Clock
    chance: Callable[[], float]
    budget: Budget = DEFAULT_BUDGET

    async def list_changes(self, account: AccountRef, lease: Lease, policy: MailPolicy) -> SliceEnd:
        """Follow every folder to the end of its changes, as far as the budget goes.

        Raises:
            LeaseLost: another worker has taken over.

        """
        return await self._run(_Slice(self, account, lease, policy, self._meter()), _list_changes)

    async def fetch_wanted(self, account: AccountRef, lease: Lease, policy: MailPolicy) -> SliceEnd:
        """Fetch what is wanted and due, as far as the budget goes.

        Raises:
            LeaseLost: another worker has taken over.

        """
        return await self._run(_Slice(self, account, lease, policy, self._meter()), _fetch_wanted)

    def _meter(self) -> Meter:
        return Meter(self.budget, self.clock.monotonic_ns)

    async def _run(self, part: "_Slice", work: "_Work") -> SliceEnd:
        is_done, fault = False, None
        try:
            async with self.providers.open(part.account) as opened:
                is_done = await work(part, BoundedMail(opened, part.meter.leave_out))
        except ProviderFault as raised:
            fault = raised
        resume_at = await self.store.next_wanted_at(part.account.id)
        meter = part.meter
        return SliceEnd(
            is_done, meter.requests, meter.items, meter.commits, fault, resume_at, meter.left_out
        )


@dataclass(frozen=True, slots=True)
class _Slice:
    """One slice's account, lease and choices, and what it has spent."""

    sync: MailSync
    account: AccountRef
    lease: Lease
    policy: MailPolicy
    meter: Meter

    @property
    def store(self) -> MailStore:
        return self.sync.store

    async def views(self, provider: MailProvider) -> Views:
        """Return the folders as they are now, which is one request."""
        self.meter.spend()
        rules = folder_rules(await provider.folders(), self.policy)
        announcer = Announcer(self.account, self.policy, self.sync.clock.now())
        return Views(self.account, self.policy, rules, announcer)

    async def draft(self, views: Views, ids: Iterable[str]) -> MailDraft:
        return MailDraft(views, await self.store.held(self.account.id, frozenset(ids)))

    async def commit(self, batch: MailBatch, items: int = 0) -> None:
        await self.store.commit(self.account, self.lease, batch)
        self.meter.keep(items)


_Work = Callable[[_Slice, MailProvider], Awaitable[bool]]


async def _list_changes(part: _Slice, provider: MailProvider) -> bool:
    """Follow folders to their end, and return whether all of them are."""
    views = await part.views(provider)
    kept = await _close_folders(part, views)
    places = wanted_places(kept, views.folders.synced)
    round_ = current_round(places.values())
    for place in sorted(places.values(), key=lambda each: (each.round, each.remote_id)):
        while place.round < round_:
            if not part.meter.is_left:
                return False
            place = await _step(part, provider, views, place, round_)  # noqa: PLW2901 - it moves on.
    return True


async def _close_folders(part: _Slice, views: Views) -> Mapping[str, Place]:
    """Forget folders that are not followed any more, and ask where their messages are.

    Return how far the others are. Whatever is taken in is judged by these views; a folder that
    comes back after them is scanned anew.
    """
    kept = await part.store.places(part.account.id)
    for folder in sorted(kept.keys() - views.folders.synced):
        draft = await part.draft(views, ())
        left = await part.store.unseen(part.account.id, folder, _ANY)
        draft.sweep(kept[folder], left)
        await part.commit(draft.batch(closed=[folder]))
    return {folder: place for folder, place in kept.items() if folder in views.folders.synced}


async def _step(
    part: _Slice, provider: MailProvider, views: Views, place: Place, round_: int
) -> Place:
    """Make one request for a folder and take its answer in; return how far the folder is then."""
    part.meter.spend()
    try:
        match place.stage:
            case Stage.NEW:
                # The cursor comes first: what changes while the scan runs is told by it.
                after = begun(place, await provider.cursor_before_scan(place.remote_id))
                await part.commit(MailBatch(places=(after,)))
                return after
            case Stage.FULL:
                page = await provider.scan(place.remote_id, place.page)
                return await _take_scan(part, views, place, page)
            case Stage.INCR:
                cursor = place.cursor or ""
                page = await provider.changes(place.remote_id, cursor, place.page)
                return await _take_changes(part, views, place, page, round_)
    except CursorExpired:
        await part.commit(MailBatch(places=(expired(place),)))
        raise


async def _take_changes(
    part: _Slice, views: Views, place: Place, page: Page[Change], round_: int
) -> Place:
    draft = await part.draft(views, (each.remote_id for each in page.items))
    draft.apply(place, page.items, is_scan=False)
    if page.next_page is not None:
        after = replace(place, page=page.next_page)
    elif page.cursor is not None:
        after = followed(place, page.cursor, round_)
    else:
        raise Defect("a last page came without a cursor")
    await part.commit(draft.batch(after), len(page.items))
    return after


async def _take_scan(part: _Slice, views: Views, place: Place, page: Page[Change]) -> Place:
    draft = await part.draft(views, (each.remote_id for each in page.items))
    draft.apply(place, page.items, is_scan=True)
    if page.next_page is not None:
        after = replace(place, page=page.next_page)
    else:
        after = await _end_scan(part, draft, place, page.cursor or place.base)
    await part.commit(draft.batch(after), len(page.items))
    return after


async def _end_scan(part: _Slice, draft: MailDraft, place: Place, cursor: str | None) -> Place:
    """Remove what a finished scan has not seen, or begin it again before most of it goes."""
    if cursor is None:
        raise Defect("a scan ended without a cursor")
    account_id, folder = part.account.id, place.remote_id
    unseen = await part.store.unseen(account_id, folder, place.generation)
    left = [each for each in unseen if each.remote_id not in draft.touched]
    there = await part.store.count_there(account_id, folder)
    if is_wipe(place, unseen=len(left), there=there):
        return doubted(place)
    draft.sweep(place, left)
    # What happened while the scan ran is still to be followed, so the round is not over.
    return followed(place, cursor, place.round)


async def _fetch_wanted(part: _Slice, provider: MailProvider) -> bool:
    """Fetch until nothing is due, and return whether that came to be."""
    if not await part.store.wanted(part.account.id, part.sync.clock.now(), limit=1):
        return True
    views = await part.views(provider)
    kept = await _close_folders(part, views)
    new = views.folders.synced - kept.keys()
    while part.meter.is_left:
        now, size = part.sync.clock.now(), part.sync.budget.fetch_size
        wants = await part.store.wanted(part.account.id, now, limit=size)
        if not wants:
            return True
        part.meter.spend()
        found = await provider.fetch(
            [Wanted(each.remote_id, each.thread_id or None) for each in wants]
        )
        draft = await part.draft(views, (each.remote_id for each in wants))
        for want in wants:
            if want.remote_id in found or not found:
                one = found.get(want.remote_id, Deferred(_LEFT_OUT))
                _take(part, draft, want, one, kept)
            # What was left out of an answer that brought something else stays wanted as it was.
        # A folder may end before it was ever listed; its mail is looked for only if it is known.
        opened = new & draft.reached
        new -= opened
        await part.commit(draft.batch(*map(Place, sorted(opened))), len(wants))
    return False


def _take(
    part: _Slice, draft: MailDraft, want: Want, found: Fetched, kept: Mapping[str, Place]
) -> None:
    sync = part.sync
    now = sync.clock.now()
    if isinstance(found, Gone) and want.reason in _TOLD_ONCE:
        # Providers lose sight of a message for a moment; nobody would tell us of it a second time.
        draft.put_off(replace(want, reason=Reason.DOUBTED, not_before=now + _SECOND_LOOK))
        return
    if not isinstance(found, Deferred):
        draft.take(want, found, kept)
        return
    after = verdict(found.fault, failures=want.tries, now=now, chance=sync.chance())
    # What one message is refused for is no reason to give up its account: it is asked for again.
    due_at = after.next_at or now + timedelta(hours=1)
    draft.put_off(replace(want, tries=want.tries + 1, not_before=due_at))
