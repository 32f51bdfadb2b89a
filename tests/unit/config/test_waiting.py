"""A change is told to everyone, and it can be awaited until it is in force everywhere."""

import asyncio

import pytest

from config.configuration import LIVE_WITHIN_S
from config.errors import ConfigRejected, RevisionNotInForce
from support.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """Return a configuration with nothing set anywhere."""
    return Desk()


async def test_everyone_is_told_that_a_revision_exists(desk: Desk) -> None:
    """A change sends a hint, and one that was refused does not."""
    async with desk.board.hints() as listener:
        await desk.set(LOG_LEVEL="DEBUG")
        assert await listener.wait_hint(timeout_s=1)

        with pytest.raises(ConfigRejected):
            await desk.set(LOG_LEVEL="LOUD")
        waiting = asyncio.create_task(listener.wait_hint(timeout_s=1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        desk.clock.advance(1)
        assert not await waiting


async def test_waiting_ends_when_every_live_process_has_it(desk: Desk) -> None:
    """Processes that are gone do not count; one that is behind does."""
    await desk.says("gone", 0, 0)
    desk.clock.advance(LIVE_WITHIN_S + 1)
    await desk.set(LOG_LEVEL="DEBUG")
    await desk.says("quick", 1, 1)
    await desk.says("slow", 0, 0)
    waiting = asyncio.create_task(desk.configuration.wait_in_force(1, timeout_s=10))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()

    await desk.says("slow", 1, 1)
    for _ in range(5):
        await asyncio.sleep(0)
        desk.clock.advance(0.1)

    assert [word.acknowledgement.process.id for word in await waiting] == ["quick", "slow"]


async def test_waiting_ends_at_once_when_a_process_refuses(desk: Desk) -> None:
    """Its reason is what the one who waits gets."""
    await desk.set(LOG_LEVEL="DEBUG")
    await desk.says("stubborn", 1, 0, "the disk is full")

    with pytest.raises(RevisionNotInForce, match=r"serve on host runs by 0: the disk is full"):
        await desk.configuration.wait_in_force(1, timeout_s=10)


async def test_an_older_refusal_is_no_reason_why_this_one_is_not_in_force(desk: Desk) -> None:
    """A process that is still at it says nothing of the new revision, and is not quoted."""
    await desk.set(LOG_LEVEL="DEBUG")
    await desk.set(LOG_LEVEL="ERROR")
    await desk.says("slow", 1, 0, "the disk is full")

    with pytest.raises(RevisionNotInForce, match="not done with 2 yet") as refused:
        await desk.configuration.wait_in_force(2, timeout_s=0)

    assert "the disk is full" not in refused.value.detail


async def test_waiting_ends_with_its_time(desk: Desk) -> None:
    """A process that does not move is named."""
    await desk.set(LOG_LEVEL="DEBUG")
    await desk.says("slow", 0, 0)
    waiting = asyncio.create_task(desk.configuration.wait_in_force(1, timeout_s=1))
    for _ in range(40):
        await asyncio.sleep(0)
        desk.clock.advance(0.05)

    with pytest.raises(RevisionNotInForce, match="runs by 0"):
        await waiting
