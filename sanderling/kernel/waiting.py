"""Waits for the first of several things, and for the end of what is ended.

Whoever is cancelled while it waits here is cancelled: the end of what it ends is never taken for
its own. A `suppress(CancelledError)` around an `await` of a cancelled task takes one for the other,
and a loop that waits so goes on after it was told to end.
"""

import asyncio
from collections.abc import Coroutine


async def first_of(*waits: Coroutine[object, object, object]) -> bool:
    """Return once one of them is done, and whether that one is the first that was named.

    The others are cancelled, and so are all with the caller. What a wait returns or raises is left
    out: it only says when to go on.
    """
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    return tasks[0] in done


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and return at its end; what it raised instead of ending is raised."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
