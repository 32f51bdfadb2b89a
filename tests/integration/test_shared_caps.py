"""Caps as a process opens them: alone, or together with others through a Redis."""

import pytest

from config.variables import Settings
from runner.fairness.concurrency import Concurrency
from runner.fairness.refusal import TurnedAway
from sanderling.fairness.cap import Shares
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.units import MIB
from sanderling.wiring.concurrency import (
    ConcurrencySubscriber,
    concurrency_of,
    open_turnstile,
    shares_of,
)
from support.redis import RedisServer
from support.targets import a_target

pytestmark = pytest.mark.slow


def together() -> int:
    """Count the processes of these tests."""
    return 2


def settings(**values: str) -> Settings:
    """Return settings with these values."""
    return Settings.model_validate(values)


def test_caps_are_those_of_the_settings() -> None:
    """Each variable is one number, and the room of the Local driver is its memory budget."""
    named = settings(
        FUNCTION_CONCURRENCY_IN_ALL="9",
        FUNCTION_CONCURRENCY_PER_WORKSPACE="4",
        FUNCTION_CONCURRENCY_SOFT_PER_WORKSPACE="2",
        FUNCTION_CONCURRENCY_QUEUE_LIMIT="7",
        FUNCTION_CONCURRENCY_QUEUE_WAIT_MS="1500",
        SANDBOX_MEMORY_BUDGET_MB="512",
    )

    assert concurrency_of(named) == Concurrency(9, 4, 2, 512 * MIB, 7, 1.5)
    assert shares_of(named) == Shares(9, 4, 2)
    assert concurrency_of(settings(SERVERLESS_TYPE="DISABLED")).memory_bytes == 0


def test_the_room_of_the_lambda_driver_is_its_places() -> None:
    """Without any cap, calls wait where they can be put in order, and not inside the driver."""
    named = settings(
        SERVERLESS_TYPE="LAMBDA",
        SERVERLESS_LAMBDA_REGION="eu-central-1",
        SERVERLESS_LAMBDA_ROLE="arn:aws:iam::1:role/functions",
        SERVERLESS_LAMBDA_CONCURRENCY="12",
    )

    assert (concurrency_of(named).places, concurrency_of(named).memory_bytes) == (12, 0)


async def test_a_cap_holds_over_processes_that_share_a_redis(redis: RedisServer) -> None:
    """What one turnstile lets in is counted by the other, and let out again for it."""
    redis.flush()
    named = settings(
        REDIS_URL=redis.url,
        FUNCTION_CONCURRENCY_IN_ALL="1",
        FUNCTION_CONCURRENCY_QUEUE_WAIT_MS="50",
    )
    clock, target = SystemClock(), a_target()
    async with (
        open_turnstile(named, clock, processes=together) as one,
        open_turnstile(named, clock, processes=together) as other,
    ):
        assert not one.enter_nowait(target)
        entered = await one.enter(target, lease_s=60)
        assert entered is not None
        assert not isinstance(entered, TurnedAway)
        refused = await other.enter(target, lease_s=60)
        assert isinstance(refused, TurnedAway)
        assert refused.kind == "saturated"

        await one.leave_with(target, entered)

        assert not isinstance(await other.enter(target, lease_s=60), TurnedAway)


async def test_caps_follow_the_settings() -> None:
    """A subscriber swaps the caps of a running process."""
    narrow, wide = settings(FUNCTION_CONCURRENCY_IN_ALL="1"), settings()
    async with open_turnstile(narrow, SystemClock(), processes=together) as turnstile:
        assert turnstile.enter_nowait(a_target())
        assert not turnstile.enter_nowait(a_target())

        (await ConcurrencySubscriber(turnstile).prepare(wide)).swap()

        assert turnstile.enter_nowait(a_target())
