"""What every carrier of hints promises."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from config.memory import MemoryHintBoard
from config.ports import Hints
from config.stored import HistoryEntry, StoredBody
from sanderling.kernel.clock import SystemClock
from sanderling.redis import RedisHints
from sanderling.store import FileHints, NotifyHints, SQLConfigStore, open_database
from support.records import START

_LONG_S = 20.0
_SHORT_S = 0.05


class Committing(FileHints):
    """Hints of a file, where the commit is the news: whoever publishes has made it."""

    async def publish(self, revision: int) -> None:
        """Commit the revision, then tell of it."""
        async with open_database(f"sqlite:///{self.path}") as database:
            entry = HistoryEntry(revision, START, "operator", "")
            await SQLConfigStore(database).append(StoredBody(revision), entry)
        await super().publish(revision)


@pytest.fixture(params=["memory", "sqlite", "postgres", "redis"])
async def pair(request: pytest.FixtureRequest) -> AsyncGenerator[tuple[Hints, Hints]]:
    """Yield two of each kind in turn that hear each other, as in two processes."""
    make = {"memory": _memory, "sqlite": _sqlite, "postgres": _postgres, "redis": _redis}
    async with AsyncExitStack() as stack:
        one, other = await make[request.param](request, stack)
        yield await stack.enter_async_context(one), await stack.enter_async_context(other)


async def _memory(_: pytest.FixtureRequest, __: AsyncExitStack) -> tuple[Hints, Hints]:
    board = MemoryHintBoard(SystemClock())
    return board.hints(), board.hints()


async def _sqlite(request: pytest.FixtureRequest, _: AsyncExitStack) -> tuple[Hints, Hints]:
    path = Path(request.getfixturevalue("sqlite_url").removeprefix("sqlite:///"))
    one, other = (Committing(path, clock=SystemClock(), jitter=lambda: 0.5) for _ in range(2))
    return one, other


async def _postgres(request: pytest.FixtureRequest, stack: AsyncExitStack) -> tuple[Hints, Hints]:
    database = await stack.enter_async_context(
        open_database(request.getfixturevalue("postgres_url"))
    )
    one, other = (
        NotifyHints(database, clock=SystemClock(), jitter=lambda: 0.5, token=token)
        for token in ("one", "other")
    )
    return one, other


async def _redis(request: pytest.FixtureRequest, _: AsyncExitStack) -> tuple[Hints, Hints]:
    url: str = request.getfixturevalue("redis").url
    one, other = (RedisHints(url, clock=SystemClock(), jitter=lambda: 0.5) for _ in range(2))
    return one, other


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
