"""Waits until something is so, in tests with real servers and processes."""

import asyncio
from collections.abc import Awaitable, Callable

WITHIN_S = 30.0


async def until(
    is_so: Callable[[], bool] | Callable[[], Awaitable[bool]],
    *,
    within_s: float = WITHIN_S,
    every_s: float = 0.01,
) -> None:
    """Return once `is_so`; looking often costs nothing beside the servers."""
    async with asyncio.timeout(within_s):
        while True:
            found = is_so()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(every_s)
