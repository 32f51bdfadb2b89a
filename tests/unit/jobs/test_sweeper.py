"""Sweeping lanes: claiming, working, keeping leases, writing ends, and healing crashes."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from jobs.streams.errors import LeaseLost
from jobs.streams.holding import SweepBounds
from jobs.streams.steps import MOST_ATTEMPTS, settled
from jobs.streams.stream import (
    Channel,
    Due,
    Lease,
    Phase,
    SliceResult,
    Stream,
    StreamFailure,
    StreamId,
    StreamStatus,
)
from sanderling.fairness.cap import Cap, CapName
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import StreamsHealed
from sanderling.schedule.cron import parse_cron
from support.records import START
from support.streams import DONE, LEASE, LISTING, a_claim, a_stream
from support.sweeping import LIST_JOB, MINUTELY, Bench, never, nothing_new, running, settle


@pytest.fixture
def bench() -> Bench:
    """Return a bench with an empty store."""
    return Bench()


async def test_what_is_due_is_done_and_due_again_in_turn(bench: Bench) -> None:
    """A slice that ends in order makes its stream due at its own moment of the next minute."""
    await bench.store.open([a_stream(str(number)) for number in range(250)])

    async with running(bench.sweeper(nothing_new)):
        await settle()

    kept = [await bench.kept(str(number)) for number in range(250)]
    assert {(each.lease_until, each.attempts, each.fence) for each in kept} == {(None, 0, 1)}
    assert all(START < each.next_due_at <= START + timedelta(minutes=1) for each in kept)
    assert len({each.next_due_at for each in kept}) == 250
    assert [each.outcome for each in bench.ended] == ["done"] * 250


async def test_no_more_run_at_once_than_there_are_places(bench: Bench) -> None:
    """A process claims what it has places for, and leaves the rest to others."""
    await bench.store.open([a_stream(str(number)) for number in range(9)])

    async with running(bench.sweeper(never, bounds=SweepBounds(concurrency=4, drain_s=0))):
        await bench.pass_s(3)
        assert await bench.store.backlog(bench.clock.now()) == {LISTING: 5}

    assert await bench.store.backlog(bench.clock.now()) == {LISTING: 9}


async def test_work_that_is_left_goes_on_at_once(bench: Bench) -> None:
    """A slice that says that there is more is followed by the next, without time passing."""
    await bench.store.open([a_stream()])
    results = [
        SliceResult(Due.AT_ONCE, Phase.IMPORT, "Found 2."),
        SliceResult(Due.AT_ONCE, Phase.IMPORT, "Imported 1."),
        SliceResult(Due.IN_TURN, Phase.LIST, "Imported 1."),
    ]
    seen: list[Phase] = []

    async def work(stream: Stream, _lease: Lease) -> SliceResult:
        seen.append(stream.phase)
        return results[len(seen) - 1]

    async with running(bench.sweeper(work)):
        await settle()

    assert seen == [Phase.LIST, Phase.IMPORT, Phase.IMPORT]
    assert (await bench.kept()).phase is Phase.LIST


async def test_a_moment_that_the_work_names_is_kept(bench: Bench) -> None:
    """When a provider asks to wait, the stream waits so long, and keeps why."""
    await bench.store.open([a_stream()])
    failure = StreamFailure("rate-limited", "Google asked to wait.")
    later = START + timedelta(hours=2)

    async def work(_stream: Stream, _lease: Lease) -> SliceResult:
        return SliceResult(later, Phase.LIST, failure=failure)

    async with running(bench.sweeper(work)):
        await settle()

    kept = await bench.kept()
    assert (kept.next_due_at, kept.last_failure, kept.last_success_at) == (later, failure, None)
    assert [each.outcome for each in bench.ended] == ["failed"]


async def test_a_defect_is_tried_later_and_parked_in_the_end(bench: Bench) -> None:
    """A stream whose work breaks waits longer each time and is parked; its neighbours go on."""
    await bench.store.open([a_stream("bad"), a_stream("good")])
    tries: list[datetime] = []

    async def work(stream: Stream, _lease: Lease) -> SliceResult:
        if stream.account_id == "bad":
            tries.append(bench.clock.now())
            raise RuntimeError
        return DONE

    async with running(bench.sweeper(work)):
        await bench.pass_s(600)

    pauses = [round((after - before).total_seconds()) for before, after in pairwise(tries)]
    assert pauses == [30, 60, 120, 240]
    bad, good = await bench.kept("bad"), await bench.kept("good")
    assert bad.status is StreamStatus.PARKED
    assert len(tries) == MOST_ATTEMPTS
    assert good.last_success_at is not None
    assert bench.clock.now() - good.last_success_at < timedelta(minutes=2)


async def test_a_paused_job_claims_nothing(bench: Bench) -> None:
    """While its job is paused a lane is left alone, and goes on where it was."""
    await bench.store.open([a_stream()])
    bench.paused.add(LIST_JOB)

    async with running(bench.sweeper(nothing_new)):
        await bench.pass_s(5)
        assert not bench.ended
        bench.paused.clear()
        await bench.pass_s(2)

    assert len(bench.ended) == 1


async def test_a_lane_that_is_not_wanted_is_left_alone(bench: Bench) -> None:
    """A switch that turns a provider off stops its lanes, and turning it on starts them at once."""
    await bench.store.open([a_stream()])
    sweeper = bench.sweeper(nothing_new)
    sweeper.follow({"google-calendar-events-import": parse_cron("* * * * *")})

    async with running(sweeper):
        await bench.pass_s(5)
        assert not bench.ended
        sweeper.follow(MINUTELY)
        await settle()

    assert len(bench.ended) == 1


async def test_a_long_slice_keeps_its_lease(bench: Bench) -> None:
    """A slice that takes longer than a lease is not taken over while its process lives."""
    await bench.store.open([a_stream()])

    async with (
        running(bench.sweeper(never, bounds=SweepBounds(drain_s=0))),
        running(bench.sweeper(nothing_new, worker="worker-2")),
    ):
        await bench.pass_s(100)
        held = await bench.kept()

    assert (held.lease_owner, held.fence) == ("worker-1", 1)
    assert not bench.healed


async def test_a_slice_whose_lease_was_lost_is_stopped(bench: Bench) -> None:
    """Whoever was taken over is stopped, and writes nothing of its own."""
    await bench.store.open([a_stream()])

    async with running(bench.sweeper(never, bounds=SweepBounds(drain_s=0))):
        await bench.store.heal(START + timedelta(hours=1), limit=1)
        await bench.store.switch(StreamId("a.gmail"), StreamStatus.PAUSED, START)
        before = await bench.kept()
        await bench.pass_s(20)

    assert await bench.kept() == before
    assert before.fence == 2


async def test_work_that_finds_its_lease_lost_ends_quietly(bench: Bench) -> None:
    """A slice that learns from the database that it was taken over changes nothing."""
    await bench.store.open([a_stream()])

    async def work(_stream: Stream, _lease: Lease) -> SliceResult:
        raise LeaseLost

    async with running(bench.sweeper(work)):
        await settle()

    assert (await bench.kept()).lease_owner == "worker-1"


async def test_a_changed_cron_reaches_streams_that_wait(bench: Bench) -> None:
    """Who wants an account looked at each minute does not wait for the moment of the old cron."""
    await bench.store.open([a_stream()])
    sweeper = bench.sweeper(nothing_new)
    sweeper.follow({LIST_JOB: parse_cron("0 0 1 1 *")})

    async with running(sweeper):
        await bench.pass_s(2)
        before = await bench.kept()
        sweeper.follow(MINUTELY)
        await bench.pass_s(62)
        after = await bench.kept()

    assert before.next_due_at > START + timedelta(days=30)
    assert after.fence > before.fence
    assert after.next_due_at < START + timedelta(minutes=3)


async def test_a_dead_worker_is_healed_and_its_streams_go_on(bench: Bench) -> None:
    """What a process held that died runs in another once its lease ran out, and is counted."""
    await bench.store.open([a_stream()])
    await bench.store.claim(LISTING, a_claim(worker="dead"), limit=1)

    async with running(bench.sweeper(nothing_new)):
        await bench.pass_s(LEASE.total_seconds() + 2)

    assert bench.healed == [StreamsHealed(1, 0)]
    assert (await bench.kept()).last_success_at is not None


async def test_a_channel_has_its_cap_over_every_process(bench: Bench) -> None:
    """Two processes together run no more of a channel than its cap, and no attempt is lost."""
    await bench.store.open([a_stream(str(number)) for number in range(20)])
    at_once = most = 0

    async def work(_stream: Stream, _lease: Lease) -> SliceResult:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        for _ in range(5):
            await asyncio.sleep(0)
        at_once -= 1
        return DONE

    bounds = SweepBounds(per_channel={Channel.GMAIL: 3})
    async with (
        running(bench.sweeper(work, bounds=bounds)),
        running(bench.sweeper(work, worker="worker-2", bounds=bounds)),
    ):
        await bench.pass_s(30)

    assert most == 3
    assert bench.slots.in_use("channel:gmail") == 0
    kept = [await bench.kept(str(number)) for number in range(20)]
    assert all(each.last_success_at is not None for each in kept)


async def test_a_full_channel_is_given_back_and_tried_again(bench: Bench) -> None:
    """A stream that finds its channel full waits until a slot is free, uncounted."""
    await bench.store.open([a_stream()])
    cap = Cap(CapName.CHANNEL, "channel:gmail", 1)
    slot = await bench.slots.acquire([cap], holder="elsewhere", lease_s=10)
    assert slot.__class__.__name__ == "Slot"

    async with running(
        bench.sweeper(nothing_new, bounds=SweepBounds(per_channel={Channel.GMAIL: 1}))
    ):
        await bench.pass_s(5)
        assert not bench.ended
        assert (await bench.kept()).attempts == 0
        await bench.pass_s(10)

    assert len(bench.ended) == 1


async def test_ends_wait_for_a_database_that_is_away(bench: Bench) -> None:
    """An end that could not be written is written when the database is back, not done again."""
    await bench.store.open([a_stream()])
    bench.store.is_away = True

    async with running(bench.sweeper(nothing_new)):
        await bench.pass_s(20)
        assert (await bench.kept()).lease_until is not None
        bench.store.is_away = False
        await bench.pass_s(3)

    assert len(bench.ended) == 1
    assert (await bench.kept()).last_success_at is not None


async def test_work_that_finds_the_database_away_is_tried_again(bench: Bench) -> None:
    """A slice that could not reach the database is given back, and no attempt is counted."""
    await bench.store.open([a_stream()])

    async def work(_stream: Stream, _lease: Lease) -> SliceResult:
        if not bench.ended:
            raise StoreUnavailableError(reason="it is away")
        return DONE

    async with running(bench.sweeper(work)):
        await bench.pass_s(8)

    assert [each.outcome for each in bench.ended] == ["given_back", "done"]


async def test_a_slice_that_takes_too_long_is_stopped(bench: Bench) -> None:
    """A slice has a bound of its own, and passing it counts as a defect."""
    await bench.store.open([a_stream()])

    async with running(bench.sweeper(never, bounds=SweepBounds(slice_s=0.0, drain_s=0))):
        await settle()

    kept = await bench.kept()
    assert kept.last_failure is not None
    assert kept.detail == "A slice took too long and was stopped."


async def test_a_status_that_a_slice_asks_for_is_kept(bench: Bench) -> None:
    """Work that only a person can mend parks its stream with its words."""
    await bench.store.open([a_stream()])
    [held] = await bench.store.claim(LISTING, a_claim(), limit=1)
    result = replace(DONE, status=StreamStatus.PARKED, detail="Connect the account again.")

    await bench.store.settle([(held.lease(), settled(held, result, START, START))])

    kept = await bench.kept()
    assert (kept.status, kept.detail) == (StreamStatus.PARKED, "Connect the account again.")
