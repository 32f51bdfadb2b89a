"""Redis that breaks under turns and slots: nothing raises, nothing hangs, no cap is forgotten."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import pytest
from structlog.testing import capture_logs

from sanderling.fairness.cap import Shares
from sanderling.fairness.ports import CapReached, Slot
from sanderling.kernel.clock import VirtualClock
from sanderling.redis import RedisSlots, RedisTurns
from support.fairness import LEASE_S, NOISY, QUIET, a_cap, redis_slots, redis_turns
from support.redis import RedisServer
from support.waiting import until

pytestmark = pytest.mark.slow

_PROCESSES = 2


@pytest.fixture
def clock() -> VirtualClock:
    """Stand still until moved."""
    return VirtualClock()


@pytest.fixture
async def slots(redis: RedisServer, clock: VirtualClock) -> AsyncGenerator[RedisSlots]:
    """Yield slots that two processes share."""
    redis.flush()
    async with redis_slots(redis.url, clock, processes=_PROCESSES) as made:
        yield made


@pytest.fixture
async def turns(redis: RedisServer, clock: VirtualClock) -> AsyncGenerator[RedisTurns]:
    """Yield turns that two processes share, four in all."""
    redis.flush()
    shares = Shares(in_all=4)
    async with redis_turns(redis.url, clock, shares, processes=_PROCESSES) as made:
        yield made


@contextmanager
def _ended(server: RedisServer) -> Generator[None]:
    server.stop()
    yield
    server.start()


@pytest.fixture(params=["ended", "black hole"])
def away(
    request: pytest.FixtureRequest, redis: RedisServer
) -> Callable[[], AbstractContextManager[None]]:
    """Return what takes Redis away for the length of a block, in each way in turn."""
    if request.param == "ended":
        return lambda: _ended(redis)
    return redis.paused


async def test_slots_go_on_by_the_share_of_this_process(
    slots: RedisSlots, away: Callable[[], AbstractContextManager[None]]
) -> None:
    """Of a cap of four, one of two processes has two while Redis is away; what it held counts."""
    cap = a_cap(4)
    with capture_logs() as before:
        held = await slots.acquire([cap], holder="me", lease_s=LEASE_S)
    assert isinstance(held, Slot)

    with away(), capture_logs() as logs:
        second = await slots.acquire([cap], holder="me", lease_s=LEASE_S)
        assert isinstance(second, Slot)
        assert await slots.acquire([cap], holder="me", lease_s=LEASE_S) == CapReached(cap, 2)
        assert await slots.renew(held)
        await slots.release(held)
        assert isinstance(await slots.acquire([cap], holder="me", lease_s=LEASE_S), Slot)

    # Told once each time that it is lost; a busy machine may lose it for a moment even before.
    told = [line["event"] for line in (*before, *logs)]
    assert told == ["redis.lost", *["redis.found", "redis.lost"] * (len(told) // 2)]


async def test_a_cap_below_the_number_of_processes_is_one_for_each(
    slots: RedisSlots, redis: RedisServer
) -> None:
    """While Redis is away nobody is shut out by a share of nothing."""
    cap = a_cap(1)

    with _ended(redis):
        assert isinstance(await slots.acquire([cap], holder="me", lease_s=LEASE_S), Slot)
        assert await slots.acquire([cap], holder="me", lease_s=LEASE_S) == CapReached(cap, 1)


async def test_slots_are_counted_together_again(
    slots: RedisSlots, redis: RedisServer, clock: VirtualClock
) -> None:
    """Once Redis is back it is used, though it forgot its scripts; slots of both times end."""
    cap = a_cap(2)
    before = await slots.acquire([cap], holder="me", lease_s=LEASE_S)
    assert isinstance(before, Slot)
    redis.stop()
    assert isinstance(await slots.acquire([cap], holder="me", lease_s=LEASE_S), CapReached)
    await slots.release(before)
    during = await slots.acquire([cap], holder="me", lease_s=LEASE_S)
    assert isinstance(during, Slot)
    assert await slots.renew(during)
    redis.start()

    async with redis_slots(redis.url, clock) as other:

        async def is_counted_together() -> bool:
            slot = await slots.acquire([cap], holder="me", lease_s=LEASE_S)
            if isinstance(slot, CapReached):
                return False
            answers = [await other.acquire([cap], holder="you", lease_s=1) for _ in range(2)]
            await slots.release(slot)
            return [type(answer) for answer in answers] == [Slot, CapReached]

        await slots.release(during)
        await until(is_counted_together)


async def test_turns_go_on_fairly_by_the_share_of_this_process(
    turns: RedisTurns, away: Callable[[], AbstractContextManager[None]]
) -> None:
    """Of four turns one of two processes hands out two, in fair order, and takes them back."""
    with away():
        await turns.ready(NOISY)
        await turns.ready(QUIET)
        got = [await turns.take("me") for _ in range(3)]
        first, second, third = got
        assert first is not None
        assert second is not None
        assert third is None
        assert {first.workspace_id, second.workspace_id} == {NOISY, QUIET}
        assert await turns.renew(first)
        await turns.give_back(first, has_more=False)

    await turns.give_back(second, has_more=True)


async def test_a_turn_from_before_is_held_through_an_outage(
    turns: RedisTurns, redis: RedisServer
) -> None:
    """Whoever has a turn goes on, and gives it back without a fault."""
    await turns.ready(QUIET)
    turn = await turns.take("me")
    assert turn is not None

    with _ended(redis):
        assert await turns.renew(turn)
        await turns.give_back(turn, has_more=True)


async def test_turns_that_redis_forgot_are_lost_and_harm_nobody(
    turns: RedisTurns, redis: RedisServer, clock: VirtualClock
) -> None:
    """After a restart without its data, fences still grow and old turns end nobody else's."""
    await turns.ready(QUIET)
    old = await turns.take("me")
    assert old is not None
    clock.advance(0.001)
    redis.flush()
    await turns.ready(QUIET)
    new = await turns.take("me")
    assert new is not None

    assert not await turns.renew(old)
    await turns.give_back(old, has_more=False)

    assert new.fence > old.fence
    assert await turns.renew(new)
