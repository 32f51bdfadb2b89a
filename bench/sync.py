"""What the first sync of an account costs, beside a loop that only fetches and inserts.

The providers are played in this process, so that no socket is measured, and answer at once. The
account is read through the real adapters and the real engine, slice by slice, into SQLite and into
memory; `bare` rows ask for the same and keep what comes as it is. After that nothing has changed,
and what one more look costs is counted.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, Protocol, TypeAlias

import uvloop

from bench.bare_sync import Bare, Pages, keep
from bench.processes import own_cpu_ns
from bench.report import Goal, Report, Row, rounded
from bench.simulated import GOOGLE, MICROSOFT, OWNER, Simulated
from jobs.providers.google.calendar import GoogleCalendars
from jobs.providers.google.mail import GmailProviders
from jobs.providers.http import Lane
from jobs.providers.microsoft.calendar import GraphCalendarProviders
from jobs.providers.microsoft.mail import GraphMailProviders
from jobs.streams.stream import AccountId, Channel, Lease, Stream, StreamClaim, StreamId
from jobs.sync.budget import SliceEnd
from jobs.sync.calendar import CalendarSync
from jobs.sync.mail import MailSync
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from jobs.sync.ports import CalendarStore, MailStore
from jobs.sync.provider import AccountRef, CalendarProviders, MailProviders
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.store import (
    Database,
    SQLCalendarStore,
    SQLMailStore,
    SQLStreamStore,
    migrate,
    open_database,
)
from sanderling.store.schema import workspaces

_POLICY: Final = MailPolicy(own=frozenset({OWNER}))
_MAILS_PER_S: Final = 1500.0
_EVENTS_PER_S: Final = 10_000.0
_MOST_UNITS: Final = {"gmail": 20.1, "gmail_threads": 13.0}
_MOST_IDLE_REQUESTS: Final = 2
_LEASED: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for: how many messages, and events in the same measure, and how often."""

    items: int | None = None
    turns: int = 3

    @property
    def messages(self) -> int:
        """How many messages lie in each mailbox."""
        return self.items or 3000

    @property
    def meetings(self) -> int:
        """How many meetings and series stand in each calendar."""
        return self.messages


class Sync(Protocol):
    """Brings one account in, in slices."""

    async def first(self) -> int:
        """Bring everything in, and return how many items are there then."""
        ...

    async def again(self) -> None:
        """Look once more."""
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

    async def again(self) -> None:
        await self._slice()


_Opens: TypeAlias = Callable[[Lane, Stores, Hold], Sync]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of account: what lies in it, how we read it, and how a bare loop does."""

    name: str
    channel: Channel
    account: Callable[[Options], Simulated]
    opens: _Opens
    bare: Callable[[Bare], Pages]
    wanted_per_s: float


def _mailbox(options: Options, *, is_google: bool, in_threads: bool) -> Simulated:
    account = Simulated(GOOGLE if is_google else MICROSOFT)
    account.write_letters(options.messages, in_threads=in_threads)
    return account


def _google_calendar(options: Options) -> Simulated:
    account = Simulated(GOOGLE)
    account.plan_meetings(options.meetings)
    return account


def _graph_calendar(options: Options) -> Simulated:
    account = Simulated(MICROSOFT)
    # Each date of a series is an event of its own there: about three come of one meeting.
    account.plan_meetings(max(1, options.meetings // 3))
    return account


KINDS: Final = (
    Kind(
        "gmail",
        Channel.GMAIL,
        lambda options: _mailbox(options, is_google=True, in_threads=False),
        lambda lane, stores, hold: _Mail(GmailProviders(lane), stores.mail, hold),
        Bare.gmail,
        _MAILS_PER_S,
    ),
    Kind(
        "gmail_threads",
        Channel.GMAIL,
        lambda options: _mailbox(options, is_google=True, in_threads=True),
        lambda lane, stores, hold: _Mail(GmailProviders(lane), stores.mail, hold),
        Bare.gmail,
        _MAILS_PER_S,
    ),
    Kind(
        "graph_mail",
        Channel.MICROSOFT_MAIL,
        lambda options: _mailbox(options, is_google=False, in_threads=True),
        lambda lane, stores, hold: _Mail(GraphMailProviders(lane), stores.mail, hold),
        Bare.graph_mail,
        _MAILS_PER_S,
    ),
    Kind(
        "google_calendar",
        Channel.GOOGLE_CALENDAR,
        _google_calendar,
        lambda lane, stores, hold: _Calendar(GoogleCalendars(lane), stores.calendars, hold),
        Bare.google_calendar,
        _EVENTS_PER_S,
    ),
    Kind(
        "graph_calendar",
        Channel.MICROSOFT_CALENDAR,
        _graph_calendar,
        lambda lane, stores, hold: _Calendar(GraphCalendarProviders(lane), stores.calendars, hold),
        Bare.graph_calendar,
        _EVENTS_PER_S,
    ),
)


@dataclass(slots=True)
class Taken:
    """What the turns of one row came to; times are of each turn."""

    items: int = 0
    seconds: list[float] = field(default_factory=list[float])
    own_ns: list[int] = field(default_factory=list[int])
    units: int = 0
    idle_requests: int | None = None
    idle_units: int | None = None

    @asynccontextmanager
    async def turn(self, account: Simulated) -> AsyncGenerator[None]:
        """Measure what is done within."""
        units, served_ns = account.units(), account.tally.served_ns
        began_s, cpu_ns = time.perf_counter(), own_cpu_ns()
        yield
        self.seconds.append(time.perf_counter() - began_s)
        self.own_ns.append(own_cpu_ns() - cpu_ns - (account.tally.served_ns - served_ns))
        self.units = account.units() - units

    async def look_again(self, account: Simulated, sync: Sync) -> None:
        """Count what a look costs when nothing has changed."""
        units, requests = account.units(), account.tally.requests
        await sync.again()
        self.idle_requests = account.tally.requests - requests
        self.idle_units = account.units() - units


@dataclass(frozen=True, slots=True)
class _Place:
    """Where everything is kept, and who gives out accounts that nobody has synced yet."""

    database: Database
    folder: Path
    numbers: Iterator[int]

    async def hold(self, channel: Channel) -> Hold:
        number, now = next(self.numbers), SystemClock().now()
        workspace_id = WorkspaceId(f"ws_{number}")
        stream = Stream(
            id=StreamId(f"str_{number}"),
            workspace_id=workspace_id,
            account_id=AccountId(f"acc_{number}"),
            channel=channel,
            next_due_at=now,
            updated_at=now,
        )
        async with self.database.write() as connection:
            row = {"id": workspace_id, "name": workspace_id, "mark": None, "created_at": now}
            await connection.execute(workspaces.insert(), [row])
        streams = SQLStreamStore(self.database)
        await streams.open([stream])
        claim = StreamClaim("bench", now, now + _LEASED)
        (claimed,) = await streams.claim(stream.lane, claim, limit=1)
        return Hold(AccountRef(stream.account_id, workspace_id, OWNER), claimed.lease())


async def _measure(kind: Kind, options: Options, place: "_Place") -> list[Row]:
    account, database = kind.account(options), place.database
    sql = Stores(SQLMailStore(database), SQLCalendarStore(database))
    bare, memory, kept = Taken(), Taken(), Taken()
    for turn in range(options.turns):
        path = place.folder / f"{kind.name}-{turn}.db"
        async with bare.turn(account):
            bare.items = await keep(kind.bare(Bare(account)), str(path))
        for taken, stores in (
            (memory, Stores(MemoryMailStore(_holds), MemoryCalendarStore(_holds))),
            (kept, sql),
        ):
            sync = kind.opens(account.lane(), stores, await place.hold(kind.channel))
            async with taken.turn(account):
                taken.items = await sync.first()
            await taken.look_again(account, sync)
    if memory.items != kept.items or kept.items < bare.items * 0.9:
        raise UnfinishedSync(kind.name, bare.items, memory.items, kept.items)
    base_s = _per_item(bare)
    return [
        _row(kind.name, kept, base_s),
        _row(f"{kind.name}_memory", memory, base_s),
        _row(f"{kind.name}_bare", bare, base_s),
    ]


def _holds(_: Lease) -> bool:
    return True


def _per_item(taken: Taken) -> float:
    return median(taken.seconds) / taken.items


def _row(name: str, taken: Taken, base_s: float) -> Row:
    return {
        "name": name,
        "items": taken.items,
        "items_per_s": rounded(1 / _per_item(taken)),
        "ratio": rounded(_per_item(taken) / base_s, 2),
        "own_cpu_us": rounded(median(taken.own_ns) / taken.items / 1000),
        "quota_units_per_item": rounded(taken.units / taken.items, 3),
        "idle_requests": taken.idle_requests,
        "idle_units": taken.idle_units,
    }


def _goals(rows: Sequence[Row]) -> list[Goal]:
    by_name = {str(row["name"]): row for row in rows}
    goals: list[Goal] = []
    for kind in KINDS:
        row = by_name[kind.name]
        what = f"{kind.name}: {kind.wanted_per_s:,.0f} a second into SQLite"
        goals.append(Goal.at_least(what, kind.wanted_per_s, row["items_per_s"]))
    for name, most in _MOST_UNITS.items():
        units = float(by_name[name]["quota_units_per_item"] or 0)
        goals.append(Goal(f"{name}: {most} units for a message", rounded(units / most, 2)))
    for kind in KINDS:
        requests = float(by_name[kind.name]["idle_requests"] or 0)
        factor = rounded(requests / _MOST_IDLE_REQUESTS, 2)
        goals.append(Goal(f"{kind.name}: {_MOST_IDLE_REQUESTS} requests without news", factor))
    return goals


async def _run(options: Options) -> Report:
    rows: list[Row] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with open_database(f"sqlite:///{folder / 'bench.db'}") as database:
            await migrate(database)
            place = _Place(database, folder, count(1))
            for kind in KINDS:
                rows += await _measure(kind, options, place)
    extra = {"messages": options.messages, "meetings": options.meetings}
    return Report("sync", rows, (), extra, _goals(rows))


def run(options: Options) -> Report:
    """Measure and return the table."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(options))
