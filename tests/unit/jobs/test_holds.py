"""Who cannot lengthen a lease in time stops by itself, before another one takes over."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from jobs.streams.errors import HoldOver
from jobs.streams.holding import SweepBounds
from jobs.streams.holds import Holds
from jobs.streams.stream import AccountId, Lease, SliceResult, Stream
from sanderling.kernel.clock import Clock, VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from support.records import START
from support.streams import DONE, a_stream
from support.sweeping import Bench, FaultyStore, never, running, settle

BOUNDS = SweepBounds()
ACCOUNT = AccountId("a")


@dataclass
class Timekeeper:
    """Does slices that do not end, and notes when each of them was at work."""

    clock: Clock
    spans: list[tuple[datetime, datetime]] = field(default_factory=list[tuple[datetime, datetime]])

    async def __call__(self, _stream: Stream, _lease: Lease) -> SliceResult:
        """Work until somebody stops it."""
        began_at = self.clock.now()
        try:
            await asyncio.Event().wait()
        finally:
            self.spans.append((began_at, self.clock.now()))
        return DONE


@pytest.fixture
def bench() -> Bench:
    """Return a bench with an empty store."""
    return Bench()


async def test_slice_is_stopped_when_nobody_answers_a_renewal(bench: Bench) -> None:
    """It ends before its lease does, and its account is not asked for any more."""
    await bench.store.open([a_stream()])
    bench.store.answers_renewals.clear()

    sweeper = bench.sweeper(never)

    async with running(sweeper):
        sweeper.rest()
        held = await bench.kept()
        bench.holds.require(ACCOUNT)
        await bench.pass_s(BOUNDS.lease_s)

        with pytest.raises(HoldOver):
            bench.holds.require(ACCOUNT)

    assert held.lease_until == START + timedelta(seconds=BOUNDS.lease_s)
    assert [end.duration_s for end in bench.ended] == [pytest.approx(BOUNDS.lease_s * 7 / 8, abs=4)]
    assert bench.ended[0].duration_s < BOUNDS.lease_s


async def test_stream_that_is_over_is_given_back(bench: Bench) -> None:
    """Where nobody took over it is due again at once, and no attempt is counted."""
    await bench.store.open([a_stream()])
    bench.store.answers_renewals.clear()
    sweeper = bench.sweeper(never)

    async with running(sweeper):
        sweeper.rest()
        await bench.pass_s(BOUNDS.lease_s - 1)
        kept = await bench.kept()

    assert (kept.lease_until, kept.attempts, kept.next_due_at) == (None, 0, START)


async def test_who_takes_over_begins_after_the_other_one_has_stopped(bench: Bench) -> None:
    """Although the first one never hears that its lease is gone."""
    slow, quick = Timekeeper(bench.clock), Timekeeper(bench.clock)
    await bench.store.open([a_stream()])
    bench.store.answers_renewals.clear()
    bench.store.is_away = True
    first = bench.sweeper(slow)

    async with running(first):
        first.rest()
        async with running(bench.sweeper(quick, worker="worker-2")):
            await bench.pass_s(BOUNDS.lease_s + 5)
            taken = await bench.kept()
            bench.store.is_away = False
            await bench.pass_s(2)

    assert taken.lease_owner == "worker-2"
    assert slow.spans[0][1] < quick.spans[0][0]


async def test_database_that_is_away_for_a_moment_stops_nothing() -> None:
    """A renewal that fails is followed by one that comes in time."""

    class Away(FaultyStore):
        asked = 0

        async def renew(self, leases: object, *, until: datetime) -> frozenset[str]:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride] - passed on as it came.
            self.asked += 1
            if self.asked % 2:
                raise StoreUnavailableError(reason="it is away")
            return await super().renew(leases, until=until)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - as above.

    bench = Bench(store=Away())
    await bench.store.open([a_stream()])
    bounds = SweepBounds(slice_s=10_000)

    async with running(bench.sweeper(never, bounds=bounds)):
        await bench.pass_s(5 * BOUNDS.lease_s)
        kept = await bench.kept()
        bench.holds.require(ACCOUNT)
        ended = list(bench.ended)

    assert kept.lease_until is not None
    assert kept.fence == 1
    assert ended == []


async def test_process_that_was_frozen_asks_for_nothing(bench: Bench) -> None:
    """What goes on first when it wakes finds its time over, whatever else was to run before."""
    asked: list[bool] = []
    woken = asyncio.Event()

    async def work(_stream: Stream, _lease: Lease) -> SliceResult:
        await woken.wait()
        asked.append(True)
        bench.holds.require(ACCOUNT)
        asked.append(False)
        return DONE

    await bench.store.open([a_stream()])
    sweeper = bench.sweeper(work)

    async with running(sweeper):
        sweeper.rest()
        woken.set()
        bench.clock.advance(BOUNDS.lease_s)
        await settle()
        kept = await bench.kept()

    assert asked == [True]
    assert (kept.lease_until, kept.attempts) == (None, 0)


async def test_hold_ends_with_its_slice(bench: Bench) -> None:
    """After it nothing is asked for the account, until it is claimed again."""
    await bench.store.open([a_stream()])

    async def work(_stream: Stream, _lease: Lease) -> SliceResult:
        bench.holds.require(ACCOUNT)
        return DONE

    async with running(bench.sweeper(work)):
        await settle()

    assert [end.outcome for end in bench.ended] == ["done"]
    with pytest.raises(HoldOver):
        bench.holds.require(ACCOUNT)


def test_hold_is_kept_until_its_moment_and_not_in_it() -> None:
    """Another one may begin at that moment."""
    clock = VirtualClock(START)
    holds = Holds(clock)
    holds.keep(a_stream(), START + timedelta(seconds=1))

    holds.require(ACCOUNT)
    clock.advance(1)

    with pytest.raises(HoldOver):
        holds.require(ACCOUNT)


def test_claim_that_ends_late_leaves_the_next_one_its_hold() -> None:
    """A slice that was stopped may end after its account was claimed again here."""
    clock = VirtualClock(START)
    holds = Holds(clock)
    first, second = replace(a_stream(), fence=1), replace(a_stream(), fence=2)
    holds.keep(first, START + timedelta(seconds=1))
    holds.keep(second, START + timedelta(seconds=2))

    holds.drop(first)

    holds.require(ACCOUNT)
    holds.drop(second)
    with pytest.raises(HoldOver):
        holds.require(ACCOUNT)
