"""Cancels what goes on and on, at each point of its way."""

import asyncio
from collections.abc import Callable, Coroutine

from sanderling.kernel.clock import VirtualClock

STEPS = 60
"""More turns of the event loop than one round of such a loop takes."""
_ENDS_WITHIN = 200


class RestlessClock(VirtualClock):
    """A clock on which nothing takes longer than one turn of the event loop."""

    async def wait_s(self, duration_s: float) -> None:
        """Let the others have their turn."""
        self.advance(duration_s)
        await asyncio.sleep(0)


async def outlived(make: Callable[[], Coroutine[object, object, None]]) -> list[int]:
    """Return after how many turns it was cancelled, and went on all the same."""
    found: list[int] = []
    for turns in range(STEPS):
        task = asyncio.create_task(make())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        for _ in range(_ENDS_WITHIN):
            await asyncio.sleep(0)
        if not task.done():
            found.append(turns)
            task.cancel()
        await asyncio.wait([task])
    return found
