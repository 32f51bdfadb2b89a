"""What every carrier of hints promises."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from config.memory import MemoryHintBoard
from config.ports import Hints
from sanderling.kernel.clock import SystemClock

_LONG_S = 20.0
_SHORT_S = 0.05


@pytest.fixture(params=["memory"])
async def pair(request: pytest.FixtureRequest) -> AsyncGenerator[tuple[Hints, Hints]]:
    """Yield two of each kind in turn that hear each other, as in two processes."""
    async with AsyncExitStack() as stack:
        board = MemoryHintBoard(SystemClock())
        yield (
            await stack.enter_async_context(board.hints()),
            await stack.enter_async_context(board.hints()),
        )


async def test_a_hint_is_heard_by_everyone(pair: tuple[Hints, Hints]) -> None:
    """Whoever waits is woken, and the one who spoke may be."""
    speaker, listener = pair
    waiting = asyncio.create_task(listener.wait_hint(timeout_s=_LONG_S))
    await asyncio.sleep(0)

    await speaker.publish(1)

    assert await waiting


async def test_a_hint_between_two_waits_is_kept(pair: tuple[Hints, Hints]) -> None:
    """Nothing is missed while the listener is busy with what it heard before."""
    speaker, listener = pair
    await speaker.publish(1)
    assert await listener.wait_hint(timeout_s=_LONG_S)

    await speaker.publish(2)

    assert await listener.wait_hint(timeout_s=_LONG_S)


async def test_without_a_hint_the_time_runs_out(pair: tuple[Hints, Hints]) -> None:
    """Silence is no fault, and it is not taken for a hint."""
    _, listener = pair

    assert not await listener.wait_hint(timeout_s=_SHORT_S)


async def test_a_wait_can_be_cancelled(pair: tuple[Hints, Hints]) -> None:
    """A process that ends does not wait for news, and the next wait works."""
    speaker, listener = pair
    waiting = asyncio.create_task(listener.wait_hint(timeout_s=_LONG_S))
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await speaker.publish(1)
    assert await listener.wait_hint(timeout_s=_LONG_S)


async def test_a_listener_says_that_it_listens(pair: tuple[Hints, Hints]) -> None:
    """While it is entered and its carrier is there, hints would be heard."""
    speaker, listener = pair

    assert speaker.is_connected
    assert listener.is_connected
