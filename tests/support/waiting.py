"""Waits until something is so, in tests with real servers."""

import asyncio
from collections.abc import Callable

WITHIN_S = 30.0


async def until(is_so: Callable[[], bool]) -> None:
    """Return once `is_so`; looking often costs nothing beside the servers."""
    async with asyncio.timeout(WITHIN_S):
        while not is_so():  # noqa: ASYNC110 - what changes is in other processes.
            await asyncio.sleep(0.01)
