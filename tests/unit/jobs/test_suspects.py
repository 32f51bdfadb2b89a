"""A run that lost its worker is alone in its process when it is tried again."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from jobs.aisle import Aisle
from jobs.attendant import Attendant, Means
from jobs.job import Course, RunId
from jobs.memory import MemoryJobStore
from jobs.run import MOST_ATTEMPTS, Run, RunClaim, RunStatus, lost
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import EventBus

NAME = "sweep"


async def _announce(_: Sequence[str]) -> None:
    """Tell nobody."""


async def _emit(store: MemoryJobStore, name: str, now: datetime) -> None:
    await store.open_courses([name], now)
    run = Run(RunId(f"a run of {name}"), name, now)
    await store.emit(Course(name, now), Course(name, now), [run])


async def _settle() -> None:
    """Let every task go as far as it goes without time."""
    for _ in range(30):
        await asyncio.sleep(0)


async def _suspect(clock: VirtualClock) -> MemoryJobStore:
    """Return a store whose one run lost its worker."""
    store, now = MemoryJobStore(), clock.now()
    await _emit(store, NAME, now)
    claimed = await store.claim(NAME, RunClaim("gone", now, now))
    assert claimed is not None
    await store.settle(claimed, lost(claimed, now))
    return store


async def test_a_suspect_waits_for_slices_and_they_wait_for_it() -> None:
    """What may take its process along is alone there: no slice of a stream runs beside it."""
    clock, told, aisle = VirtualClock(), list[str](), Aisle()
    store = await _suspect(clock)

    async def work(_: Run) -> str:
        told.append("run")
        return "It did."

    async def slice_of_a_stream() -> None:
        async with aisle.together():
            told.append("slice")

    means = Means(store, {NAME: work}, _announce, clock, EventBus(), aisle=aisle)
    attendant = Attendant(means, worker="worker-1")
    async with aisle.together():
        running = asyncio.create_task(attendant.handle(NAME))
        await _settle()
        waiting = (await store.latest())[NAME]
        later = asyncio.create_task(slice_of_a_stream())
        await asyncio.sleep(0)
        told.append("earlier slice")
    await asyncio.gather(running, later)

    assert (waiting.status, waiting.attempts) == (RunStatus.WAITING, 1)
    assert told == ["earlier slice", "run", "slice"]
    assert (await store.latest())[NAME].status is RunStatus.DONE


async def test_jobs_go_on_while_a_suspect_waits_for_slices() -> None:
    """A slice may take long, and nothing is at risk before the suspect begins."""
    clock, done, aisle = VirtualClock(), list[str](), Aisle()
    store = await _suspect(clock)
    await _emit(store, "other", clock.now())

    async def work(run: Run) -> str:
        done.append(run.job)
        return "It did."

    means = Means(store, {NAME: work, "other": work}, _announce, clock, EventBus(), aisle=aisle)
    attendant = Attendant(means, worker="worker-1")
    async with aisle.together():
        waiting = asyncio.create_task(attendant.handle(NAME))
        await _settle()
        await attendant.handle("other")
        assert done == ["other"]
    await waiting

    assert done == ["other", NAME]


async def test_what_kills_its_worker_takes_nobody_along_twice() -> None:
    """Of two runs in a process that dies five times, only the one that kills it is parked."""
    clock, store, began = VirtualClock(), MemoryJobStore(), Counter[str]()
    names = ["killer", "innocent"]
    for name in names:
        await _emit(store, name, clock.now())

    async def work(run: Run) -> str:
        began[run.job] += 1
        await asyncio.Event().wait()
        return "It never comes to this."

    means = Means(store, dict.fromkeys(names, work), _announce, clock, EventBus())
    for life in range(MOST_ATTEMPTS):
        attendant = Attendant(means, worker=f"worker-{life}")
        tasks = [asyncio.create_task(attendant.handle(name)) for name in names]
        await _settle()
        for run in await store.expired(clock.now() + timedelta(days=1)):
            await store.settle(run, lost(run, clock.now()))
        # Whoever died writes nothing any more: its runs are not under way.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    kept = await store.latest()
    assert began == {"killer": MOST_ATTEMPTS, "innocent": 1}
    assert kept["killer"].status is RunStatus.PARKED
    assert (kept["innocent"].status, kept["innocent"].attempts) == (RunStatus.WAITING, 1)
