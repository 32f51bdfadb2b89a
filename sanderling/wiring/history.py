"""How calls are kept, and for how long, as settings name it."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from config.subscriber import Prepared
from config.variables import Settings
from runner.keeping import Keeping, KeepingPolicy
from runner.retention import Retention, RetentionCadence, RetentionPolicy
from sanderling.kernel.clock import Clock


def keeping_policy(settings: Settings) -> KeepingPolicy:
    """Return what is kept of each call."""
    return KeepingPolicy(
        max_body_bytes=settings.history_max_body_bytes,
        are_logs_kept=settings.is_function_logging_enabled,
        rules=tuple(settings.history_redacted),
    )


def retention_policy(settings: Settings) -> RetentionPolicy:
    """Return how long calls are kept."""
    return RetentionPolicy(
        max_age_days=settings.history_max_age_days, max_count=settings.history_max_count
    )


class HistorySubscriber:
    """Keeps calls by other bounds and rules from the next one on, and for another time."""

    name = "call history"

    def __init__(self, keeping: Keeping, retention: Retention) -> None:
        """Tell both who decide it."""
        self._keeping = keeping
        self._retention = retention

    def needs(self, settings: Settings) -> object:
        """Return bounds, rules and times."""
        return (keeping_policy(settings), retention_policy(settings))

    async def prepare(self, settings: Settings) -> Prepared:
        """Make the new policies."""
        keeping, retention = keeping_policy(settings), retention_policy(settings)

        def swap() -> None:
            self._keeping.follow(keeping)
            self._retention.follow(retention)

        return Prepared(swap, _nothing)


async def _nothing() -> None:
    """Give nothing back: nothing was taken."""


@asynccontextmanager
async def sweeping(retention: Retention, clock: Clock) -> AsyncGenerator[None]:
    """Forget what is due, again and again, until the way out."""
    cadence = RetentionCadence(retention, clock, secrets.SystemRandom().random)
    task = asyncio.create_task(cadence.run(), name="retention")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
