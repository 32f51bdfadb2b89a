"""The rate limits that settings name, and where they are counted."""

import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from config.variables import Settings
from drivers.port import Health, HealthState
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.api.services import HealthCheck
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Limiter
from sanderling.store import SQLConfigStore
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.live_processes import live_processes


def limit_policy(settings: Settings) -> LimitPolicy:
    """Return the rate limits that the settings name."""
    return LimitPolicy(
        api_short=RateLimit(settings.api_short_limit, settings.api_short_ttl_ms),
        api_long=RateLimit(settings.api_long_limit, settings.api_long_ttl_ms),
        function_default=RateLimit(
            settings.function_throttle_limit, settings.function_throttle_ttl_ms
        ),
        anonymous=RateLimit(settings.anonymous_limit, settings.anonymous_ttl_ms),
        anonymous_address=RateLimit(
            settings.anonymous_address_limit, settings.anonymous_address_ttl_ms
        ),
        workflow_soft=RateLimit(settings.workflow_soft_limit, settings.workflow_soft_ttl_ms),
        workflow_hard=RateLimit(settings.workflow_hard_limit, settings.workflow_hard_ttl_ms),
    )


def _alone() -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Counting:
    """By which numbers requests are counted, by what, and the parts whose health is told.

    `processes` tells how many processes count together.
    """

    policy: LimitPolicy
    limiter: Limiter
    readiness: Mapping[str, HealthCheck] = field(default_factory=dict[str, HealthCheck])
    processes: Callable[[], int] = _alone


@asynccontextmanager
async def open_counting(settings: Settings, foundation: Foundation) -> AsyncGenerator[Counting]:
    """Yield what counts: all processes together where there is a Redis, else this one alone.

    Raises:
        RedisURLRefused: the URL of Redis is not one.

    """
    policy, clock = limit_policy(settings), foundation.clock
    if settings.redis_url is None:
        yield Counting(policy, MemoryLimiter(clock))
        return
    from sanderling.redis import RedisLimiter  # noqa: PLC0415 - its library is slow to load.

    store = SQLConfigStore(foundation.database, clock)
    async with live_processes(store, clock) as processes:
        limiter = RedisLimiter(
            settings.redis_url.get_secret_value(),
            clock=clock,
            jitter=secrets.SystemRandom().random,
            processes=processes.count,
            answer_s=settings.limits_answer_timeout_ms / 1000,
        )

        async def check() -> Health:
            return _health(limiter.why_away, processes.count())

        async with limiter:
            yield Counting(policy, limiter, {"rate_limits": check}, processes.count)


def _health(why_away: str, processes: int) -> Health:
    if not why_away:
        return Health(HealthState.OK)
    reason = (
        f"Redis is away ({why_away}): each of {processes} processes admits its share of the "
        "rate limits."
    )
    return Health(HealthState.DEGRADED, (reason,))
