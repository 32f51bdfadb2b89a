"""Waits until something is so, in tests with real servers and processes."""

import asyncio
from collections.abc import Awaitable, Callable

WITHIN_S = 30.0


async def until(is_so: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Return once `is_so`; looking often costs nothing beside the servers."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = is_so()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)
