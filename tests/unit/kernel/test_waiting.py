"""Waiting for the first of several things, and ending what goes on."""

import asyncio

import pytest

from sanderling.kernel.waiting import end_task, first_of
from support.stopping import outlived


async def forever() -> None:
    """Wait for nothing."""
    await asyncio.Event().wait()


async def test_first_named_is_told_from_the_others() -> None:
    """Whether the first one is done decides what comes next."""
    assert await first_of(asyncio.sleep(0), forever())
    assert not await first_of(forever(), asyncio.sleep(0))


async def test_others_are_cancelled() -> None:
    """Nothing is left waiting."""
    before = asyncio.all_tasks()

    await first_of(forever(), asyncio.sleep(0), forever())
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before


async def test_loop_that_waits_so_ends_wherever_it_is_cancelled() -> None:
    """Cancelled while it ends the others, it does not take that for their end."""

    async def loop() -> None:
        while True:
            await first_of(asyncio.sleep(0), forever())

    assert await outlived(loop) == []


async def test_whoever_ends_another_ends_when_cancelled_meanwhile() -> None:
    """Also where the other one takes a while to end."""

    async def slow() -> None:
        try:
            await forever()
        finally:
            for _ in range(3):
                await asyncio.sleep(0)

    async def loop() -> None:
        while True:
            task = asyncio.create_task(slow())
            try:
                await asyncio.sleep(0)
            finally:
                await end_task(task)

    assert await outlived(loop) == []


async def test_what_broke_instead_of_ending_is_raised() -> None:
    """A defect is not lost with the task."""

    async def broken() -> None:
        raise ValueError("it broke")

    task = asyncio.create_task(broken())
    await asyncio.sleep(0)

    with pytest.raises(ValueError, match="it broke"):
        await end_task(task)


async def test_one_that_ended_before_is_done() -> None:
    """Ending it again is no fault."""
    task = asyncio.create_task(asyncio.sleep(0))
    await asyncio.wait([task])

    await end_task(task)
