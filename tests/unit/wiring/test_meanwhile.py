"""What goes on beside a block ends with it, in order."""

import asyncio

import pytest

from sanderling.wiring.meanwhile import meanwhile


async def test_it_goes_on_until_the_block_is_left_and_is_awaited_then() -> None:
    """On the way out its last steps are done before anything else goes on."""
    begun, steps = asyncio.Event(), list[str]()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("ended")

    async with meanwhile(work(), name="work"):
        await begun.wait()
        steps.append("inside")
    steps.append("after")

    assert steps == ["inside", "ended", "after"]


async def test_what_it_raises_is_not_lost() -> None:
    """A defect of it is told on the way out."""

    async def work() -> None:
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        async with meanwhile(work(), name="work"):
            await asyncio.sleep(0)
