"""A run that lost its worker is alone in its process when it is tried again."""

import asyncio
from collections.abc import Sequence

from jobs.aisle import Aisle
from jobs.attendant import Attendant, Means
from jobs.job import Course, RunId
from jobs.memory import MemoryJobStore
from jobs.run import Run, RunClaim, RunStatus, lost
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import EventBus

NAME = "sweep"


async def _announce(_: Sequence[str]) -> None:
    """Tell nobody."""


async def _suspect(clock: VirtualClock) -> MemoryJobStore:
    """Return a store whose one run lost its worker."""
    store, now = MemoryJobStore(), clock.now()
    await store.open_courses([NAME], now)
    run = Run(RunId("a run"), NAME, now)
    await store.emit(Course(NAME, now), Course(NAME, now), [run])
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
        for _ in range(30):
            await asyncio.sleep(0)
        is_claimed = (await store.latest())[NAME].is_suspect
        later = asyncio.create_task(slice_of_a_stream())
        await asyncio.sleep(0)
        told.append("earlier slice")
    await asyncio.gather(running, later)

    assert is_claimed
    assert told == ["earlier slice", "run", "slice"]
    assert (await store.latest())[NAME].status is RunStatus.DONE
