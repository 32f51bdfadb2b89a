"""What the first sync of an account costs, beside a loop that only fetches and inserts.

Each provider is played by a process of its own, which has rendered every answer before it is
measured. The account is read through the real adapters and the real engine, slice by slice, into
SQLite and into memory; `bare` rows ask for the same and keep what comes as it is. After that
nothing has changed, and what one more look costs is counted.
"""

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from bench.bare_sync import Bare, keep
from bench.processes import own_cpu_ns
from bench.provider import Provider, provider
from bench.report import Goal, Report, Row, rounded
from bench.simulated import OWNER
from bench.sync_kinds import KINDS, Hold, Kind, Stores, Sync, UnfinishedSync
from jobs.streams.stream import AccountId, Channel, Lease, Stream, StreamClaim, StreamId
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.collector import settle_collector
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

_MOST_UNITS: Final = {"gmail": 20.1, "gmail_threads": 13.0}
_NEAR_LEAST: Final = 1.01
"""So much of the least that threads can cost may be taken: some are shared by two batches."""
_LEASED: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for: how many messages, and events in the same measure, and how often."""

    items: int | None = None
    turns: int = 3

    @property
    def size(self) -> int:
        """How many messages lie in each mailbox, and about how many events in each calendar."""
        return self.items or 3000


@dataclass(slots=True)
class Taken:
    """What the turns of one row came to; times are of each turn."""

    items: int = 0
    seconds: list[float] = field(default_factory=list[float])
    own_ns: list[int] = field(default_factory=list[int])
    units: int = 0
    streams: int | None = None
    idle_requests: int | None = None
    idle_units: int | None = None

    @asynccontextmanager
    async def turn(self, account: Provider) -> AsyncGenerator[None]:
        """Measure what is done within."""
        units = await account.units()
        # What earlier turns left behind is nobody's; each begins alike.
        gc.collect()
        began_s, cpu_ns = time.perf_counter(), own_cpu_ns()
        yield
        self.seconds.append(time.perf_counter() - began_s)
        self.own_ns.append(own_cpu_ns() - cpu_ns)
        self.units = await account.units() - units

    async def look_again(self, account: Provider, sync: Sync) -> None:
        """Count what a look costs when nothing has changed."""
        units, requests = await account.units(), account.tally.requests
        await sync.again()
        self.idle_requests = account.tally.requests - requests
        self.idle_units = await account.units() - units
        self.streams = await sync.streams()


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


async def _measure(kind: Kind, options: Options, place: _Place) -> tuple[list[Row], float]:
    """Return the rows of a kind, and the least units that an item costs where it is Gmail's."""
    async with provider(kind.brand, kind.name, options.size, place.folder) as account:
        # Everything is asked for once, so that all of it is rendered.
        await _turn(kind, Taken(), account, _in_memory(), place)
        bare, memory, kept = Taken(), Taken(), Taken()
        sql = Stores(SQLMailStore(place.database), SQLCalendarStore(place.database))
        for turn in range(-1, options.turns):
            path = str(place.folder / f"{kind.name}{turn}.db")
            taken = bare if turn >= 0 else Taken()
            async with taken.turn(account):
                taken.items = await keep(kind.bare(Bare(account)), path)
            if turn >= 0:
                await _turn(kind, memory, account, _in_memory(), place)
                await _turn(kind, kept, account, sql, place)
    if memory.items != kept.items or kept.items < bare.items * 0.9:
        raise UnfinishedSync(kind.name, bare.items, memory.items, kept.items)
    base_s = _per_item(bare)
    rows = [
        _row(kind.name, kept, base_s),
        _row(f"{kind.name}_memory", memory, base_s),
        _row(f"{kind.name}_bare", bare, base_s),
    ]
    return rows, account.least_units / kept.items


async def _turn(kind: Kind, taken: Taken, account: Provider, stores: Stores, place: _Place) -> None:
    sync = kind.opens(account.lane(), stores, await place.hold(kind.channel))
    async with taken.turn(account):
        taken.items = await sync.first()
    await taken.look_again(account, sync)


def _in_memory() -> Stores:
    return Stores(MemoryMailStore(_holds), MemoryCalendarStore(_holds))


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
        "streams": taken.streams,
        "idle_requests": taken.idle_requests,
        "idle_units": taken.idle_units,
    }


def _goals(rows: Sequence[Row], least: Mapping[str, float]) -> list[Goal]:
    by_name = {str(row["name"]): row for row in rows}
    goals: list[Goal] = []
    for kind in KINDS:
        row = by_name[kind.name]
        what = f"{kind.name}: {kind.wanted_per_s:,.0f} a second into SQLite"
        goals.append(Goal.at_least(what, kind.wanted_per_s, row["items_per_s"]))
        # On a machine that others use as well, this says what the time alone does not.
        share = float(row["own_cpu_us"] or 0) / 1e6 * kind.wanted_per_s
        what = f"{kind.name}: {kind.wanted_per_s:,.0f} a second within one processor's time"
        goals.append(Goal(what, rounded(share, 2)))
    near = least["gmail_threads"] * _NEAR_LEAST
    for name, most in (*_MOST_UNITS.items(), ("gmail_threads", near)):
        units = float(by_name[name]["quota_units_per_item"] or 0)
        goals.append(Goal(f"{name}: {most:.4g} units for a message", rounded(units / most, 2)))
    for kind in KINDS:
        row = by_name[kind.name]
        most = float(row["streams"] or 0) + kind.beside
        factor = rounded(float(row["idle_requests"] or 0) / most, 2)
        goals.append(Goal(f"{kind.name}: {most:.0f} requests without news", factor))
    return goals


async def _run(options: Options) -> Report:
    # As our server does once it listens.
    settle_collector()
    rows: list[Row] = []
    least: dict[str, float] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with open_database(f"sqlite:///{folder / 'bench.db'}") as database:
            await migrate(database)
            place = _Place(database, folder, count(1))
            for kind in KINDS:
                measured, least[kind.name] = await _measure(kind, options, place)
                rows += measured
    note = (
        f"of these threads the least is {least['gmail_threads']:.4g} units for a message: "
        f"{_MOST_UNITS['gmail_threads']:g} takes longer ones"
    )
    return Report("sync", rows, (note,), {"items": options.size}, _goals(rows, least))


def run(options: Options) -> Report:
    """Measure and return the table."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(options))
