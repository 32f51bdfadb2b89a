"""What streams cost a worker: many that are due at once, and ten thousand that take turns.

A sweeper does slices that do nothing, beside claiming streams one at a time as one writes it
first, and beside one job of APScheduler for each account, which keeps nothing. Then each of many
accounts is due once a minute, and what begins in each second of one is counted.
"""

import asyncio
import math
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

import uvloop
from apscheduler.schedulers.asyncio import (  # type: ignore[import-untyped] # pyright: ignore[reportMissingTypeStubs] - the library has no types.
    AsyncIOScheduler,
)
from sqlalchemy import delete

from bench.postgres_server import own_postgres
from bench.processes import own_cpu_ns
from bench.report import Goal, Report, Row, rounded
from jobs.streams.cadence import next_in_turn
from jobs.streams.holding import SweepBounds
from jobs.streams.holds import Holds
from jobs.streams.lanes import LANES
from jobs.streams.ports import StreamStore
from jobs.streams.steps import settled
from jobs.streams.stream import (
    AccountId,
    Channel,
    Due,
    Lease,
    Phase,
    SliceResult,
    Stream,
    StreamClaim,
    StreamId,
)
from jobs.streams.sweeper import Sweeper, SweepMeans
from sanderling.cli.screen import log_quietly
from sanderling.fairness.memory import MemorySlots
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import WorkspaceId
from sanderling.schedule.cron import parse_cron
from sanderling.store import SQLStreamStore, migrate, open_database
from sanderling.store.stream_schema import streams

_JOB: Final = "gmail-message-list-fetch"
_LANE: Final = LANES[_JOB]
_MINUTELY: Final = parse_cron("* * * * *")
_WORKSPACES: Final = 50
_OPENED_AT_ONCE: Final = 1000
_WITHIN_S: Final = 5.0
_NAIVE_PART: Final = 10
_NOTHING_NEW: Final = SliceResult(Due.IN_TURN, Phase.LIST)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for: streams due at once, accounts that take turns, and for how long."""

    streams: int | None = None
    seconds: float | None = None

    @property
    def due(self) -> int:
        """How many streams are due at once."""
        return self.streams or 3000

    @property
    def accounts(self) -> int:
        """How many accounts are due once a minute."""
        return 10_000 if self.streams is None else self.streams

    @property
    def watched_s(self) -> int:
        """For how many whole seconds they are watched."""
        return math.ceil(self.seconds or 60)


@dataclass(slots=True)
class Watch:
    """Does slices that find nothing, and counts them by the second in which they begin."""

    wanted: int
    seen: set[StreamId] = field(default_factory=set[StreamId])
    per_second: Counter[int] = field(default_factory=Counter[int])
    lags_s: list[float] = field(default_factory=list[float])
    has_seen_all: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, stream: Stream, _lease: Lease) -> SliceResult:
        """Do nothing, and count it."""
        now = datetime.now(UTC)
        self.per_second[int(now.timestamp())] += 1
        self.lags_s.append((now - stream.next_due_at).total_seconds())
        self.seen.add(stream.id)
        if len(self.seen) >= self.wanted:
            self.has_seen_all.set()
        return _NOTHING_NEW


async def _none_paused() -> Collection[str]:
    return ()


def _streams(number: int, due_at: Callable[[str], datetime]) -> list[Stream]:
    now = datetime.now(UTC)
    names = [f"account-{each:05}" for each in range(number)]
    return [
        Stream(
            id=StreamId(name),
            workspace_id=WorkspaceId(f"ws_{position % _WORKSPACES}"),
            account_id=AccountId(name),
            channel=Channel.GMAIL,
            next_due_at=due_at(name),
            updated_at=now,
        )
        for position, name in enumerate(names)
    ]


async def _open(store: StreamStore, new: list[Stream]) -> None:
    for begin in range(0, len(new), _OPENED_AT_ONCE):
        await store.open(new[begin : begin + _OPENED_AT_ONCE])


@asynccontextmanager
async def _sweeping(store: StreamStore, watch: Watch) -> AsyncGenerator[None]:
    clock = SystemClock()
    means = SweepMeans(
        store=store,
        works={Channel.GMAIL: watch.work},
        slots=MemorySlots(clock, token=secrets.token_hex),
        paused=_none_paused,
        clock=clock,
        bus=EventBus(),
        jitter=lambda: 0.5,
        holds=Holds(clock),
    )
    # With a cap, so that what a shared one costs here is counted.
    bounds = SweepBounds(per_channel={Channel.GMAIL: 1000})
    sweeper = Sweeper(means, worker="bench", bounds=bounds)
    sweeper.follow({_JOB: _MINUTELY})
    task = asyncio.create_task(sweeper.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep(store: StreamStore, number: int) -> tuple[float, float]:
    """Return seconds until `number` due streams were done and written, and CPU µs for each."""
    now, watch = datetime.now(UTC), Watch(number)
    await _open(store, _streams(number, lambda _: now))
    began_s, cpu_ns = time.perf_counter(), own_cpu_ns()
    # The stop writes what is not written yet.
    async with _sweeping(store, watch):
        await watch.has_seen_all.wait()
    took_s, used_ns = time.perf_counter() - began_s, own_cpu_ns() - cpu_ns
    return took_s, used_ns / number / 1000


async def _one_by_one(store: StreamStore, number: int) -> tuple[float, float]:
    """Do the same with one claim and one write for each stream, one after another."""
    now, watch = datetime.now(UTC), Watch(number)
    await _open(store, _streams(number, lambda _: now))
    began_s, cpu_ns = time.perf_counter(), own_cpu_ns()
    # A part of them is enough to know, and the claims are slow because all are due.
    part = max(1, number // _NAIVE_PART)
    while len(watch.seen) < part:
        claim = StreamClaim("bench", now, now + timedelta(seconds=60))
        for stream in await store.claim(_LANE, claim, limit=1):
            result = await watch.work(stream, stream.lease())
            due_at = next_in_turn(_MINUTELY, stream.id, after=now)
            await store.settle([(stream.lease(), settled(stream, result, now, due_at))])
    took_s, used_ns = time.perf_counter() - began_s, own_cpu_ns() - cpu_ns
    return took_s * number / part, used_ns / part / 1000


async def _by_jobs(number: int) -> tuple[float, float]:
    """Do as many jobs of APScheduler that are due at once: in memory, and nothing is kept."""
    watch = Watch(number)
    scheduler: Any = AsyncIOScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": None, "max_instances": 1}
    )
    due = _streams(number, lambda _: datetime.now(UTC))
    scheduler.start(paused=True)
    for stream in due:
        lease = Lease(stream.id, "bench", 1, stream.next_due_at)
        scheduler.add_job(watch.work, "date", run_date=stream.next_due_at, args=(stream, lease))
    began_s, cpu_ns = time.perf_counter(), own_cpu_ns()
    scheduler.resume()
    await watch.has_seen_all.wait()
    took_s, used_ns = time.perf_counter() - began_s, own_cpu_ns() - cpu_ns
    scheduler.shutdown(wait=False)
    return took_s, used_ns / number / 1000


async def _minute(store: StreamStore, options: Options) -> tuple[Watch, float]:
    """Let each account be due once a minute, and return what began, and CPU µs for each."""
    now, watch = datetime.now(UTC), Watch(10**9)
    # Where each would be if it had been swept before: at its own moment of the next minute.
    spread = _streams(options.accounts, partial(_in_turn, now))
    await _open(store, spread)
    async with _sweeping(store, watch):
        # The second that has begun and the first round are not counted.
        await asyncio.sleep(2)
        cpu_ns, begun = own_cpu_ns(), len(watch.lags_s)
        first = int(time.time()) + 1
        await asyncio.sleep(options.watched_s + 1)
        used_ns, done = own_cpu_ns() - cpu_ns, len(watch.lags_s) - begun
    seconds = range(first, first + options.watched_s)
    watch.per_second = Counter({second: watch.per_second[second] for second in seconds})
    return watch, used_ns / max(1, done) / 1000


def _row(name: str, took: tuple[float, float], number: int, base_s: float) -> Row:
    took_s, cpu_us = took
    return {
        "name": name,
        "done_s": rounded(took_s, 2),
        "ratio": rounded(took_s / base_s, 3),
        "drain_per_s": rounded(number / took_s),
        "cpu_us": rounded(cpu_us),
        "per_s_min": None,
        "per_s_median": None,
        "per_s_max": None,
        "lag_p99_ms": None,
    }


def _minute_row(name: str, watch: Watch, cpu_us: float) -> Row:
    counts = list(watch.per_second.values())
    slowest = quantiles(watch.lags_s, n=100)[-1] if len(watch.lags_s) > 1 else 0.0
    return {
        "name": name,
        "done_s": None,
        "ratio": None,
        "drain_per_s": None,
        "cpu_us": rounded(cpu_us),
        "per_s_min": min(counts),
        "per_s_median": median(counts),
        "per_s_max": max(counts),
        "lag_p99_ms": rounded(slowest * 1000),
    }


def _placed_row(accounts: int) -> Row:
    """Return how many accounts are due in each second of a minute, whatever a machine makes of it.

    The rows of a minute beside it show what began; a machine that stands still begins nothing.
    """
    now = datetime.now(UTC)
    due = (stream.next_due_at for stream in _streams(accounts, partial(_in_turn, now)))
    placed = Counter(int((at - now).total_seconds()) for at in due)
    watch = Watch(accounts, per_second=Counter({second: placed[second] for second in range(60)}))
    return {**_minute_row("minute_placed", watch, 0.0), "cpu_us": None, "lag_p99_ms": None}


def _in_turn(now: datetime, name: str) -> datetime:
    return next_in_turn(_MINUTELY, name, after=now)


async def _measure(url: str, name: str, options: Options, base_s: float | None) -> list[Row]:
    async with open_database(url) as database:
        await migrate(database)
        store = SQLStreamStore(database)

        async def emptied() -> SQLStreamStore:
            async with database.write() as connection:
                await connection.execute(delete(streams))
            return store

        naive = await _one_by_one(store, options.due)
        rows = [_row(f"one_by_one_{name}", naive, options.due, base_s or naive[0])]
        swept = await _sweep(await emptied(), options.due)
        rows.append(_row(f"sweep_{name}", swept, options.due, base_s or naive[0]))
        rows.append(_minute_row(f"minute_{name}", *await _minute(await emptied(), options)))
    return rows


async def _run(options: Options) -> Report:
    log_quietly()
    notes: list[str] = []
    with TemporaryDirectory() as folder, own_postgres() as postgres:
        rows = await _measure(f"sqlite:///{Path(folder) / 'bench.db'}", "sqlite", options, None)
        base_s = float(rows[0]["done_s"] or 0)
        if postgres is None:
            notes.append("PostgreSQL is not installed, so its rows are left out")
        else:
            rows += await _measure(postgres, "postgresql", options, base_s)
    jobs = await _by_jobs(options.due)
    rows.append(_placed_row(options.accounts))
    rows.append(_row("job_for_each", jobs, options.due, base_s))
    goals = [
        Goal(
            f"{row['name']}: {options.due} due streams done in {_WITHIN_S:g} s",
            rounded(float(row["done_s"] or 0) / _WITHIN_S, 2),
        )
        for row in rows
        if str(row["name"]).startswith("sweep_")
    ]
    extra = {"streams": options.due, "accounts": options.accounts, "watched_s": options.watched_s}
    return Report("worker", rows, notes, extra, goals)


def run(options: Options) -> Report:
    """Measure and return the table."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(options))
