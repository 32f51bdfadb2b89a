"""How many calls the settings let run at once, and what they are counted by."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from config.subscriber import Prepared
from config.variables import DriverType, Settings
from runner.fairness.concurrency import Concurrency
from runner.fairness.turnstile import Turnstile
from sanderling.fairness.cap import Shares
from sanderling.kernel.clock import Clock
from sanderling.kernel.units import MIB

if TYPE_CHECKING:
    from sanderling.redis import RedisSlots

_TOKEN_BYTES = 12


def concurrency_of(settings: Settings) -> Concurrency:
    """Return the caps that the settings name, and the room that their driver has."""
    is_local = settings.driver_type is DriverType.LOCAL
    is_lambda = settings.driver_type is DriverType.LAMBDA
    return Concurrency(
        in_all=settings.concurrency_in_all,
        per_workspace=settings.concurrency_per_workspace,
        soft=settings.concurrency_soft,
        memory_bytes=settings.sandbox_memory_budget_mb * MIB if is_local else 0,
        queue_limit=settings.concurrency_queue_limit,
        queue_wait_s=settings.concurrency_queue_wait_ms / 1000,
        places=settings.lambda_concurrency if is_lambda else 0,
    )


def shares_of(settings: Settings) -> Shares:
    """Return the caps on turns of queued executions: the same as on calls."""
    return Shares(
        in_all=settings.concurrency_in_all,
        per_workspace=settings.concurrency_per_workspace,
        soft=settings.concurrency_soft,
    )


def new_token() -> str:
    """Return a text that comes in no process twice."""
    return secrets.token_hex(_TOKEN_BYTES)


def shared_slots(url: str, clock: Clock, *, processes: Callable[[], int]) -> "RedisSlots":
    """Return slots that are counted on the Redis at `url`; `processes` share them.

    Raises:
        RedisURLRefused: it is not the URL of a Redis.

    """
    from sanderling.redis import (  # noqa: PLC0415 - its library is slow to load.
        RedisScript,
        RedisSlots,
        Sharing,
    )

    return RedisSlots(RedisScript(url, "slots", clock=clock), clock, Sharing(new_token, processes))


@asynccontextmanager
async def open_turnstile(
    settings: Settings, clock: Clock, *, processes: Callable[[], int]
) -> AsyncGenerator[Turnstile]:
    """Yield the turnstile; with a Redis, its caps hold over all `processes` that share it.

    Raises:
        RedisURLRefused: the URL of Redis is not one.

    """
    if settings.redis_url is None:
        yield Turnstile(concurrency_of(settings))
        return
    slots = shared_slots(settings.redis_url.get_secret_value(), clock, processes=processes)
    try:
        yield Turnstile(concurrency_of(settings), slots=slots, holder=new_token())
    finally:
        await slots.close()


async def _nothing() -> None:
    """Give nothing back: nothing was taken."""


class ConcurrencySubscriber:
    """Keeps to other caps; calls above a lower one end as they end."""

    name = "concurrency"

    def __init__(self, turnstile: Turnstile) -> None:
        """Tell the turnstile."""
        self._turnstile = turnstile

    def needs(self, settings: Settings) -> Concurrency:
        """Return the caps."""
        return concurrency_of(settings)

    async def prepare(self, settings: Settings) -> Prepared:
        """Make the new caps."""
        concurrency = concurrency_of(settings)
        return Prepared(lambda: self._turnstile.follow(concurrency), _nothing)
