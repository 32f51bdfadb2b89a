"""A sweeper that stops leaves its streams to other processes."""

import asyncio

import pytest

from jobs.aisle import Aisle
from jobs.streams.holding import Holding, SweepBounds
from jobs.streams.slices import Slices
from jobs.streams.stream import (
    Channel,
)
from sanderling.kernel.events import EventBus
from support.records import START
from support.streams import LISTING, a_claim, a_stream
from support.sweeping import MINUTELY, Bench, never, nothing_new, running, settle


@pytest.fixture
def bench() -> Bench:
    """Return a bench with an empty store."""
    return Bench()


async def test_who_rests_claims_nothing_and_ends_what_is_under_way(bench: Bench) -> None:
    """A process that is about to stop leaves what is due to others, also after new settings."""
    sweeper = bench.sweeper(nothing_new)

    async with running(sweeper):
        sweeper.rest()
        sweeper.follow(MINUTELY)
        await bench.store.open([a_stream()])
        await bench.pass_s(5)

    assert (await bench.kept()).fence == 0


async def test_who_is_in_a_hurry_hands_on_what_is_under_way(bench: Bench) -> None:
    """Another process goes on at once, and this one takes nothing back."""
    await bench.store.open([a_stream()])
    sweeper = bench.sweeper(never)

    async with running(sweeper):
        sweeper.hurry()
        await bench.pass_s(5)
        left = await bench.kept()

    assert (left.lease_until, left.attempts, left.fence) == (None, 0, 1)
    assert left.next_due_at == START


async def test_a_stop_gives_back_what_is_under_way(bench: Bench) -> None:
    """After an orderly stop another process goes on at once, and no attempt was counted."""
    await bench.store.open([a_stream()])

    async with running(bench.sweeper(never, bounds=SweepBounds(drain_s=0))):
        pass

    kept = await bench.kept()
    assert (kept.lease_until, kept.attempts, kept.next_due_at) == (None, 0, START)


async def test_a_stop_while_it_claims_holds_nothing(bench: Bench) -> None:
    """Streams that were claimed in the moment of the stop wait for others at once."""
    await bench.store.open([a_stream()])
    bench.store.answers_claims.clear()

    task = asyncio.create_task(bench.sweeper(nothing_new).run())
    await bench.store.claimed.wait()
    task.cancel()
    await settle()
    bench.store.answers_claims.set()
    await asyncio.gather(task, return_exceptions=True)

    kept = await bench.kept()
    assert (kept.lease_until, kept.attempts, kept.next_due_at) == (None, 0, START)
    assert bench.ended == []


async def test_a_stream_that_is_stopped_before_its_first_step_is_given_back(bench: Bench) -> None:
    """Even a slice that had no time to begin leaves its stream to others at once."""
    await bench.store.open([a_stream()])
    claimed = await bench.store.claim(LISTING, a_claim(), limit=1)
    slices = Slices({Channel.GMAIL: nothing_new}, bench.clock, EventBus(), slice_s=60)
    holding = Holding(bench.store, slices, bench.slots, SweepBounds(), Aisle(), bench.holds)

    holding.start(claimed[0])
    holding.give_back()
    settling = asyncio.create_task(holding.settle())
    await holding.drain()
    await settling

    kept = await bench.kept()
    assert (kept.lease_until, kept.attempts, kept.next_due_at) == (None, 0, START)
