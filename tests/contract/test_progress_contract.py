"""What everything that carries news of executions promises."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from runner.executions.progress import (
    BEGINNING,
    MOST_NEWS,
    Heard,
    MemoryProgress,
    News,
    NewsKind,
    Progress,
)
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import ExecutionId, SortableIds
from sanderling.redis import RedisProgress
from support.records import ODD_WORDS
from support.redis import RedisServer

RUNNING = News(NewsKind.STATUS, "running", 1)
TEXT = News(NewsKind.LOG, "\0 \N{SNOWMAN} \ud800\n", 2)
DONE = News(NewsKind.STATUS, "succeeded", 2)


@pytest.fixture(params=["memory", "redis"])
async def progress(request: pytest.FixtureRequest) -> AsyncGenerator[Progress]:
    """Yield one of each kind in turn."""
    if request.param == "memory":
        yield MemoryProgress(SystemClock())
        return
    server: RedisServer = request.getfixturevalue("redis_shared")
    async with RedisProgress(server.url, clock=SystemClock()) as opened:
        yield opened


@pytest.fixture
def execution_id() -> ExecutionId:
    """Return an id that nothing was told of."""
    return SortableIds(SystemClock()).execution()


def _news(heard: Sequence[Heard]) -> list[News]:
    return [each.news for each in heard]


async def test_news_are_heard_in_their_order(progress: Progress, execution_id: ExecutionId) -> None:
    """Who listens from the beginning hears everything, every character as it was told."""
    await progress.tell(execution_id, [RUNNING, TEXT])
    await progress.tell(execution_id, [DONE])

    heard = await progress.hear(execution_id, after=BEGINNING, wait_s=0)

    assert _news(heard) == [RUNNING, TEXT, DONE]


async def test_each_goes_on_from_its_place(progress: Progress, execution_id: ExecutionId) -> None:
    """Nothing is heard twice and nothing is left out, however it was heard before."""
    await progress.tell(execution_id, [RUNNING, TEXT])
    first = await progress.hear(execution_id, after=BEGINNING, wait_s=0)
    await progress.tell(execution_id, [DONE])

    assert _news(await progress.hear(execution_id, after=first[0].place, wait_s=0)) == [TEXT, DONE]
    assert _news(await progress.hear(execution_id, after=first[1].place, wait_s=0)) == [DONE]


async def test_who_waits_hears_what_comes(progress: Progress, execution_id: ExecutionId) -> None:
    """News reach everyone who waits at the moment they are told."""
    waiting = [
        asyncio.create_task(progress.hear(execution_id, after=BEGINNING, wait_s=30))
        for _ in range(3)
    ]
    await asyncio.sleep(0)

    await progress.tell(execution_id, [RUNNING])

    async with asyncio.timeout(20):
        assert [_news(heard) for heard in await asyncio.gather(*waiting)] == [[RUNNING]] * 3


async def test_silence_ends_by_its_time(progress: Progress, execution_id: ExecutionId) -> None:
    """Who hears nothing comes back with nothing."""
    async with asyncio.timeout(20):
        assert list(await progress.hear(execution_id, after=BEGINNING, wait_s=0.05)) == []


async def test_executions_do_not_meet(progress: Progress, execution_id: ExecutionId) -> None:
    """News of one are not heard by those who listen to another."""
    other = ExecutionId(f"{execution_id}X")
    await progress.tell(other, [RUNNING])

    assert list(await progress.hear(execution_id, after=BEGINNING, wait_s=0)) == []


@pytest.mark.parametrize("place", [*ODD_WORDS.values(), "-1", "5-"], ids=[*ODD_WORDS, "-1", "5-"])
async def test_an_odd_place_is_the_beginning(
    progress: Progress, execution_id: ExecutionId, place: str
) -> None:
    """Whatever a client sends as the place it had come to, it hears everything rather than fail."""
    await progress.tell(execution_id, [RUNNING])

    assert _news(await progress.hear(execution_id, after=place, wait_s=0)) == [RUNNING]


async def test_the_oldest_is_forgotten_first(progress: Progress, execution_id: ExecutionId) -> None:
    """One execution's news take no more than their share of memory."""
    many = [News(NewsKind.LOG, str(number)) for number in range(MOST_NEWS + 5)]
    await progress.tell(execution_id, many)

    heard = await progress.hear(execution_id, after=BEGINNING, wait_s=0)

    assert _news(heard) == many[5:]


async def test_a_redis_that_is_away_costs_only_the_news(execution_id: ExecutionId) -> None:
    """Nobody who tells or listens is held up or fails."""
    async with RedisProgress("redis://127.0.0.1:1/0", clock=SystemClock()) as progress:
        await progress.tell(execution_id, [RUNNING])

        assert list(await progress.hear(execution_id, after=BEGINNING, wait_s=0.01)) == []
