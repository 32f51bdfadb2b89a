"""Waits until something is so, in tests with real servers and processes."""

import asyncio
from collections.abc import Awaitable, Callable

WITHIN_S = 30.0
_SELDOM_S = 0.05


async def until(
    is_so: Callable[[], bool] | Callable[[], Awaitable[bool]],
    *,
    within_s: float = WITHIN_S,
    every_s: float = 0.01,
) -> None:
    """Return once `is_so`; whoever waits for long looks less often, for the servers' sake."""
    async with asyncio.timeout(within_s):
        while True:
            found = is_so()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(every_s)
            every_s = max(every_s, min(1.1 * every_s, _SELDOM_S))
