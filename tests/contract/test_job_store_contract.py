"""What every store of jobs promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from jobs.job import Course, run_id
from jobs.memory import MemoryJobStore
from jobs.ports import JobStore
from jobs.run import Run, RunClaim, RunStatus, claimed, ended, given_back, lost
from sanderling.store import SQLJobStore, open_database
from support.records import START

NAME, OTHER = "clean-up", "sweep"
LEASE = timedelta(seconds=30)
LATER = START + LEASE
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[JobStore]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        yield MemoryJobStore()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        yield SQLJobStore(database)


def a_run(name: str = NAME, *, minute: int = 0) -> Run:
    """Return the run of a tick."""
    tick = START + minute * MINUTE
    return Run(run_id(name, tick), name, tick)


def a_claim(now: datetime = START, *, worker: str = "worker-1") -> RunClaim:
    """Return what a worker puts on a run that it claims at `now`."""
    return RunClaim(worker, now, now + LEASE)


async def emit(store: JobStore, *runs: Run) -> None:
    """Keep runs, as ticks of their jobs."""
    for run in runs:
        await store.open_courses([run.job], START)
        before = (await store.courses())[run.job]
        after = replace(before, seen_until=before.seen_until + MINUTE)
        assert await store.emit(before, after, [run])


async def under_way(store: JobStore, run: Run | None = None) -> Run:
    """Return a run that somebody claimed."""
    await emit(store, run or a_run())
    found = await store.claim((run or a_run()).job, a_claim())
    assert found is not None
    return found


async def test_a_course_begins_once(store: JobStore) -> None:
    """A job that is new begins now; one that is known goes on where it was."""
    await store.open_courses([NAME], START)
    await store.open_courses([NAME, OTHER], LATER)

    assert {NAME: Course(NAME, START), OTHER: Course(OTHER, LATER)} == await store.courses()


async def test_of_many_who_emit_a_tick_one_does(store: JobStore) -> None:
    """However many see that a tick has come, its run is kept once, by one of them."""
    await store.open_courses([NAME], START)
    before = (await store.courses())[NAME]
    after = replace(before, seen_until=LATER, missed=3, overlapped=4)

    emitted = await asyncio.gather(*(store.emit(before, after, [a_run()]) for _ in range(5)))

    assert sorted(emitted) == [False, False, False, False, True]
    assert (await store.courses())[NAME] == after
    assert await store.is_busy(NAME)
    assert not await store.is_busy(OTHER)


async def test_a_tick_is_not_emitted_past_a_pause_or_a_wish(store: JobStore) -> None:
    """Whoever looked before a job was paused, or asked for, has to look again."""
    await store.open_courses([NAME], START)
    before = (await store.courses())[NAME]
    after = replace(before, seen_until=LATER)

    assert await store.pause(NAME, is_paused=True)
    assert not await store.emit(before, after, [a_run()])
    assert await store.pause(NAME, is_paused=False)
    assert await store.ask_run(NAME, LATER)
    assert not await store.emit(before, after, [a_run()])

    asked = replace(before, asked_at=LATER)
    assert asked == (await store.courses())[NAME]
    assert await store.emit(asked, after, [a_run()])
    assert not await store.pause(OTHER, is_paused=True)
    assert not await store.ask_run(OTHER, START)


async def test_a_run_that_is_kept_stays_as_it_is(store: JobStore) -> None:
    """A run that comes again, after a course was set back, is not run again."""
    done = await under_way(store)
    assert await store.settle(done, ended(done, RunStatus.DONE, LATER, "It did."))

    await emit(store, a_run())

    assert await store.claim(NAME, a_claim()) is None


async def test_runs_of_a_job_are_claimed_one_after_another(store: JobStore) -> None:
    """The earliest goes first, and the next not before it has ended."""
    first, second = a_run(), a_run(minute=1)
    await emit(store, second, first, a_run(OTHER))

    begun = await store.claim(NAME, a_claim())

    assert begun is not None
    assert begun == claimed(first, a_claim())
    assert await store.claim(NAME, a_claim()) is None
    assert list(await store.waiting()) == [OTHER]
    assert await store.settle(begun, ended(begun, RunStatus.FAILED, LATER, "No."))
    assert list(await store.waiting()) == [NAME, OTHER]
    assert claimed(second, a_claim(LATER)) == await store.claim(NAME, a_claim(LATER))


async def test_many_who_claim_get_one_run(store: JobStore) -> None:
    """Of many at the same moment one has the run."""
    await emit(store, a_run(), a_run(minute=1))

    claims = await asyncio.gather(*(store.claim(NAME, a_claim()) for _ in range(5)))

    assert [found.id for found in claims if found] == [a_run().id]


async def test_a_lost_run_is_written_by_nobody_but_its_new_holder(store: JobStore) -> None:
    """Who had it before can neither lengthen the lease nor write an end."""
    old = await under_way(store)
    assert [old] == list(await store.expired(LATER))
    assert not list(await store.expired(LATER - timedelta(seconds=1)))
    assert await store.settle(old, lost(old, LATER))

    new = await store.claim(NAME, a_claim(LATER, worker="worker-2"))

    assert new is not None
    assert (new.attempts, new.fence, new.worker) == (2, 2, "worker-2")
    assert not await store.renew(old, lease_until=LATER + LEASE)
    assert not await store.settle(old, ended(old, RunStatus.DONE, LATER, ""))
    assert await store.renew(new, lease_until=LATER + 2 * LEASE)
    assert await store.settle(new, ended(new, RunStatus.DONE, LATER, "It did."))
    assert not await store.settle(new, ended(new, RunStatus.FAILED, LATER, ""))


async def test_a_run_that_is_given_back_waits_again(store: JobStore) -> None:
    """A worker that stops hands its run on, and the attempt does not count."""
    run = await under_way(store)

    assert await store.settle(run, given_back(run))

    again = await store.claim(NAME, a_claim(LATER))
    assert again is not None
    assert (again.attempts, again.fence) == (1, 2)


async def test_the_latest_begun_run_of_each_job(store: JobStore) -> None:
    """People see what a job did last, not what waits."""
    first = await under_way(store)
    await store.settle(first, ended(first, RunStatus.DONE, LATER, "It did."))
    await emit(store, a_run(minute=1), a_run(minute=2), a_run(OTHER))
    second = await store.claim(NAME, a_claim())

    assert {NAME: second} == dict(await store.latest())


async def test_ended_runs_are_forgotten_in_small_numbers(store: JobStore) -> None:
    """The oldest go first; what waits or is under way stays."""
    for minute in range(3):
        run = await under_way(store, a_run(minute=minute))
        await store.settle(run, ended(run, RunStatus.DONE, START + minute * MINUTE, ""))
    await under_way(store, a_run(minute=9))

    forgotten = [
        await store.forget(finished_before=START + 2 * MINUTE, limit=limit) for limit in (1, 5, 5)
    ]

    assert forgotten == [1, 1, 0]
    assert await store.is_busy(NAME)


async def test_waiting_runs_are_counted(store: JobStore) -> None:
    """Each job that has runs waiting is told with their number; one under way does not wait."""
    await under_way(store)
    await emit(store, a_run(minute=1), a_run(minute=2), a_run(OTHER))

    assert dict(await store.backlog()) == {NAME: 2, OTHER: 1}
