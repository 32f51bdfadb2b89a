"""Trying what settings lead to, with a real Redis."""

import pytest

from config.layers import Layers
from config.loader import build_snapshot
from config.trials import TrialName, TrialResult
from sanderling.kernel.clock import SystemClock
from sanderling.wiring.trials import build_trials
from support.redis import RedisServer


async def tried(url: str | None) -> TrialResult:
    """Return how trying this Redis went."""
    layers = Layers(environment={} if url is None else {"REDIS_URL": url})
    return await build_trials(SystemClock()).run(TrialName.REDIS, build_snapshot(layers).settings)


async def test_a_redis_that_answers_is_found(redis: RedisServer) -> None:
    """The result says so in a sentence, and how long it took."""
    result = await tried(redis.url)

    assert (result.is_ok, result.detail) == (True, "Redis answers.")
    assert result.duration_s > 0


async def test_a_wrong_password_is_a_result_without_it(redis: RedisServer) -> None:
    """What the server says of it is not passed on, nor is any part of the address."""
    result = await tried(redis.url.replace("quite-secret", "quite-wrong"))

    assert not result.is_ok
    assert "does not let us in" in result.detail
    assert "quite" not in result.detail
    assert "127.0.0.1" not in result.detail


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0"])
async def test_a_redis_that_is_not_there_is_a_result(url: str | None) -> None:
    """Neither a missing URL nor a dead server is a fault of ours."""
    result = await tried(url)

    assert not result.is_ok
    assert result.detail
