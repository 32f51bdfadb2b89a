"""Streams that stopped are set going again."""

from dataclasses import replace
from datetime import timedelta

from jobs.streams.memory import MemoryStreamStore
from jobs.streams.recovery import Recovery
from jobs.streams.steps import (
    FIRST_RECOVERY,
    MOST_ATTEMPTS,
    MOST_RECOVERIES,
    broken,
    claimed,
    lost,
    recovered,
    settled,
    switched,
)
from jobs.streams.stream import AccountId, Stream, StreamStatus
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import EventBus, StreamsRecovered
from sanderling.schedule.cron import parse_cron
from support.records import START
from support.streams import DEFECT, DONE, LISTING, a_claim, a_stream

EACH_HOUR = parse_cron("0 * * * *")


def _stopped(stream: Stream) -> Stream:
    return settled(claimed(stream, a_claim()), DEFECT, START, START)


def test_pauses_grow_and_end() -> None:
    """Each pause is twice as long as the one before; in the end somebody has to resume it."""
    stream, pauses = _stopped(a_stream()), list[timedelta]()
    while stream.recover_at is not None:
        pauses.append(stream.recover_at - START)
        assert "tried again by itself" in stream.detail
        stream = _stopped(recovered(stream, START))

    assert pauses == [FIRST_RECOVERY * 2**times for times in range(MOST_RECOVERIES)]
    assert stream.status is StreamStatus.PARKED
    assert "resume it" in stream.detail


def test_one_more_defect_parks_it_again() -> None:
    """What broke so often that it was parked gets one try, and not as many as at first."""
    stream = a_stream()
    for _ in range(MOST_ATTEMPTS):
        stream = broken(claimed(stream, a_claim()), "It broke.", START)
    again = broken(claimed(recovered(stream, START), a_claim()), "It broke.", START)

    assert stream.status is again.status is StreamStatus.PARKED
    assert stream.recover_at == START + FIRST_RECOVERY
    assert again.recover_at == START + FIRST_RECOVERY * 2


def test_a_pause_takes_the_promise_to_try_again_away() -> None:
    """A stream that somebody paused does not say that it goes on by itself."""
    stopped = _stopped(a_stream())
    paused = switched(stopped, StreamStatus.PAUSED, START)

    assert paused.recover_at is None
    assert paused.detail
    assert "by itself" in stopped.detail
    assert "by itself" not in paused.detail


def test_one_loss_after_defects_is_left_to_time() -> None:
    """A worker that was stopped while it tried a broken stream again says little about it."""
    stream = a_stream()
    for _ in range(MOST_ATTEMPTS):
        stream = broken(claimed(stream, a_claim()), "It broke.", START)
    gone = lost(claimed(recovered(stream, START), a_claim()), START)

    assert (gone.status, gone.is_suspect) == (StreamStatus.PARKED, True)
    assert gone.recover_at == START + FIRST_RECOVERY * 2
    assert "times in a row" not in gone.detail


def test_one_good_slice_makes_it_forgotten() -> None:
    """A stream that is well again would be tried as often as any other."""
    well = settled(claimed(recovered(_stopped(a_stream()), START), a_claim()), DONE, START, START)

    assert (well.recoveries, well.failures, well.recover_at) == (0, 0, None)


def test_a_slice_that_waits_for_its_quota_proves_nothing() -> None:
    """It says neither that the stream is well, nor that trying again helped."""
    tried = recovered(_stopped(a_stream()), START)
    paced = replace(DONE, failures=2)
    waiting = settled(claimed(tried, a_claim()), paced, START, START)

    assert (waiting.recoveries, waiting.failures) == (tried.recoveries, 2)
    assert waiting.last_success_at is None


async def test_a_run_tells_what_it_set_going() -> None:
    """The sentence of a run counts what was tried, and what waited too long for its turn."""
    clock, store, bus = VirtualClock(), MemoryStreamStore(), EventBus()
    heard = list[StreamsRecovered]()
    bus.subscribe(StreamsRecovered, heard.append)
    recovery = Recovery(store, clock, bus, lambda: {LISTING: EACH_HOUR})
    far = clock.now() + timedelta(days=400)
    await store.open([_stopped(a_stream("stopped")), a_stream("put off", due_at=far)])
    clock.advance((START + FIRST_RECOVERY - clock.now()).total_seconds())

    told = await recovery.try_failed(), await recovery.free_stale()

    assert told == (
        "Streams tried again: 1.",
        "Streams begun anew: 0; due earlier than they were: 1.",
    )
    assert heard == [StreamsRecovered(1)]
    [put_off] = await store.of_account(AccountId("put off"))
    assert put_off.next_due_at < clock.now() + timedelta(hours=2)
