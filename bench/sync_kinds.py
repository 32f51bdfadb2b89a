"""The kinds of accounts that `bench sync` measures, and how each is read by the real engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from bench.bare_sync import Bare, Pages
from bench.simulated import GOOGLE, MICROSOFT, OWNER, Brand
from jobs.providers.google.calendar import GoogleCalendars
from jobs.providers.google.mail import GmailProviders
from jobs.providers.http import Lane
from jobs.providers.microsoft.calendar import GraphCalendarProviders
from jobs.providers.microsoft.mail import GraphMailProviders
from jobs.streams.stream import Channel, Lease
from jobs.sync.budget import SliceEnd
from jobs.sync.calendar import CalendarSync
from jobs.sync.mail import MailSync
from jobs.sync.ports import CalendarStore, MailStore
from jobs.sync.provider import AccountRef, CalendarProviders, MailProviders
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import SystemClock

_POLICY: Final = MailPolicy(own=frozenset({OWNER}))
_MAILS_PER_S: Final = 1500.0
_EVENTS_PER_S: Final = 10_000.0


class Sync(Protocol):
    """Brings one account in, in slices."""

    async def first(self) -> int:
        """Bring everything in, and return how many items are there then."""
        ...

    async def again(self) -> None:
        """Look once more."""
        ...

    async def streams(self) -> int:
        """Return how many folders or calendars are followed."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """An account and the lease on its stream."""

    account: AccountRef
    lease: Lease


@dataclass(frozen=True, slots=True)
class Stores:
    """Where what comes is kept."""

    mail: MailStore
    calendars: CalendarStore


class UnfinishedSync(RuntimeError):
    """A slice met a fault, or less came than there is, so there is nothing to measure."""


def _ended(end: SliceEnd) -> SliceEnd:
    if end.fault is not None:
        raise UnfinishedSync(end.fault)
    return end


@dataclass(frozen=True, slots=True)
class _Mail:
    """Lists and imports in turns, as a worker does."""

    providers: MailProviders
    store: MailStore
    hold: Hold

    def _sync(self) -> MailSync:
        return MailSync(self.providers, self.store, SystemClock(), lambda: 0.5)

    async def first(self) -> int:
        sync, hold = self._sync(), self.hold
        while True:
            end = _ended(await sync.list_changes(hold.account, hold.lease, _POLICY))
            if end.is_done and end.resume_at is None:
                return await self._there()
            if end.is_done:
                _ended(await sync.fetch_wanted(hold.account, hold.lease, _POLICY))

    async def _there(self) -> int:
        return await self.store.count_there(self.hold.account.id, "")

    async def streams(self) -> int:
        return len(await self.store.places(self.hold.account.id))

    async def again(self) -> None:
        _ended(await self._sync().list_changes(self.hold.account, self.hold.lease, _POLICY))


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Follows a calendar until nothing is left."""

    providers: CalendarProviders
    store: CalendarStore
    hold: Hold

    async def first(self) -> int:
        while not await self._slice():
            pass
        account_id = self.hold.account.id
        places = await self.store.places(account_id)
        return sum([await self.store.count_there(account_id, each) for each in places])

    async def _slice(self) -> bool:
        sync = CalendarSync(self.providers, self.store, SystemClock())
        return _ended(await sync.list_changes(self.hold.account, self.hold.lease, _POLICY)).is_done

    async def streams(self) -> int:
        return len(await self.store.places(self.hold.account.id))

    async def again(self) -> None:
        await self._slice()


_Opens: TypeAlias = Callable[[Lane, Stores, Hold], Sync]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of account: who has it, how we read it, and how a bare loop does.

    A look without news may make one request for each folder or calendar, and `beside` them those
    that tell which there are.
    """

    name: str
    channel: Channel
    brand: Brand
    opens: _Opens
    bare: Callable[[Bare], Pages]
    wanted_per_s: float
    beside: int


KINDS: Final = (
    Kind(
        "gmail",
        Channel.GMAIL,
        GOOGLE,
        lambda lane, stores, hold: _Mail(GmailProviders(lane), stores.mail, hold),
        Bare.gmail,
        _MAILS_PER_S,
        beside=1,
    ),
    Kind(
        "gmail_threads",
        Channel.GMAIL,
        GOOGLE,
        lambda lane, stores, hold: _Mail(GmailProviders(lane), stores.mail, hold),
        Bare.gmail,
        _MAILS_PER_S,
        beside=1,
    ),
    Kind(
        "graph_mail",
        Channel.MICROSOFT_MAIL,
        MICROSOFT,
        lambda lane, stores, hold: _Mail(GraphMailProviders(lane), stores.mail, hold),
        Bare.graph_mail,
        _MAILS_PER_S,
        beside=1,
    ),
    Kind(
        "google_calendar",
        Channel.GOOGLE_CALENDAR,
        GOOGLE,
        lambda lane, stores, hold: _Calendar(GoogleCalendars(lane), stores.calendars, hold),
        Bare.google_calendar,
        _EVENTS_PER_S,
        beside=0,
    ),
    Kind(
        "graph_calendar",
        Channel.MICROSOFT_CALENDAR,
        MICROSOFT,
        lambda lane, stores, hold: _Calendar(GraphCalendarProviders(lane), stores.calendars, hold),
        Bare.graph_calendar,
        _EVENTS_PER_S,
        beside=0,
    ),
)
